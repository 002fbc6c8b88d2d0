# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Blocks that are added to a trained network change nothing at first."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.two_scale_gru import TwoScaleGru  # noqa: E402

GRIDS = torch.randn(4, 1, 5, 32, 48, generator=torch.Generator().manual_seed(2))


def video(network):
    state, images = None, []
    with torch.no_grad():
        for grid in GRIDS:
            image, state = network(grid, state)
            images.append(image)
    return torch.stack(images)


def grown(plain, **blocks):
    network = TwoScaleGru(channels=8, context=8, seed=1, **blocks).eval()
    fit = network.load_state_dict(plain.state_dict(), strict=False)
    assert not fit.unexpected_keys
    return network, fit.missing_keys


@pytest.mark.parametrize(
    'blocks',
    [
        {'detail': 2},
        {'wider': 2},
        {'middle': 2},
        {'events': 1},
        {'feedback': True},
        {'wider': 1, 'detail': 1},
    ],
)
def test_added_blocks_start_as_the_identity(blocks):
    plain = TwoScaleGru(channels=8, context=8).eval()
    network, new = grown(plain, **blocks)
    assert {name.split('.')[0] for name in new} == set(blocks)
    torch.testing.assert_close(video(network), video(plain), rtol=0, atol=0)


def test_feedback_gives_the_coarse_unit_the_middle_features_of_the_last_window():
    network, _ = grown(TwoScaleGru(channels=8, context=8), feedback=True)
    torch.nn.init.normal_(network.feedback.weight, std=0.1)
    fine, coarse, areas = network.zero_state(1, 32, 48)
    with torch.no_grad():
        _, blind = network(GRIDS[0], (fine, coarse, areas))
        _, with_areas = network(GRIDS[0], (fine, coarse, areas + 1))
    assert torch.equal(with_areas[0], blind[0])
    assert not torch.equal(with_areas[1], blind[1])


def test_wider_blocks_extend_the_receptive_field():
    """How far from a corner the first image changes with what is seen there."""
    plain = TwoScaleGru(channels=8, context=8).eval()
    network, _ = grown(plain, wider=1)
    torch.nn.init.normal_(network.wider[0].second.weight, std=0.1)
    grid = torch.zeros(1, 5, 8, 256)
    changed = grid.clone()
    changed[..., :8] = 1.0
    reach = []
    for one in (plain, network):
        with torch.no_grad():
            apart = one(changed)[0] - one(grid)[0]
        reach.append(int(apart.abs().amax((0, 1, 2)).nonzero().max()))
    assert reach[1] == reach[0] + 32
