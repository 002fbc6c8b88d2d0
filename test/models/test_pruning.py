# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A pruned network keeps what adds most, and the mean of what goes."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.residual_block import ResidualBlock  # noqa: E402
from spike_recon_models.networks.two_scale_gru import TwoScaleGru  # noqa: E402
from spike_recon_models.pruning import prune  # noqa: E402

PARTS = {'channels': 16, 'context': 32, 'wider': 1, 'detail': 1, 'middle': 1, 'events': 1}


def grids(count=3):
    random = np.random.default_rng(5)
    shape = count, 5, 32, 48
    return list(random.normal(0.0, 1.0, shape).astype(np.float32))


@pytest.fixture
def network():
    """Return one whose blocks all add something."""
    made = TwoScaleGru(**PARTS, seed=4).eval()
    torch.manual_seed(9)
    for block in narrowable(made):
        torch.nn.init.normal_(block.second.weight, std=0.1)
    return made


def narrowable(network):
    """Return the blocks with more channels inside than a CPU computes at once."""
    return *network.events, network.context, *network.wider, *network.middle


def narrow():
    return TwoScaleGru(**PARTS, reduction=2, seed=8).eval()


def images(network):
    state, made = None, []
    with torch.no_grad():
        for grid in grids():
            image, state = network(torch.from_numpy(grid)[None], state)
            made.append(image)
    return torch.cat(made)


class OneBlock(torch.nn.Module):
    """A network that is one block."""

    def __init__(self, inner):
        super().__init__()
        torch.manual_seed(inner)
        self.block = ResidualBlock(5, inner=inner)

    def forward(self, x, state):
        return self.block(x), state


def put_to_sleep(network, seed=1):
    """Let half of the channels inside all blocks that can be narrower never wake."""
    generator = torch.Generator().manual_seed(seed)
    for block in narrowable(network):
        inner = block.first.out_channels
        asleep = torch.randperm(inner, generator=generator)[: inner // 2]
        block.first.bias.data[asleep] = 0.0
        block.first.weight.data[asleep] = 0.0
        block.second.weight.data[:, asleep] *= 9.0  # their weights alone would keep them


def test_removing_channels_that_are_never_active_changes_nothing(network):
    put_to_sleep(network)
    thin = narrow()
    lost = prune(network, thin, [grids()])
    assert set(lost.values()) == {0.0}
    torch.testing.assert_close(images(thin), images(network))


def test_blocks_with_a_multiple_of_the_simd_width_stay(network):
    lost = prune(network, narrow(), [grids()])
    assert set(lost) == {'events.0', 'context', 'wider.0', 'middle.0'}  # not detail, of 16


def test_the_lost_share_of_each_block_is_returned(network):
    lost = prune(network, narrow(), [grids()])
    assert all(0.0 < share < 0.7071 for share in lost.values())  # less than the half that stays


def test_the_contribution_of_a_constant_channel_goes_to_the_bias():
    wide, thin = OneBlock(inner=3), OneBlock(inner=2)
    wide.block.first.weight.data[1] = 0.0  # it says the same of whatever is seen
    wide.block.first.bias.data[1] = 0.01
    prune(wide, thin, [grids()])
    expected, given = images(wide), images(thin)
    inside = (..., slice(1, -1), slice(1, -1))  # beyond the border it reads zeros
    torch.testing.assert_close(given[inside], expected[inside])


def test_pruning_does_not_change_the_trained_network(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    prune(network, narrow(), [grids()])
    after = network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_network_without_wider_blocks_is_refused(network):
    with pytest.raises(ValueError, match='no block has more channels inside'):
        prune(network, TwoScaleGru(**PARTS), [grids()])


def test_a_network_with_other_layers_is_refused(network):
    other = TwoScaleGru(**PARTS | {'channels': 24}, reduction=2)
    with pytest.raises(ValueError, match='differ in more than their blocks'):
        prune(network, other, [grids()])
