# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The terms of the loss against what they must be."""

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: there are no losses')

from spike_recon_training.losses import (  # noqa: E402
    GREATEST_GAIN,
    Loss,
    LossWeights,
    change_difference,
    contrast_difference,
    exposure_gain,
    gradient_difference,
    log_mean_square,
    ssim,
    structure_difference,
)


def video(windows=3, batch=2, height=24, width=20, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((windows, batch, 1, height, width), generator=generator)


def test_same_video_has_no_loss():
    weights = LossWeights(l1=1, ssim=1, structure=1, gradient=1, temporal=1, contrast=1)
    seen = video(height=48, width=44)
    total, terms = Loss(weights)(seen, seen.clone())
    assert set(terms) == {'l1', 'ssim', 'structure', 'gradient', 'temporal', 'contrast'}
    assert total == pytest.approx(0, abs=1e-5)


def test_sum_is_weighted_and_terms_are_not():
    loss = Loss(LossWeights(l1=2.0, ssim=0.0, gradient=0.0, temporal=3.0))
    total, terms = loss(video(), video(seed=1))
    assert set(terms) == {'l1', 'temporal'}
    assert total == pytest.approx(float(2 * terms['l1'] + 3 * terms['temporal']), rel=1e-5)


def test_ssim_equals_one_computed_with_opencv_blurs():
    """The formula once more, with another library's gaussian window."""
    one, two = (video(1, 1, 40, 50, seed)[0, 0, 0].numpy().astype(np.float64) for seed in (0, 1))
    two = 0.5 * one + 0.5 * two

    def smooth(image):
        return cv2.GaussianBlur(image, (11, 11), 1.5)[5:-5, 5:-5]

    m1, m2 = smooth(one), smooth(two)
    v1, v2, cov = smooth(one**2) - m1**2, smooth(two**2) - m2**2, smooth(one * two) - m1 * m2
    likeness = (2 * m1 * m2 + 1e-4) / (m1**2 + m2**2 + 1e-4)
    expected = (likeness * (2 * cov + 9e-4) / (v1 + v2 + 9e-4)).mean()
    found = ssim(*(torch.from_numpy(image).float()[None, None] for image in (one, two)))
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_a_tiny_image_is_refused():
    with pytest.raises(ValueError, match='11 pixels'):
        ssim(torch.zeros(1, 1, 10, 30), torch.zeros(1, 1, 10, 30))


def test_structure_ignores_brightness_and_fine_noise_but_not_parts_that_should_be_equal():
    truth = torch.zeros(1, 1, 64, 64)
    truth[..., 8:24, 8:24] = truth[..., 8:24, 40:56] = 0.6
    uneven = truth.clone()
    uneven[..., 8:24, 40:56] = 0.2
    checkers = 0.1 * (torch.arange(64) % 2 - 0.5).expand_as(truth)
    assert structure_difference(truth + 0.3, truth) == pytest.approx(0, abs=1e-5)
    assert structure_difference(truth + checkers, truth) == pytest.approx(0, abs=1e-5)
    assert structure_difference(uneven, truth) > 0.05


def test_structure_sees_a_blotch_as_wide_as_an_image_of_its_largest_window():
    truth = torch.full((1, 1, 88, 88), 0.5)
    truth[..., ::2] = 0.9
    across = torch.linspace(-1, 1, 88)
    blotch = 0.3 * torch.exp(-4 * (across**2 + across[:, None] ** 2))
    wide = structure_difference(truth - blotch, truth)
    narrow = structure_difference((truth - blotch)[..., :87, :87], truth[..., :87, :87])
    assert wide > narrow > 0


def test_structure_of_a_small_image_is_refused():
    with pytest.raises(ValueError, match='11 pixels'):
        structure_difference(torch.zeros(1, 1, 21, 80), torch.zeros(1, 1, 21, 80))


def test_gradient_ignores_brightness_and_sees_edges():
    image = video()[0]
    assert gradient_difference(image, image - 0.3) == pytest.approx(0, abs=1e-6)
    assert gradient_difference(image, image.flip(-1)) > 0.1


def test_change_counts_flicker_but_no_constant_error():
    truth = torch.full((4, 1, 1, 16, 16), 0.5)
    steady, flickering = truth + 0.2, truth.clone()
    flickering[1::2] += 0.2
    assert change_difference(steady, truth) == pytest.approx(0, abs=1e-6)
    assert change_difference(flickering, truth) == pytest.approx(0.2, abs=1e-6)


def test_change_includes_the_step_between_segments():
    truth = torch.zeros(4, 1, 1, 16, 16)
    jumping = truth.clone()
    jumping[2:] = 1.0
    before = jumping[1], truth[1]
    assert change_difference(jumping[2:], truth[2:]) == 0
    assert change_difference(jumping[2:], truth[2:], before) == pytest.approx(0.5)


def test_contrast_is_the_difference_of_deviations():
    image = video()[0]
    assert contrast_difference(image, 0.5 * image) == pytest.approx(
        float(0.5 * image.flatten(1).std(1, correction=0).mean()), rel=1e-4
    )


def test_loss_is_float32_below_autocast():
    with torch.autocast('cpu', dtype=torch.bfloat16):
        total, _ = Loss(LossWeights())(video().bfloat16(), video(seed=1))
    assert total.dtype == torch.float32


def test_gradients_flow_and_are_finite():
    made = video().clamp(0, 0).requires_grad_()
    Loss(LossWeights(contrast=0.1))(made, torch.zeros_like(made) + 0.5)[0].backward()
    assert made.grad is not None
    assert torch.isfinite(made.grad).all()
    assert made.grad.any()


def test_a_relative_improvement_counts_the_same_for_clean_and_noisy_sequences():
    truth = video(batch=2)
    error = torch.tensor([0.2, 0.02])[:, None, None, None] * (video(batch=2, seed=1) - 0.5)
    losses = []
    for better in ([1.0, 1.0], [0.9, 1.0], [1.0, 0.9]):
        less = torch.tensor(better)[:, None, None, None]
        losses.append(float(log_mean_square(truth + less * error, truth)))
    assert losses[0] - losses[1] == pytest.approx(-np.log(0.9), rel=1e-2)
    assert losses[0] - losses[2] == pytest.approx(-np.log(0.9), rel=0.05)  # nearer to the least


def test_dark_sequences_count_as_much_as_bright_ones_up_to_the_largest_gain():
    loss = Loss(LossWeights(l1=1, ssim=0, gradient=0, temporal=1, exposure=0.4))
    seen, truth = video(), video(seed=1)
    before = video(1, seed=2)[0], video(1, seed=3)[0]
    bright = loss(seen, truth, before)[1]
    for factor in (0.5, 0.2):
        dark = loss(factor * seen, factor * truth, tuple(factor * one for one in before))[1]
        assert {name: float(term) for name, term in dark.items()} == pytest.approx(
            {name: float(term) for name, term in bright.items()}, rel=1e-4
        )
    gains = exposure_gain(torch.tensor([0.2, 0.8, 0.0])[None, :, None, None, None], 0.4)
    assert gains.flatten().tolist() == pytest.approx([2.0, 0.5, GREATEST_GAIN])


def test_changes_of_a_single_window_have_a_gradient_of_zero():
    seen = video(1).requires_grad_()
    loss, _ = Loss(LossWeights(l1=0, ssim=0, gradient=0, temporal=1))(seen, video(1, seed=1))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not seen.grad.any()


def test_the_logarithm_of_no_error_is_finite():
    seen = video().requires_grad_()
    loss, terms = Loss(LossWeights(l1=0, ssim=0, gradient=0, temporal=0, log_mse=1))(seen, video())
    loss.backward()
    assert set(terms) == {'log_mse'}
    assert torch.isfinite(loss)
    assert torch.isfinite(seen.grad).all()
