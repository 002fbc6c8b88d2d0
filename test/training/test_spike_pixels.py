# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike camera of training against physics."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_ros.representations.registry import representation_for  # noqa: E402
from spike_recon_training.simulation.blur import blurred  # noqa: E402
from spike_recon_training.simulation.moving_layers import WorldModel  # noqa: E402
from spike_recon_training.simulation.spike_pixels import (  # noqa: E402
    SpikePixels,
    SpikeSensorRanges,
)
from spike_recon_training.simulation.spike_sequences import (  # noqa: E402
    SpikeSequenceModel,
    SpikeSequences,
)

HEIGHT, WIDTH = 16, 24
PERFECT = SpikeSensorRanges(
    light_scale=(1.0, 1.0),
    aperture_px=(1e-9, 1e-9),
    gain_spread=(1e-9, 1e-9),
    dark_rate=(1e-9, 1e-9),
    low_light_share=0.0,
)
STACK = {'kind': 'spike_stack', 'planes': 41, 'lookahead_planes': 20}


def pixels(ranges=PERFECT, seed=0):
    return SpikePixels(ranges, 2, HEIGHT, WIDTH, torch.Generator().manual_seed(seed))


def still(rate, planes):
    return torch.full((2, planes, HEIGHT, WIDTH), rate)


def intervals(spikes):
    """Return the intervals of each pixel, one array a pixel."""
    return [np.diff(np.flatnonzero(one)) for one in spikes.permute(0, 2, 3, 1).flatten(0, 2)]


def test_intervals_of_a_still_pixel_are_the_two_whole_numbers_next_to_their_mean():
    found = np.concatenate(intervals(pixels().planes(still(0.366, 400))))
    assert set(found) == {2, 3}
    assert found.mean() == pytest.approx(1 / 0.366, rel=5e-3)


def test_a_long_interval_follows_a_short_one_as_in_real_cameras():
    # Measured on real daylight clips: -.40.
    each = [one - one.mean() for one in intervals(pixels().planes(still(0.366, 400)))]
    pairs = np.concatenate([np.stack([one[:-1], one[1:]]) for one in each], 1)
    assert np.corrcoef(pairs)[0, 1] == pytest.approx(-0.4, abs=0.08)


def test_photons_that_come_one_by_one_scatter_the_intervals():
    ranges = SpikeSensorRanges(
        light_scale=(1.0, 1.0),
        gain_spread=(1e-9, 1e-9),
        dark_rate=(1e-9, 1e-9),
        low_light_share=0.999999,
        low_light=(1.0, 1.0),
        photons_per_spike=(10.0, 10.0),
    )
    found = np.concatenate(intervals(pixels(ranges).planes(still(0.366, 400))))
    assert np.isin(found, (2, 3)).mean() < 0.95
    assert found.mean() == pytest.approx(1 / 0.366, rel=0.02)


def test_charge_carries_over_from_call_to_call():
    light = torch.rand(2, 60, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    whole, parts = pixels(), pixels()
    cut = torch.cat([parts.planes(part) for part in light.split((7, 1, 52), 1)], 1)
    assert (whole.planes(light) != cut).float().mean() < 1e-4  # but for rounding of the sum


def test_light_beyond_one_spike_a_plane_is_lost():
    camera = pixels()
    assert camera.planes(still(5.0, 10))[:, 1:].all()
    assert not camera.planes(still(0.0, 10)).any()


def test_pixels_differ_by_gain_and_dark_rate():
    ranges = SpikeSensorRanges(gain_spread=(0.05, 0.05), dark_rate=(0.004, 0.004))
    rates = pixels(ranges).planes(still(0.5, 3000)).float().mean(1)
    spread = (rates / rates.mean((1, 2), keepdim=True)).std()
    assert float(spread) == pytest.approx(0.05, abs=0.01)
    dark = pixels(ranges).planes(still(0.0, 20_000)).float().mean()
    assert float(dark) == pytest.approx(0.004, rel=0.1)


def sequences(photographs, seed=3, sensor=PERFECT, other_instants=(), **change):
    model = SpikeSequenceModel(
        sensor=sensor, world=WorldModel(lighting_share=0.0), **{'planes': (20, 20), **change}
    )
    return SpikeSequences(
        photographs,
        model,
        2,
        32,
        48,
        representation=lambda width, height: representation_for(STACK, width, height),
        other_instants=other_instants,
        seed=seed,
    )


def test_the_truth_of_a_still_scene_is_the_rate_of_its_planes(photographs):
    made = sequences(photographs, motion_px=(1e-6, 1e-6))
    tensors, truths, _ = made.next(5)
    assert tensors.shape == (5, 2, 41, 32, 48)
    assert truths.shape == (5, 2, 1, 32, 48)
    error = (tensors[3:].mean(2, keepdim=True) - truths[3:]).abs()
    assert float(error.max()) <= 1.01 / 41  # a count is off by less than one spike


def test_sequences_may_begin_before_their_instants_have_been_seen(photographs):
    usual, early = (
        sequences(photographs, motion_px=(1e-6, 1e-6), early_share=share).next(4)
        for share in (0.0, 1.0)
    )
    seen = [int((tensors[0, 0].amax((1, 2)) > 0).sum()) for tensors, *_ in (usual, early)]
    assert seen[0] == 40  # as many as are looked ahead, and those of the first window
    assert 20 <= seen[1] < 40
    for tensors, truths, _ in (usual, early):
        assert float((tensors[-1].mean(1, keepdim=True) - truths[-1]).abs().max()) <= 1.01 / 41
    # The first instant of the early one lies before its first plane; it has an image all the same.
    torch.testing.assert_close(early[1][0], early[1][-1], atol=1e-4, rtol=0)


def test_the_aperture_blurs_the_light_and_not_the_truth(photographs):
    wide = replace(PERFECT, aperture_px=(0.8, 0.8))
    sharp, soft = (
        sequences(photographs, sensor=sensor, motion_px=(1e-6, 1e-6)).next(4)
        for sensor in (PERFECT, wide)
    )
    assert torch.equal(sharp[1], soft[1])
    expected = blurred(soft[1][-1], torch.full((2,), 0.8))
    error = (soft[0][-1].mean(1, keepdim=True) - expected).abs()
    assert float(error.max()) <= 1.01 / 41
    assert float((sharp[0][-1].mean(1, keepdim=True) - expected).abs().max()) > 2 / 41


def test_the_truth_holds_the_dark_rate_as_the_planes_do(photographs):
    dark = replace(PERFECT, dark_rate=(0.1, 0.1), dark_spread=0.0)
    light, measured = (
        sequences(photographs, sensor=sensor, motion_px=(1e-6, 1e-6)).next(4)
        for sensor in (PERFECT, dark)
    )
    torch.testing.assert_close(measured[1], (light[1] + 0.1).clamp(max=1))
    error = (measured[0][-1].mean(1, keepdim=True) - measured[1][-1]).abs()
    assert float(error.max()) <= 1.01 / 41


def test_blur_of_an_image_is_that_of_opencv():
    images = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    found = blurred(images, torch.tensor([1.4, 0.4]))
    for image, made, sigma in zip(images, found, (1.4, 0.4), strict=True):
        for channel, soft in zip(image.numpy(), made.numpy(), strict=True):
            expected = cv2.GaussianBlur(channel, (9, 9), sigma, borderType=cv2.BORDER_REFLECT_101)
            np.testing.assert_allclose(soft, expected, atol=1e-5)


def test_the_truth_of_a_moving_scene_is_that_of_the_instant(photographs):
    made = sequences(photographs, motion_px=(8.0, 8.0))
    tensors, truths, _ = made.next(8)
    middle, truths = (
        torch.nn.functional.avg_pool2d(video.flatten(0, 1), 4).unflatten(0, (8, 2))
        for video in (tensors[:, :, 16:25].mean(2, keepdim=True), truths)
    )
    errors = [
        float((middle[3:-1] - truths[3 + late : len(truths) - 1 + late]).square().mean())
        for late in (-1, 0, 1)
    ]
    assert errors[1] < 0.7 * min(errors[0], errors[2])


def test_the_same_seed_gives_the_same_sequences(photographs):
    first, second = (sequences(photographs).next(2) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first[:2], second[:2], strict=True))
    assert not torch.equal(first[0], sequences(photographs, seed=4).next(2)[0])


def test_a_truth_of_four_times_the_size_averages_to_the_light_on_the_pixels(photographs):
    model = SpikeSequenceModel(sensor=PERFECT, motion_px=(1e-6, 1e-6), planes=(20, 20))
    made = SpikeSequences(
        photographs,
        model,
        2,
        16,
        24,
        representation=lambda width, height: representation_for(STACK, width, height),
        scale=4,
        seed=3,
    )
    tensors, truths, _ = made.next(4)
    assert truths.shape == (4, 2, 1, 64, 96)
    shrunk = torch.nn.functional.avg_pool2d(truths[-1], 4)
    assert float((tensors[-1].mean(1, keepdim=True) - shrunk).abs().max()) <= 1.01 / 41


def test_the_truth_of_another_instant_is_that_of_a_window_there(photographs):
    _, truths, others = sequences(
        photographs, planes=(7, 7), motion_px=(5, 5), other_instants=(-14, 7)
    ).next(6)
    torch.testing.assert_close(others[7][:-1], truths[1:])
    torch.testing.assert_close(others[-14][2:], truths[:-2])
    assert not torch.allclose(truths[1:], truths[:-1], atol=1e-3)  # the scene does move
