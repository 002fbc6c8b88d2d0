# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The network for spike cameras starts from its input, aligns, remembers and stays bounded."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from torch.nn import functional  # noqa: E402

from spike_recon_models.networks.feature_alignment import JointAlignment  # noqa: E402
from spike_recon_models.networks.spk2vid import BOUND, Spk2Vid  # noqa: E402
from spike_recon_training.recipe import find_recipe, read_recipe  # noqa: E402

SMALL = {'channels': 6, 'bins': 15}
MOVED = {'channels': 6, 'bins': 18, 'motion': True}
"""The optical flow is known."""
WIDER = {'channels': 12, 'bins': 15, 'views': 2}
"""Enough channels for super-resolution."""


def tensors(steps, seed=0, bins=15):
    generator = torch.Generator().manual_seed(seed)
    return 0.1 + 0.8 * torch.rand(steps, 2, bins, 16, 24, generator=generator)


def woken(network):
    """Return the network with no weights that are zero, as after training."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            if not weight.any() and weight.ndim == 4:
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
    return network


def test_before_training_it_outputs_the_rate_in_the_input():
    (x,) = tensors(1)
    image, _ = Spk2Vid(**SMALL)(x)
    torch.testing.assert_close(image, x[:, :1])


def test_with_raw_planes_it_starts_from_zero():
    image, _ = Spk2Vid(channels=6, bins=15, base=None)(tensors(1)[0])
    assert not image.any()


def test_added_views_change_nothing_before_they_are_trained():
    old, new = woken(Spk2Vid(**SMALL)), Spk2Vid(**SMALL, views=3)
    fit = new.load_state_dict(old.state_dict(), strict=False)
    assert {name.split('.')[0] for name in fit.missing_keys} == {'views'}
    (x,) = tensors(1)
    torch.testing.assert_close(new(x)[0], old(x)[0])
    assert not torch.equal(woken(new)(x)[0], old(x)[0])


def test_an_added_gate_changes_nothing_before_it_is_trained_and_can_keep_the_rate():
    old, new = woken(Spk2Vid(**MOVED)), Spk2Vid(**MOVED, gate=True)
    fit = new.load_state_dict(old.state_dict(), strict=False)
    assert {name.split('.')[0] for name in fit.missing_keys} == {'gate'}
    (x,) = tensors(1, bins=18)
    torch.testing.assert_close(new(x)[0], old(x)[0])
    assert not torch.allclose(new(x)[0], x[:, :1], atol=1e-4)
    torch.nn.init.constant_(new.gate.factor.bias, -50.0)
    torch.testing.assert_close(new(x)[0], x[:, :1])


def test_the_image_can_keep_the_light_that_was_measured_and_its_own_detail():
    biased, keeping = (woken(Spk2Vid(**SMALL, measured_light=on)) for on in (False, True))
    keeping.load_state_dict(biased.state_dict())
    x = torch.cat([tensors(1)[0]] * 6, 3).repeat(1, 1, 6, 1)  # some regions wide
    with torch.no_grad():
        biased.head.bias += 0.05
        keeping.head.bias += 0.05
        shifted, state = biased(x)
        image, same = keeping(x)
    torch.testing.assert_close(same, state)
    lost = functional.avg_pool2d(x[:, :1] - shifted, 32)
    assert float(lost.abs().mean()) > 0.02
    kept = functional.avg_pool2d(x[:, :1] - image, 32)
    assert float(kept.abs().max()) < 0.2 * float(lost.abs().mean())
    slow = functional.avg_pool2d(image - shifted, 4)
    assert float(slow.diff(dim=3).abs().max()) < 0.1 * float(shifted.diff(dim=3).abs().max())


def test_light_is_measured_in_the_channel_base_alone():
    with pytest.raises(ValueError, match='channel base'):
        Spk2Vid(**SMALL, base=None, measured_light=True)


def test_the_second_layer_reads_features_of_four_images_ago():
    network, windows = woken(Spk2Vid(**SMALL)), tensors(6)
    other = windows.clone()
    other[0] = tensors(1, seed=9)[0]
    with torch.no_grad():
        images = []
        for video in (windows, other):
            state = None
            for x in video:
                image, state = network(x, state)
            images.append(image)
    assert not torch.equal(*images)


def test_the_state_stays_bounded_for_any_input():
    network, state = woken(Spk2Vid(**SMALL)), None
    with torch.no_grad():
        for layer in (network.first, network.second):
            layer.join.weight *= 100
        for x in 1000 * tensors(200):
            image, state = network(x, state)
    assert all(float(part.abs().max()) <= BOUND for part in state[:2])
    assert float(state[2].max()) <= 1
    assert torch.isfinite(image).all()


@pytest.mark.parametrize('scale', [2, 4])
def test_super_resolution_starts_as_the_bicubic_enlargement_of_the_native_image(scale):
    native = woken(Spk2Vid(**WIDER))
    enlarged = Spk2Vid(**WIDER, scale=scale)
    fit = enlarged.load_state_dict(native.state_dict(), strict=False)
    assert {name.split('.')[0] for name in fit.missing_keys} == {'enlarge'}
    states = None, None
    for x in tensors(3):
        with torch.no_grad():
            small, *before = native(x, states[0])
            large, *after = enlarged(x, states[1])
        states = before[0], after[0]
        bicubic = functional.interpolate(small, scale_factor=scale, mode='bicubic')
        torch.testing.assert_close(large, bicubic.clamp(0, 1))
        torch.testing.assert_close(states[1], states[0])


def test_super_resolution_draws_detail_without_changing_the_state():
    network = woken(Spk2Vid(**WIDER, scale=4))
    (x,) = tensors(1)
    image, state = network(x)
    with torch.no_grad():
        network.enlarge.draw.weight.zero_()
    smooth, same = network(x)
    assert image.shape == (2, 1, 64, 96)
    assert not torch.equal(image, smooth)
    torch.testing.assert_close(state, same)


def test_light_between_the_pixels_starts_without_effect_and_reaches_the_large_image_alone():
    before = woken(Spk2Vid(**WIDER, scale=2))
    network = Spk2Vid(**(WIDER | {'bins': WIDER['bins'] + 2 * 2**2}), scale=2, phases=True)
    fit = network.load_state_dict(before.state_dict(), strict=False)
    assert fit.missing_keys == ['enlarge.between.weight']
    (x,) = tensors(1, bins=network.bins)
    rates = x[:, : WIDER['bins']]
    torch.testing.assert_close(network(x)[0], before(rates)[0])
    image, state = woken(network)(x)
    assert not torch.equal(image, before(rates)[0])
    torch.testing.assert_close(state, before(rates)[1])


def test_light_between_the_pixels_is_for_super_resolution_alone():
    with pytest.raises(ValueError, match='scale above 1'):
        Spk2Vid(**WIDER, phases=True)


@pytest.mark.parametrize('arguments', [SMALL, MOVED], ids=['motion found', 'motion known'])
def test_gradients_reach_every_parameter(arguments):
    network, state, total = woken(Spk2Vid(**arguments, taps=3, views=2)), None, 0.0
    for x in tensors(5, bins=network.bins):
        image, state = network(x, state)
        total = total + image.square().mean()
    total.backward()
    assert not [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]


def test_the_default_needs_about_2_gmac_at_250x400():
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    recipe = read_recipe(find_recipe('spk2vid'))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network = Spk2Vid(**recipe.network.arguments)
        network(torch.zeros(1, network.bins, 252, 400))
    assert counter.get_total_flops() / 2 <= 2.05e9


def test_the_flow_channels_are_not_treated_as_light():
    network = woken(Spk2Vid(**MOVED, views=2))
    (x,) = tensors(1, bins=18)
    moved = x.clone()
    moved[:, -2:] = 5.0
    # Of the first image nothing was seen before, so it matters to none.
    torch.testing.assert_close(network(moved)[0], network(x)[0])


def test_alignment_starts_from_the_known_flow():
    """Before training, a scene with known flow gives the images of a still scene."""
    network = Spk2Vid(**MOVED, views=2)
    for part in (network.first, network.second):
        torch.nn.init.normal_(part.join.weight, std=0.2)
    torch.nn.init.normal_(network.head.weight, std=0.2)
    still = tensors(1, bins=18)[0].repeat(1, 1, 4, 6)
    still[:, -2:] = 0.0
    images = []
    for step in (0, 8):
        state, inside = None, []
        for number in range(6):
            x = still.roll(step * number, -1)
            x[:, -2] = -step
            with torch.no_grad():
                image, state = network(x, state)
            inside.append(image.roll(-step * number, -1)[..., 16:-16, 64:-64])
        images.append(inside[-1])
    torch.testing.assert_close(images[1], images[0], atol=1e-4, rtol=0)


def aligned_by(offset_x, offset_y, features, taps=1):
    """Return the features aligned by the same offsets everywhere."""
    layer = JointAlignment(6, taps=taps)
    with torch.no_grad():
        for one in (layer.offsets, layer.correct):
            one.weight.zero_()
            one.bias.zero_()
        layer.offsets.bias.copy_(
            torch.tensor([offset_x, offset_y] * (len(layer.offsets.bias) // 2))
        )
        now = torch.zeros_like(features)
        return layer, layer(now, (features, features))[0]


def test_an_offset_is_in_pixels_towards_the_source():
    features = torch.randn(1, 6, 8, 12, generator=torch.Generator().manual_seed(2))
    _, (moved, _) = aligned_by(2.0, -1.0, features)
    torch.testing.assert_close(moved[:, :, 1:, :-2], features[:, :, :-1, 2:], atol=1e-5, rtol=0)


def test_nine_taps_without_offsets_are_a_convolution():
    features = torch.randn(1, 6, 8, 12, generator=torch.Generator().manual_seed(2))
    layer, (moved, _) = aligned_by(0.0, 0.0, features, taps=3)
    kernel = layer.kernel.weight.view(6, 9, 6).permute(0, 2, 1).reshape(6, 6, 3, 3)
    bordered = functional.pad(features, (1, 1, 1, 1), 'replicate')
    expected = functional.conv2d(bordered, kernel, layer.kernel.bias)
    torch.testing.assert_close(moved, expected, atol=1e-5, rtol=1e-4)
