# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""BSF reads the intervals of its paper, attends within 3 x 3 blocks, and covers all planes."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.bsf import BLOCK_AND_HOP, MIDDLE, Bsf  # noqa: E402
from spike_recon_models.networks.interval_maps import interval_rates  # noqa: E402
from spike_recon_models.networks.local_attention import LocalAttention  # noqa: E402
from spike_recon_models.networks.spk2img import BLOCKS  # noqa: E402

SPIKES = [0, 0, 1, 0, 1, 0, 0, 1, 0]
INTERVALS = [2, 2, 2, 2, 3, 3, 3, 2, 2]
FOLLOWING = [2, 2, 3, 3, 3, 3, 3, 2, 2]
PRECEDING = [2, 2, 2, 2, 2, 2, 2, 3, 3]
"""Of SPIKES, by hand; where the neighbour is not known, the interval itself."""


def column(values):
    return torch.tensor(values, dtype=torch.float32)[None, :, None, None]


def test_rates_are_intervals_divided_by_their_length():
    own, following, preceding = column(INTERVALS), column(FOLLOWING), column(PRECEDING)
    found = interval_rates(column(SPIKES))
    torch.testing.assert_close(found[0], 1 / own)
    torch.testing.assert_close(found[1], 2 / (own + following))
    torch.testing.assert_close(found[2], 2 / (own + preceding))
    torch.testing.assert_close(found[3], 3 / (own + following + preceding))


def intervals_one_by_one(spikes):
    """Return own, next and previous interval at each plane, found plane by plane."""
    count = len(spikes)
    last = [max((k for k in range(i + 1) if spikes[k]), default=0) for i in range(count)]
    to_come = [next((k for k in range(i + 1, count) if spikes[k]), count) for i in range(count)]
    own = [after - before for after, before in zip(to_come, last, strict=True)]
    after, before = list(own), list(own)
    for i in reversed(range(count - 1)):
        if sum(spikes[i:]) >= 2:
            after[i] = own[i + 1] if spikes[i + 1] else after[i + 1]
    for i in range(1, count):
        if sum(spikes[: i + 1]) >= 2:
            before[i] = own[i - 1] if spikes[i] else before[i - 1]
    return own, after, before


@pytest.mark.parametrize('share', [0.02, 0.1, 0.4, 0.9])
@pytest.mark.parametrize('planes', [9, 41, 61])
def test_rates_of_a_stack_are_those_of_each_pixel_alone(planes, share):
    generator = torch.Generator().manual_seed(planes)
    stack = (torch.rand(1, planes, 4, 5, generator=generator) < share).float()
    found = interval_rates(stack)
    for y, x in [(y, x) for y in range(4) for x in range(5)]:
        spikes = stack[0, :, y, x].int().tolist()
        own, after, before = (column(one) for one in intervals_one_by_one(spikes))
        expected = 1 / own, 2 / (own + after), 2 / (own + before), 3 / (own + after + before)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one[:, :, y : y + 1, x : x + 1], other)


@pytest.mark.parametrize('planes', [41, 61])
def test_a_pixel_without_spikes_has_the_interval_of_the_stack(planes):
    for rates in interval_rates(torch.zeros(1, planes, 1, 1)):
        torch.testing.assert_close(rates, torch.full_like(rates, 1 / planes))


def test_a_pixel_that_always_fires_has_a_rate_of_one():
    for rates in interval_rates(torch.ones(1, 41, 1, 1)):
        torch.testing.assert_close(rates, torch.ones_like(rates))


def test_pixels_attend_to_their_block_and_its_neighbours():
    generator = torch.Generator().manual_seed(2)
    target, outer = torch.randn(2, 1, 4, 9, 12, generator=generator)
    attention = LocalAttention(4)
    with torch.no_grad():
        attention.gain.fill_(0.5)
        found = attention(target, outer)
        queries, keys, values = (
            layer(features)[0]
            for layer, features in (
                (attention.query, target),
                (attention.key, outer),
                (attention.value, outer),
            )
        )
    for row, column_ in [(0, 0), (4, 5), (8, 11), (2, 9)]:
        top, left = 3 * (row // 3) - 3, 3 * (column_ // 3) - 3
        rows, columns = slice(max(top, 0), top + 9), slice(max(left, 0), left + 9)
        near = keys[:, rows, columns].flatten(1)
        shares = torch.softmax(queries[:, row, column_] @ near / 2, -1)
        expected = outer[0, :, row, column_] + 0.5 * (values[:, rows, columns].flatten(1) @ shares)
        torch.testing.assert_close(found[0, :, row, column_], expected)


def test_an_attention_without_gain_returns_the_outer_features():
    target, outer = torch.randn(2, 1, 4, 6, 6, generator=torch.Generator().manual_seed(1))
    assert torch.equal(LocalAttention(4)(target, outer), outer)


@pytest.mark.parametrize('planes', BLOCK_AND_HOP)
def test_the_blocks_span_the_stack_around_its_middle_plane(planes):
    block, hop = BLOCK_AND_HOP[planes]
    assert MIDDLE * hop + block // 2 == planes // 2
    assert (BLOCKS - 1) * hop + block == planes


def test_other_numbers_of_planes_are_refused():
    with pytest.raises(ValueError, match='61 or 41 planes, not 51'):
        Bsf(planes=51)
