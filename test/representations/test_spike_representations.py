# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What networks for spike cameras read."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_ros.spike_history.interval_rates import RATES
from spike_recon_ros.windows.window import Window

HEIGHT, WIDTH = 4, 11
INTERVALS = {
    'kind': 'spike_intervals',
    'counts': 9,
    'planes_per_count': 5,
    'lookahead_planes': 30,
}
STACK = {'kind': 'spike_stack', 'planes': 41, 'lookahead_planes': 20}


def random_spikes(count, seed=0):
    return (np.random.default_rng(seed).random((count, HEIGHT, WIDTH)) < 0.3).astype(np.uint8)


def written(description, spikes, cuts=()):
    """Return what is written after the last of the windows that the cuts make."""
    representation = representation_for(description, WIDTH, HEIGHT)
    padded = np.full((representation.channels, HEIGHT + 2, WIDTH + 5), -1, np.float32)
    out = padded[:, :HEIGHT, :WIDTH]
    first = 0
    for part in np.split(spikes, sorted(cuts)):
        planes = SpikePlanes(pack_planes(part), np.arange(first, first + len(part)))
        representation.write(Window(first, first + len(part), planes), out)
        first += len(part)
    assert (padded[:, HEIGHT:] == -1).all()
    assert (padded[:, :, WIDTH:] == -1).all()
    return out


@pytest.mark.parametrize(
    'description', [INTERVALS, STACK], ids=lambda description: description['kind']
)
def test_the_tensor_does_not_depend_on_how_planes_are_cut_into_windows(description):
    spikes = random_spikes(140)
    whole = written(description, spikes)
    np.testing.assert_array_equal(written(description, spikes, [1, 20, 77, 139]), whole)


@pytest.mark.parametrize(
    'description', [INTERVALS, STACK], ids=lambda description: description['kind']
)
def test_a_reset_clears_the_history(description):
    representation = representation_for(description, WIDTH, HEIGHT)
    spikes = random_spikes(50)
    outs = []
    for _ in range(2):
        out = np.empty((representation.channels, HEIGHT, WIDTH), np.float32)
        planes = SpikePlanes(pack_planes(spikes), np.arange(50))
        representation.write(Window(0, 50, planes), out)
        outs.append(out)
        representation.reset()
    np.testing.assert_array_equal(*outs)


def test_the_stack_is_the_newest_planes_in_the_order_of_their_time():
    spikes = random_spikes(70)
    np.testing.assert_array_equal(written(STACK, spikes), spikes[-41:])


def test_planes_before_the_first_one_are_empty():
    spikes = random_spikes(10)
    stack = written(STACK, spikes)
    np.testing.assert_array_equal(stack[-10:], spikes)
    assert not stack[:-10].any()


def test_the_counts_are_means_over_groups_around_the_instant():
    spikes = random_spikes(120)
    counts = written(INTERVALS, spikes)[len(RATES) :]
    instant = 120 - 1 - 30
    around = spikes[instant - 22 : instant + 23].reshape(9, 5, HEIGHT, WIDTH)
    np.testing.assert_allclose(counts, around.mean(1), rtol=1e-6)


def test_groups_with_missing_planes_have_the_most_likely_rate():
    spikes = random_spikes(44)
    made = written(
        INTERVALS, spikes
    )  # the instant is plane 13, and the first group would be at -9
    seen = made[len(RATES) + 2 :]
    groups = spikes[1:36].reshape(7, 5, HEIGHT, WIDTH)
    np.testing.assert_allclose(seen, groups.mean(1), rtol=1e-6)
    for unseen in made[len(RATES) : len(RATES) + 2]:
        np.testing.assert_array_equal(unseen, made[0])


def test_a_shorter_lookahead_keeps_the_positions_of_the_groups():
    spikes = random_spikes(120)
    instant = 120 - 1 - 30
    hasty = written(with_lookahead(INTERVALS, 8), spikes[: instant + 1 + 8])
    whole = written(INTERVALS, spikes)
    groups = slice(len(RATES), len(RATES) + 6)  # they end 7 planes after the instant
    np.testing.assert_array_equal(hasty[groups], whole[groups])
    for unseen in hasty[len(RATES) + 6 :]:
        np.testing.assert_array_equal(unseen, hasty[0])


def test_a_stack_of_planes_has_a_fixed_lookahead():
    assert with_lookahead(STACK, 20) == STACK
    with pytest.raises(UserError, match='leave lookahead_planes at its default'):
        with_lookahead(STACK, 6)


@pytest.mark.parametrize(
    ('description', 'what'),
    [
        (INTERVALS | {'counts': 8}, 'odd'),
        (INTERVALS | {'counts': 13, 'lookahead_planes': 40}, '64'),
        (STACK | {'colour': 1}, 'colour'),
        ({'kind': 'stack'}, 'spike_stack'),
    ],
)
def test_wrong_parameters_are_refused(description, what):
    with pytest.raises(UserError, match=what):
        representation_for(description, WIDTH, HEIGHT)
