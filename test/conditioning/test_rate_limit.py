# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream import make_events, packets_of, random_events, run_packets

from spike_recon_ros.conditioning.rate_limit import BUCKET_S, RateLimit
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers

WIDTH, HEIGHT = 16, 12
SECOND = 1_000_000_000


def uniform(rate, seconds, seed=0):
    return random_events(WIDTH, HEIGHT, int(rate * seconds), (0, int(seconds * SECOND)), seed)


def limited(events, rate, cuts=()):
    limit = RateLimit(WIDTH, HEIGHT, rate)
    parts = []
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        part = events[start:end]
        copy = Events(part.x.copy(), part.y.copy(), part.p.copy(), part.t_ns.copy(), part.triggers)
        parts.append(copy[: limit.apply(copy)])
    return Events.concatenate(parts)


def test_a_stream_below_the_limit_passes_unchanged():
    events = uniform(50_000, 0.5)
    left = limited(events, 100_000)
    assert all(
        np.array_equal(getattr(left, k), getattr(events, k)) for k in ('x', 'y', 'p', 't_ns')
    )


def test_a_stream_above_the_limit_is_thinned_to_it():
    left = limited(uniform(400_000, 1.0), 100_000)
    assert 99_000 <= len(left) <= 100_000 * (1 + BUCKET_S)


def test_in_no_interval_do_more_events_pass_than_the_limit_and_a_bucket():
    quiet, burst = uniform(20_000, 0.2), uniform(2_000_000, 0.1, seed=1)
    t_ns = np.concatenate([quiet.t_ns, burst.t_ns + SECOND // 5])
    joined = Events(
        np.concatenate([quiet.x, burst.x]), np.concatenate([quiet.y, burst.y]),
        np.concatenate([quiet.p, burst.p]), t_ns, Triggers.empty(),
    )  # fmt: skip
    left, rate = limited(joined, 100_000), 100_000
    index = np.arange(len(left))
    # kept in [t_i, t_j] <= rate (t_j - t_i + bucket)  <=>  j - rate t_j grows by at most that
    excess = index - rate * left.t_ns / 1e9
    assert (excess - np.minimum.accumulate(excess)).max() <= rate * BUCKET_S + 1


def test_thinning_is_even_over_pixels_and_polarities_and_time():
    events = uniform(400_000, 1.0)
    left = limited(events, 100_000)

    def counts(found):
        place = (found.y.astype(int) * WIDTH + found.x) * 2 + found.p
        return np.bincount(place, minlength=2 * WIDTH * HEIGHT)

    share = counts(left) / counts(events)
    # A random choice of a quarter of about 1000 events would deviate by 0.014.
    assert share.std() < 0.002
    thirds = np.histogram(left.t_ns, 10, (SECOND // 10, SECOND))[0]
    assert thirds.std() < 0.02 * thirds.mean()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=6), st.sampled_from([30_000, 90_000, 1e9]))
def test_thinning_does_not_depend_on_how_the_stream_is_cut(cuts, rate):
    events = uniform(200_000, 0.1)
    once, cut = limited(events, rate), limited(events, rate, sorted(cuts))
    assert np.array_equal(once.t_ns, cut.t_ns)
    assert np.array_equal(once.x, cut.x)


def test_thinned_events_are_counted_and_the_frames_stay_on_their_grid():
    events = make_events(20_000)
    frames, _, reconstructor = run_packets(packets_of(events, [9_000]), max_event_rate=20_000.0)
    whole, _, _ = run_packets(packets_of(events, [9_000]))
    counts = reconstructor.statistics
    assert counts.samples == 20_000
    assert counts.thinned_events == 20_000 - sum(len(frame.samples) for frame in frames)
    assert counts.thinned_events > 15_000
    assert [frame.t_ns for frame in frames] == [frame.t_ns for frame in whole]


def test_the_limit_may_change_while_frames_are_made():
    events = make_events(20_000)
    _, _, reconstructor = run_packets([])
    first, second = packets_of(events, [10_000])
    reconstructor.push(first)
    reconstructor.adopt(dataclasses.replace(reconstructor.settings, max_event_rate=20_000.0))
    assert not reconstructor.statistics.thinned_events
    reconstructor.push(second)
    assert reconstructor.statistics.thinned_events > 5_000


@pytest.mark.parametrize('rate', [-1.0, float('nan'), 1e11])
def test_a_limit_out_of_range_is_refused(rate):
    with pytest.raises(UserError, match='max_event_rate'):
        run_packets([], max_event_rate=rate)
