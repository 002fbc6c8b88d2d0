# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Wide networks for events that start from narrow ones; for spk2vid see training/."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_models.widening.widen import is_wider, widen  # noqa: E402

ARGUMENTS = {
    'channels': 6, 'context': 8, 'wider': 1, 'detail': 1, 'middle': 2, 'events': 1,
    'feedback': True, 'reduction': 3,
}  # fmt: skip
NAMES = pytest.mark.parametrize('name', ['two_scale_gru', 'hybrid'])


def network(name, seed=1, **changed):
    """Return a network of which no weight is zero."""
    made = make_network(name, **ARGUMENTS | changed, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    for parameter in made.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    return made


@NAMES
@pytest.mark.parametrize('more', [{'channels': 10}, {'context': 20}, {'channels': 40}])
def test_a_wide_network_makes_the_video_of_the_narrow_one(name, more):
    narrow, wide = network(name), network(name, seed=2, **more)
    assert is_wider(wide, narrow)
    widen(narrow, wide)
    generator = torch.Generator().manual_seed(0)
    state = wide_state = None
    with torch.no_grad():
        for _ in range(5):
            grid = torch.randn((1, narrow.bins, 48, 64), generator=generator)
            grid *= grid.abs() > 1.0
            image, state = narrow(grid, state)
            wide_image, wide_state = wide(grid, wide_state)
            torch.testing.assert_close(wide_image, image, atol=1e-5, rtol=0)
    assert image.std() > 0.02
    for old, new in zip(state, wide_state, strict=True):
        torch.testing.assert_close(new[:, : old.shape[1]], old, atol=1e-4, rtol=0)


@NAMES
def test_the_new_channels_differ_and_learn(name):
    narrow, wide = network(name), network(name, seed=2, channels=10)
    widen(narrow, wide)
    generator = torch.Generator().manual_seed(0)
    state = None
    for _ in range(2):
        image, state = wide(torch.randn((1, 5, 32, 32), generator=generator), state)
    assert len({float(channel.sum()) for channel in state[0][0].detach()}) == state[0].shape[1]
    image.square().mean().backward()
    assert wide.image.weight.grad[:, 6:].abs().min() > 0


@NAMES
@pytest.mark.parametrize('other', [{'bins': 6}, {'detail': 2}, {'channels': 4}, {'middle': 1}])
def test_other_arguments_must_be_the_same(name, other):
    with pytest.raises(ValueError, match='only `channels` and `context` can grow'):
        widen(network(name), network(name, context=16, **other))


def test_a_network_is_wider_only_than_one_of_its_kind_with_fewer_channels():
    narrow = network('hybrid')
    assert not is_wider(network('hybrid', seed=2), narrow)
    assert not is_wider(network('hybrid', channels=4), narrow)
    assert not is_wider(network('hybrid', detail=2), narrow)
    assert not is_wider(network('two_scale_gru', channels=10), narrow)
    assert is_wider(network('hybrid', channels=10, context=4), narrow)
