# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.spike_history.history import NEVER, ORDERS, SpikeHistory

HEIGHT, WIDTH = 3, 11


def random_spikes(count, rate=0.3, seed=0):
    return (np.random.default_rng(seed).random((count, HEIGHT, WIDTH)) < rate).astype(np.uint8)


def fed(spikes, lookahead, cuts=()):
    history = SpikeHistory(WIDTH, HEIGHT, lookahead)
    for part in np.split(pack_planes(spikes), sorted(cuts)):
        history.push(part)
    return history


def spikes_by_pixel(spikes, instant):
    """Yield y, x and the plane numbers of the spikes up to the instant and after it."""
    for y, x in np.ndindex(HEIGHT, WIDTH):
        numbers = np.flatnonzero(spikes[:, y, x])
        yield y, x, numbers[numbers <= instant].tolist(), numbers[numbers > instant].tolist()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 99),
    st.integers(0, 63),
    st.sampled_from([0.02, 0.3, 0.9]),
    st.lists(st.integers(0, 99), max_size=4),
    st.integers(0, 99),
)
def test_spikes_on_both_sides_equal_a_plain_search(count, lookahead, rate, cuts, seed):
    spikes = random_spikes(count, rate, seed)
    history = fed(spikes, lookahead, [cut for cut in cuts if cut < count])
    assert history.instant == count - 1 - lookahead
    found = history.after()
    for y, x, before, after in spikes_by_pixel(spikes, history.instant):
        latest = [*before[::-1], *[NEVER] * (ORDERS + 1)][: ORDERS + 1]
        assert history.before[:, y, x].tolist() == latest
        assert found[:, y, x].tolist() == [*after, count, count][:2]


def test_the_stack_returns_the_planes():
    spikes = random_spikes(90)
    history = fed(spikes, 5)
    np.testing.assert_array_equal(history.stack(64), spikes[-64:])
    np.testing.assert_array_equal(history.stack(1), spikes[-1:])


@pytest.mark.parametrize(('first', 'end'), [(0, 1), (0, 64), (30, 51), (63, 64), (7, 7)])
def test_count_is_the_sum_over_planes(first, end):
    spikes = random_spikes(100)
    expected = spikes[100 - end : 100 - first].sum(0)
    np.testing.assert_array_equal(fed(spikes, 0).count(first, end), expected)


def test_the_last_four_spikes_are_stored_newest_first():
    spikes = np.zeros((20, HEIGHT, WIDTH), np.uint8)
    spikes[[2, 3, 7, 15]] = 1
    history = fed(spikes, 0)
    assert history.before[:, 0, 0].tolist() == [15, 7, 3, 2]


def test_reset_drops_all_planes():
    history = fed(random_spikes(80), 20)
    history.reset()
    assert history.instant == -21
    history.push(pack_planes(random_spikes(30, seed=1)))
    fresh = fed(random_spikes(30, seed=1), 20)
    np.testing.assert_array_equal(history.words, fresh.words)
    np.testing.assert_array_equal(history.before, fresh.before)


def test_plane_numbers_never_overflow():
    spikes = random_spikes(50)
    history = fed(spikes, 3)
    history.instant += 2**29
    history.before += 2**29
    history.push(pack_planes(np.zeros((1, HEIGHT, WIDTH), np.uint8)))
    assert history.instant < 2**29
    moved = fed(np.concatenate((spikes, np.zeros((1, HEIGHT, WIDTH), np.uint8))), 3)
    np.testing.assert_array_equal(history.before - 2**28, moved.before)


@pytest.mark.parametrize('lookahead', [-1, 64])
def test_a_lookahead_beyond_the_stored_planes_is_refused(lookahead):
    with pytest.raises(UserError, match='it must be from 0 to 63'):
        SpikeHistory(WIDTH, HEIGHT, lookahead)
