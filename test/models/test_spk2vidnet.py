# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spk2VidNet in the form of its paper: its size, its reach, and what its layers read."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.spk2vidnet import MomentPropagation, Spk2VidNet  # noqa: E402

SMALL = {'channels': 6, 'planes': 5, 'blocks': 1, 'groups': 2}


def woken(network):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            if not weight.any() and weight.ndim == 4:
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
    return network.eval()


def windows(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(count, 1, 5, 8, 10, generator=generator) < 0.4).float()


@torch.no_grad()
def last_features(network, stream):
    state = None
    for window in stream:
        _, state = network.estimates(window, state)
    return state


def test_it_has_about_the_published_size():
    count = sum(one.numel() for one in Spk2VidNet(scale=4).parameters())
    assert count == pytest.approx(3.73e6, rel=0.03)


@pytest.mark.parametrize(('neighbours', 'dilation'), [(1, 1), (2, 2), (3, 2)])
def test_the_second_layer_reaches_k_times_dilation_images_back(neighbours, dilation):
    network = woken(Spk2VidNet(**SMALL, neighbours=neighbours, dilation=dilation))
    stream = windows(2)
    state = last_features(network, stream)
    assert state[0].shape[1] == neighbours * 6
    assert state[1].shape[1] == neighbours * dilation * 6
    for place in range(neighbours * dilation):
        changed = state[1].clone()
        changed[:, 6 * place : 6 * place + 6] += 0.5
        with torch.no_grad():
            same = network(stream[0], state)[0]
            other = network(stream[0], (state[0], changed))[0]
        assert torch.equal(same, other) == bool((place + 1) % dilation)


def test_each_aligned_moment_is_modulated_by_itself_and_the_base():
    layer = woken(MomentPropagation(6, 2, 1, 2, 1))
    generator = torch.Generator().manual_seed(3)
    now, base, *earlier = torch.randn(4, 1, 6, 8, 8, generator=generator)
    read = []
    for one in layer.modulate:
        one.register_forward_hook(lambda _, given, out: read.append((given, out)))
    with torch.no_grad():
        aligned, _ = layer.align(now, tuple(earlier))
        layer(now, base, tuple(earlier))
    for features, ((given, context), _) in zip(aligned, read, strict=True):
        assert torch.equal(given, features)
        assert torch.equal(context, torch.cat([features, base], 1))


def test_hop_and_scale_are_declared():
    network = Spk2VidNet(**SMALL, hop=7, scale=2)
    assert (network.hop_planes, network.output_scale) == (7, 2)
    assert network(windows(1)[0])[0].shape == (1, 1, 16, 20)


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match='1 or above'):
        Spk2VidNet(**SMALL, neighbours=0)
    with pytest.raises(ValueError, match='multiple of groups'):
        Spk2VidNet(**{**SMALL, 'groups': 4})
