# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""SwinSF keeps left, middle and right apart, and opposite borders too."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.swin_block import (  # noqa: E402
    SwinBlock,
    into_windows,
    out_of_windows,
)
from spike_recon_models.networks.swinsf import SwinSf  # noqa: E402


def spikes(seed=0, height=20, width=40):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(1, 41, height, width, generator=generator) < 0.4).float()


@pytest.fixture(scope='module', params=[1, 4], ids=['pixels', 'patches'])
def network(request):
    return SwinSf(channels=8, depth=2, patch=request.param).eval()


@torch.no_grad()
def images(network, x):
    return [one.image for one in network.estimates(x)[0]]


@pytest.mark.parametrize(
    ('channels', 'patch', 'parameters', 'multiple'),
    [(96, 1, 2_022_674, 5), (64, 4, 1_313_266, 20)],
)
def test_size(channels, patch, parameters, multiple):
    network = SwinSf(channels, patch)
    assert sum(value.numel() for value in network.parameters()) == parameters
    assert network.pad_multiple == multiple


def test_left_and_right_share_their_layers(network):
    x, y = spikes(1), spikes(2)
    y[:, 13:] = x[:, :28]
    _, left, _ = images(network, x)
    _, _, right = images(network, y)
    torch.testing.assert_close(left, right, rtol=0, atol=0)
    assert (images(network, x)[2] - right).abs().max() > 1e-3


@pytest.mark.parametrize(('side', 'others'), [(1, slice(28, 41)), (2, slice(0, 13))])
def test_a_side_image_depends_on_its_own_planes_only(network, side, others):
    x = spikes()
    changed = x.clone()
    changed[:, others] = spikes(3)[:, others]
    first, second = images(network, x), images(network, changed)
    torch.testing.assert_close(first[side], second[side], rtol=0, atol=0)
    assert (first[0] - second[0]).abs().max() > 1e-3


def test_side_images_are_for_instants_before_and_after(network):
    estimates, _ = network.estimates(spikes())
    assert [one.planes_later for one in estimates] == [0, -7, 7]
    assert [one.weight for one in estimates] == [1, 0.1, 0.1]


def test_the_image_needs_the_right_planes_through_the_temporal_attention():
    block = SwinBlock(8, 2, shifted=False).eval()
    left, middle, right, other = torch.randn(
        4, 1, 5, 5, 8, generator=torch.Generator().manual_seed(4)
    )
    with torch.no_grad():
        one, two = block((left, middle, right)), block((left, middle, other))
        torch.nn.init.zeros_(block.temporal.project.weight)
        silent = block((left, middle, right)), block((left, middle, other))
    assert (one[1] - two[1]).abs().max() > 1e-5
    torch.testing.assert_close(one[0], two[0], rtol=0, atol=0)
    torch.testing.assert_close(silent[0][1], silent[1][1], rtol=0, atol=0)


def test_shifted_windows_do_not_join_opposite_borders():
    network = SwinSf(channels=8, depth=2).eval()
    x = spikes(height=40, width=40)
    changed = x.clone()
    changed[..., 0, 0] = 1 - changed[..., 0, 0]
    apart = (images(network, x)[0] != images(network, changed)[0])[0, 0]
    assert apart[:2, :2].any()
    assert not apart[20:].any()
    assert not apart[:, 20:].any()


def test_shifted_windows_join_neighbours():
    block, still = SwinBlock(8, 2, shifted=True).eval(), torch.zeros(1, 10, 10, 8)
    tokens = torch.randn(1, 10, 10, 8, generator=torch.Generator().manual_seed(5))
    changed = tokens.clone()
    changed[0, 4, 4] = 0
    with torch.no_grad():
        apart = (block((still, tokens, still))[1] != block((still, changed, still))[1]).any(-1)[0]
    rows, columns = torch.nonzero(apart, as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 6, 2, 6)


def test_windows_are_put_back_where_they_were():
    tokens = torch.arange(2 * 10 * 15 * 3).view(2, 10, 15, 3)
    windows = into_windows(tokens)
    assert torch.equal(windows[0, 1], tokens[0, :5, 5:10].reshape(25, 3))
    assert torch.equal(out_of_windows(windows, 10, 15), tokens)
