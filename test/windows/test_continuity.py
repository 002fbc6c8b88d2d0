# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Damaged sensor time: outliers, jumps and pauses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.continuity import LARGEST_STEP_NS, MOST_RUNS, Continuity
from spike_recon_ros.windows.sample_buffer import first_large_step

MS = 1_000_000
S = 1000 * MS
EPOCH_NS = 1_700_000_000 * S
PERIOD = 2 * MS


def events_at(t_ns, edges=()):
    t_ns, edges = np.array(t_ns, np.int64), np.array(edges, np.int64)
    pixels, polarity = np.zeros(len(t_ns), np.uint16), np.zeros(len(t_ns), np.uint8)
    ones = np.ones(len(edges), np.uint8)
    return Events(pixels, pixels, polarity, t_ns, Triggers(edges, ones, ones))


class Stream:
    """Drives a Continuity as the pipeline does, and collects what it returns."""

    def __init__(self, max_gap_ns=S):
        self.clock = SensorClock()
        self.continuity = Continuity(self.clock, max_gap_ns)
        self.t_ns, self.edges_ns, self.jumps, self.outliers = [], [], [], 0

    def push(self, t_ns, stamp_ns=0, edges=()):
        self._add(self.continuity.push(events_at(t_ns, edges), stamp_ns))

    def flush(self):
        self._add(self.continuity.flush())

    def _add(self, pieces):
        self.outliers += self.continuity.take_outliers()
        for piece in pieces:
            assert piece.samples.t_ns.dtype == np.int64
            if piece.jump is not None:
                self.jumps.append(piece.jump)
            if len(piece.samples):
                self.clock.observe(int(piece.samples.t_ns[0]), piece.stamp_ns)
            self.t_ns += piece.samples.t_ns.tolist()
            self.edges_ns += piece.samples.triggers.t_ns.tolist()

    @property
    def resets(self):
        return sum(not jump.repeated for jump in self.jumps)


def packets(count=50):
    """Times of packets of 20 events in 2 ms each, as the sensor should have sent them."""
    return [index * PERIOD + np.arange(20) * PERIOD // 20 for index in range(count)]


def stamped(sent, jitter=0):
    """Run a stream whose packets have correct stamps and the given sensor times."""
    stream = Stream()
    for index, t_ns in enumerate(sent):
        stream.push(t_ns, EPOCH_NS + index * PERIOD + jitter * (index % 3))
    stream.flush()
    return stream


def test_a_sound_stream_passes_unchanged():
    stream = stamped(packets())
    assert stream.t_ns == np.concatenate(packets()).tolist()
    assert (stream.jumps, stream.outliers) == ([], 0)


@pytest.mark.parametrize('off', [-4 * S, -999 * MS, -60 * MS, 60 * MS, 999 * MS, 4 * S, 10**6 * S])
@pytest.mark.parametrize('place', [0, 7, 17])
def test_a_few_samples_off_are_dropped_and_counted(off, place):
    sent = packets()
    sent[20][place : place + 3] += off
    stream = stamped(sent)
    assert (stream.jumps, stream.outliers) == ([], 3)
    assert len(stream.t_ns) == 997
    assert max(stream.t_ns) < 50 * PERIOD
    assert (np.diff(stream.t_ns) >= 0).all()


@pytest.mark.parametrize('off', [-4 * S, -3 * S, 3 * S, 4 * S, 10**9 * S])
def test_a_packet_with_a_wrong_time_base_is_dropped(off):
    sent = packets()
    sent[20] += off
    stream = stamped(sent)
    assert (stream.jumps, stream.outliers) == ([], 20)


@pytest.mark.parametrize(
    'jump', [-14 * S, -4 * S, -S, -300 * MS, 300 * MS, 999 * MS, 3 * S, 10**6 * S]
)
@pytest.mark.parametrize('place', [0, 11])
@pytest.mark.parametrize('jitter', [0, 700_000])
def test_sensor_time_that_jumps_while_stamps_do_not_is_shifted_back(jump, place, jitter):
    sent = packets()
    truth = np.concatenate(sent)
    sent[20][place:] += jump
    sent[21:] = [t_ns + jump for t_ns in sent[21:]]
    stream = stamped(sent, jitter)
    assert stream.resets == 1
    assert stream.outliers == 0
    assert np.abs(np.array(stream.t_ns) - truth).max() <= 2 * PERIOD
    assert (np.diff(stream.t_ns) >= 0).all()


def test_times_that_jump_in_every_packet_are_dropped_without_a_reset_each():
    sent = packets()
    for index in range(10, 20):
        sent[index] += (index % 4 + 1) * 3 * S
    stream = stamped(sent)
    assert stream.resets <= 1
    assert max(stream.t_ns) < 51 * PERIOD


def test_a_pause_that_the_stamps_confirm_is_kept_however_long():
    stream = Stream(max_gap_ns=50 * MS)
    for index, t_ns in enumerate(packets(20)):
        pause = 3600 * S if index >= 10 else 0
        stream.push(t_ns + pause, EPOCH_NS + index * PERIOD + pause)
    assert (stream.jumps, stream.outliers) == ([], 0)
    assert stream.t_ns[-1] == 3600 * S + packets(20)[-1][-1]


def test_a_short_pause_without_stamps_is_kept():
    stream = Stream()
    stream.push(np.concatenate([packets()[0], packets()[0] + 800 * MS]))
    assert len(stream.t_ns) == 20  # the rest waits for evidence
    stream.push(packets()[1] + 800 * MS)
    assert (stream.jumps, len(stream.t_ns)) == ([], 60)


@pytest.mark.parametrize('jump', [-5 * S, 5 * S])
def test_a_jump_without_stamps_restarts_at_the_new_time(jump):
    stream = Stream()
    for t_ns in packets(10):
        stream.push(10 * S + t_ns)
    for t_ns in packets(10):
        stream.push(10 * S + t_ns + jump)
    assert [(one.restart, one.repeated) for one in stream.jumps] == [(True, False)]
    assert ('cannot be distinguished' in stream.jumps[0].detail) == (jump > 0)  # from a pause
    assert stream.t_ns[-1] == 10 * S + jump + packets(10)[-1][-1]
    assert len(stream.t_ns) == 400


@pytest.mark.parametrize('stamp_ns', [0, EPOCH_NS])
def test_many_pauses_in_one_packet_are_bounded_and_reset_once(stamp_ns):
    stream = Stream()
    stream.push(np.arange(16_000) * 990 * MS, stamp_ns)
    stream.flush()
    assert stream.resets == 1
    assert len(stream.t_ns) + stream.outliers == 16_000
    assert len(stream.t_ns) <= MOST_RUNS
    if stamp_ns:
        assert max(stream.t_ns) <= S


@given(
    st.lists(st.integers(-(2**62), 2**62) | st.integers(-5 * S, 5 * S), max_size=60),
    st.lists(st.integers(1, 60), max_size=5),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_every_sample_is_returned_or_counted_whatever_its_time(times, places, is_stamped):
    stream = Stream()
    for index, part in enumerate(np.split(np.array(times, np.int64) // 2, sorted(places))):
        stream.push(part, (EPOCH_NS + index * PERIOD) * is_stamped)
    stream.flush()
    assert len(stream.t_ns) + stream.outliers == len(times)
    assert stream.resets <= len(places) + 2


@given(
    st.lists(st.integers(0, 3 * S), min_size=1, max_size=60).map(np.cumsum),
    st.lists(st.integers(1, 60), max_size=5),
)
@settings(max_examples=100, deadline=None)
def test_a_slow_but_sorted_stream_loses_nothing(t_ns, places):
    stream = Stream()
    for part in np.split(np.array(t_ns), sorted(places)):
        stream.push(part)
    stream.flush()
    assert stream.outliers == 0
    assert stream.t_ns == t_ns.tolist()


@pytest.mark.parametrize('spacing', [2 * MS, 20 * MS, 45 * MS])
def test_a_packet_with_slow_times_does_not_move_the_stream(spacing):
    sent = packets()
    sent[20] = sent[20][0] + np.arange(8000) * spacing
    stream = stamped(sent)
    assert stream.jumps == []
    assert stream.outliers == 8000 - np.count_nonzero(np.arange(8000) * spacing < LARGEST_STEP_NS)
    assert max(stream.t_ns) < 60 * PERIOD + LARGEST_STEP_NS


def test_long_packets_of_a_stream_that_stamps_confirm_lose_nothing():
    stream, period = Stream(), 3 * S
    for index in range(6):
        t_ns = index * period + np.arange(100) * period // 100
        stream.push(t_ns, EPOCH_NS + index * period)
    stream.flush()
    assert (stream.jumps, stream.outliers, len(stream.t_ns)) == ([], 0, 600)


def test_slow_times_of_a_file_are_bounded():
    stream = Stream()
    stream.push(np.arange(32_768) * 45 * MS)
    stream.flush()
    assert max(stream.t_ns) <= 43 * S
    assert len(stream.t_ns) + stream.outliers == 32_768


def test_slow_times_of_a_file_in_small_packets_are_bounded_and_reset_once():
    stream = Stream()
    for index in range(8192):
        stream.push([index * 990 * MS])
    stream.flush()
    assert stream.resets == 1
    assert len(stream.t_ns) == 8192
    pauses_ns = (8191 - len(stream.jumps)) * 990 * MS
    assert pauses_ns <= 92 * S


def test_a_sparse_file_keeps_its_state():
    times = np.cumsum(np.random.default_rng(2).exponential(1 / 100, 20_000) * S).astype(np.int64)
    stream = Stream()
    for part in np.split(times, range(3, len(times), 3)):
        stream.push(part)
    stream.flush()
    assert (stream.jumps, stream.outliers, stream.t_ns) == ([], 0, times.tolist())


def test_planes_with_a_long_period_are_accepted():
    for stamp_ns in (0, EPOCH_NS):
        clock = SensorClock()
        continuity = Continuity(clock, S, period_ns=S)
        pieces = continuity.push(events_at(np.arange(100) * S), stamp_ns)
        assert [len(piece.samples) for piece in pieces] == [100]


def test_trigger_edges_stay_with_the_samples_that_are_nearest():
    stream = Stream()
    stream.push(packets()[0], EPOCH_NS, edges=[MS])
    t_ns = np.concatenate([packets()[1][:10], packets()[1][10:] + 5 * S])
    stream.push(t_ns, EPOCH_NS + PERIOD, edges=[2 * MS, 5 * S + 3 * MS, 900 * S])
    stream.push(packets()[2] + 5 * S, EPOCH_NS + 2 * PERIOD, edges=[5 * S + 5 * MS])
    assert stream.resets == 1
    assert stream.outliers == 1
    assert [round(edge / MS) for edge in stream.edges_ns] == [1, 2, 3, 5]


def test_edges_of_an_outlier_are_dropped_with_it():
    sent, stream = packets(3), Stream()
    stream.push(sent[0], EPOCH_NS)
    stream.push(sent[1] + 9 * S, EPOCH_NS + PERIOD, edges=[9 * S + 3 * MS])
    stream.push(sent[2], EPOCH_NS + 2 * PERIOD, edges=[5 * MS])
    stream.flush()
    assert stream.edges_ns == [5 * MS]


def test_steps_of_the_largest_size_are_accepted_in_both_directions():
    sizes = [0, LARGEST_STEP_NS, 0, LARGEST_STEP_NS + 1, 2 * LARGEST_STEP_NS + 2]
    assert first_large_step(np.array(sizes[:3], np.int64), 0, LARGEST_STEP_NS) == 3
    assert first_large_step(np.array(sizes, np.int64), 0, LARGEST_STEP_NS) == 3
    assert first_large_step(np.array([5], np.int64), 6 + LARGEST_STEP_NS, LARGEST_STEP_NS) == 0


@pytest.mark.parametrize('back', [1_500_000, 2_700_000])
def test_small_steps_back_after_losses_do_not_reset(back):
    sent = packets()
    for index in range(10, 50, 10):
        sent[index] -= back
    stream = stamped(sent)
    assert (stream.jumps, stream.outliers, len(stream.t_ns)) == ([], 0, 1000)


@pytest.mark.parametrize('is_stamped', [True, False])
def test_a_false_loop_of_evt3_after_an_outlier_is_removed_without_a_reset(is_stamped):
    loop_ns, sent = 2**24 * 1_000, packets()
    for index in range(50):  # from a single wrong time on, the decoder is one loop ahead
        sent[index] += index // 10 * loop_ns
        if index in (9, 19, 29, 39):
            sent[index][10:] += loop_ns
            sent[index][10] -= S
    stream = Stream()
    for index, t_ns in enumerate(sent):
        stream.push(t_ns, EPOCH_NS + index * PERIOD if is_stamped else 0)
    stream.flush()
    assert (stream.jumps, stream.outliers, len(stream.t_ns)) == ([], 4, 996)
    assert stream.t_ns == sorted(set(np.concatenate(packets()).tolist()) & set(stream.t_ns))
