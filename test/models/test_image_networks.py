# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The published networks for colour and in-between frames have the published form."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed')

from spike_recon_models.networks.registry import make_network  # noqa: E402


def test_grey_to_rgb_has_the_published_channels():
    network = make_network('grey_to_rgb')
    convolutions = [one for one in network.layers if hasattr(one, 'in_channels')]
    channels = [one.in_channels for one in convolutions] + [convolutions[-1].out_channels]
    assert channels == [1, 4, 8, 16, 32, 16, 8, 4, 3]
    assert [type(one).__name__ for one in convolutions] == ['Conv2d'] * 4 + ['ConvTranspose2d'] * 4
    assert [type(one).__name__ for one in network.layers].count('BatchNorm2d') == 7
    assert isinstance(network.layers[-1], torch.nn.Sigmoid)


def test_grey_to_rgb_keeps_the_size_and_sees_17_pixels():
    network = make_network('grey_to_rgb').eval()
    grey = torch.rand(1, 1, 41, 43, requires_grad=True)
    colours, state = network(grey)
    assert colours.shape == (1, 3, 41, 43)
    assert state == ()
    colours[0, :, 20, 20].sum().backward()
    seen = grey.grad[0, 0].nonzero()
    assert (seen - 20).abs().max() <= 8


def test_untrained_interpolation_is_the_blend():
    frames = torch.rand(2, 2, 12, 16)
    for alpha in (0.5, 0.25):
        between, _ = make_network('frame_interpolation', alpha=alpha)(frames)
        torch.testing.assert_close(
            between[:, 0], (1 - alpha) * frames[:, 0] + alpha * frames[:, 1]
        )


def test_interpolation_carries_its_state_from_frame_to_frame():
    network = make_network('frame_interpolation', hidden=[4, 4])
    torch.nn.init.normal_(network.draw.weight, generator=torch.Generator().manual_seed(1))
    frames = torch.rand(1, 2, 12, 16)
    with torch.no_grad():
        first, state = network(frames)
        second, _ = network(frames, state)
        again, _ = network(frames)
    assert len(state) == len(network.state_specs) == 4
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_the_published_single_channels_are_possible():
    network = make_network('frame_interpolation', hidden=[1, 1, 1])
    assert sum(one.numel() for one in network.cells.parameters()) == 3 * (2 * 4 * 9 + 4)
