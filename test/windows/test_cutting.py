# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""For every cutter: windows do not depend on where packets begin and end."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream import events_at

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.at_moments import HOLD_NS, MOST_WAITING, AtReferences, AtTriggers
from spike_recon_ros.windows.cutter import ByCount, FreeRunning
from spike_recon_ros.windows.window import Window

MS = 1_000_000
GAP_NS = 10**9


def cut(events, places):
    """The same stream in several pieces; trigger edges travel with the events around them."""
    borders = [0, *sorted(places), len(events)]
    pieces = []
    for start, stop in itertools.pairwise(borders):
        before = events.t_ns[start] if start else -(2**62)
        after = events.t_ns[stop] if stop < len(events) else 2**62
        edges = events.triggers
        inside = (edges.t_ns >= before) & (edges.t_ns < after)
        part = events[start:stop]
        pieces.append(
            Events(
                part.x,
                part.y,
                part.p,
                part.t_ns,
                Triggers(edges.t_ns[inside], edges.p[inside], edges.channel[inside]),
            )
        )
    return pieces


def run(cutter, pieces):
    """All windows of a stream, as comparable values."""
    windows = [window for piece in pieces for window in cutter.push(piece)]
    windows += cutter.flush()
    return [
        (one.t_start_ns, one.t_end_ns, one.samples.x.tolist(), one.stamp_ns, one.due)
        for one in windows
    ]


times = st.lists(st.integers(0, 3_500), min_size=1, max_size=60).map(
    lambda steps: np.cumsum(steps) * 100_000
)
# A damaged stream, whose time steps back now and then.
damaged = st.lists(st.integers(-300, 3_500), min_size=1, max_size=60).map(
    lambda steps: np.cumsum(steps) * 100_000
)
places = st.lists(st.integers(0, 60), max_size=8)


def _pieces(events, where):
    return cut(events, [place for place in where if place < len(events)])


@given(times | damaged, places, st.sampled_from([1.0, 30.0, 50.0, 333.0]))
@settings(max_examples=60, deadline=None)
def test_free_running_windows_do_not_depend_on_packets(t_ns, where, fps):
    events = events_at(t_ns)
    assert run(FreeRunning(fps, GAP_NS), _pieces(events, where)) == run(
        FreeRunning(fps, GAP_NS), [events]
    )


@given(times | damaged, places, st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_windows_by_count_do_not_depend_on_packets(t_ns, where, count):
    events = events_at(t_ns)
    assert run(ByCount(count), _pieces(events, where)) == run(ByCount(count), [events])


@given(times, places, st.lists(st.integers(0, 200_000), max_size=10))
@settings(max_examples=60, deadline=None)
def test_windows_at_triggers_do_not_depend_on_packets(t_ns, where, edges):
    events = events_at(t_ns, triggers=sorted(edge * 100_000 for edge in edges))
    whole = run(AtTriggers('both'), [events])
    pieces = _pieces(events, where)
    in_pieces = run(AtTriggers('both'), pieces)
    assert in_pieces == whole


@given(times, places, st.sampled_from([10.0, 50.0]))
@settings(max_examples=60, deadline=None)
def test_free_running_windows_hold_every_event_once_and_leave_no_gap(t_ns, where, fps):
    windows = run(FreeRunning(fps, GAP_NS), _pieces(events_at(t_ns), where))
    assert [x for _, _, xs, _, _ in windows for x in xs] == list(range(len(t_ns)))
    assert all(one[1] == other[0] for one, other in itertools.pairwise(windows))
    for t_start_ns, t_end_ns, xs, _, _ in windows:
        assert all(t_start_ns <= t_ns[x] < t_end_ns for x in xs)


def test_free_running_begins_at_the_first_event_and_does_not_drift():
    every_second = 5 + np.arange(101, dtype=np.int64) * 10**9
    windows = run(FreeRunning(30.0, 2 * GAP_NS), [events_at(every_second)])
    assert windows[0][0] == 5
    assert windows[2999][1] == 5 + 10**11


def test_a_window_is_not_returned_before_a_later_event_was_pushed():
    cutter = FreeRunning(50.0, GAP_NS)
    assert list(cutter.push(events_at([0, 19 * MS]))) == []
    assert len(list(cutter.push(events_at([20 * MS])))) == 1


def test_an_event_at_the_border_belongs_to_the_later_window():
    windows = run(FreeRunning(50.0, GAP_NS), [events_at([0, 20 * MS, 21 * MS])])
    assert [len(xs) for _, _, xs, _, _ in windows] == [1, 2]


def test_a_pause_gives_empty_windows():
    windows = run(FreeRunning(50.0, GAP_NS), [events_at([0, 70 * MS])])
    assert [len(xs) for _, _, xs, _, _ in windows] == [1, 0, 0, 1]


@pytest.mark.parametrize('places', [[], [1]])
def test_a_long_pause_is_filled_only_at_its_beginning_and_the_grid_is_kept(places):
    events = events_at([0, 10 * 10**9 + 5 * MS, 10 * 10**9 + 25 * MS])
    windows = run(FreeRunning(50.0, 100 * MS), cut(events, places))
    assert [end // MS for _, end, *_ in windows] == [20, 40, 60, 80, 100, 10_020, 10_040]
    assert [len(xs) for _, _, xs, _, _ in windows] == [1, 0, 0, 0, 0, 1, 1]


def test_a_time_stamp_in_the_far_future_does_not_give_windows_up_to_it():
    events = events_at([0, 2**62])
    assert len(run(FreeRunning(50.0, GAP_NS), [events])) < 60
    assert len(run(AtTriggers('up'), [events])) < 5


def test_a_window_by_count_ends_just_after_its_last_event():
    windows = run(ByCount(2), [events_at([3, 7, 8])])
    assert [(start, end, xs) for start, end, xs, _, _ in windows] == [(3, 8, [0, 1]), (8, 9, [2])]


@pytest.mark.parametrize(('edge', 'ends'), [('up', [10, 30]), ('down', [20]), ('both', None)])
def test_only_the_wanted_trigger_edges_ask_for_frames(edge, ends):
    events = events_at([0, 5, 15, 25, 35], triggers=[10, 20, 30])
    events.triggers.p[1] = 0
    windows = run(AtTriggers(edge), [events])
    assert [end for _, end, _, _, _ in windows] == (ends or [10, 20, 30])
    assert windows[0][2] == ([0, 1] if edge != 'down' else [0, 1, 2])


@pytest.mark.parametrize(('channel', 'ends'), [(-1, [10, 30]), (6, [10, 30]), (0, [20])])
def test_only_edges_of_one_trigger_channel_ask_for_frames(channel, ends):
    events = events_at([0, 5, 15, 25, 35], triggers=[10, 20, 30])
    events.triggers.channel[:] = [6, 0, 6]
    cutter = AtTriggers('up', channel)
    assert [end for _, end, _, _, _ in run(cutter, [events])] == ends
    assert dict(cutter.ignored_edges) == ({6: 2} if channel == 0 else {0: 1})


@pytest.mark.parametrize('future', [10**9, 2**60])
def test_an_edge_far_in_the_future_does_not_block_later_edges(future):
    cutter = AtTriggers('up')
    ends = []
    for start in range(0, 500 * MS, 10 * MS):
        edges = [start + 5 * MS] if start != 100 * MS else [start + future, start + 5 * MS]
        windows = cutter.push(events_at(np.arange(start, start + 10 * MS, MS), triggers=edges))
        ends += [window.t_end_ns // MS for window in windows]
    ends += [window.t_end_ns // MS for window in cutter.flush() if window.due][:1]
    assert ends[:50] == list(range(5, 500, 10))


def test_edges_that_are_never_reached_are_bounded_and_counted():
    cutter = AtTriggers('up')
    cutter.push(events_at([0], triggers=range(10**12, 10**12 + MOST_WAITING + 7)))
    assert cutter.late == 7


def test_without_trigger_edges_old_events_are_returned_in_windows_that_are_not_due():
    cutter = AtTriggers('up')
    windows = run(cutter, [events_at(np.arange(0, 5 * HOLD_NS, HOLD_NS // 10))])
    assert windows
    assert not any(due for *_, due in windows)


def _clock():
    """A clock with sensor time 0 at host time 1000 s, observed with a packet per millisecond."""
    clock = SensorClock()
    for index in range(100):
        clock.observe(index * MS, 1000 * 10**9 + index * MS)
    return clock


def test_a_frame_at_a_reference_has_the_stamp_of_the_reference():
    cutter = AtReferences(_clock())
    cutter.push(events_at(np.arange(0, 90 * MS, MS)))
    windows = cutter.push_reference(Reference(1000 * 10**9 + 20 * MS + 123))
    assert [window.stamp_ns for window in windows] == [1000 * 10**9 + 20 * MS + 123]
    assert windows[0].t_end_ns == 20 * MS + 123
    assert len(windows[0].samples) == 21


def test_a_late_reference_gives_the_same_frame_as_an_early_one():
    reference = Reference(1000 * 10**9 + 20 * MS)
    early, late = AtReferences(_clock()), AtReferences(_clock())
    first = early.push_reference(reference) + early.push(events_at(np.arange(0, 90 * MS, MS)))
    second = late.push(events_at(np.arange(0, 90 * MS, MS))) + late.push_reference(reference)
    assert [(w.t_start_ns, w.t_end_ns, len(w.samples)) for w in first] == [
        (w.t_start_ns, w.t_end_ns, len(w.samples)) for w in second
    ]
    assert len(first) == 1


def test_a_reference_before_the_last_frame_gives_no_frame():
    cutter = AtReferences(_clock())
    cutter.push(events_at(np.arange(0, 90 * MS, MS)))
    assert len(cutter.push_reference(Reference(1000 * 10**9 + 50 * MS))) == 1
    assert cutter.push_reference(Reference(1000 * 10**9 + 40 * MS)) == []
    assert cutter.late == 1


def test_references_that_are_never_reached_are_bounded_and_counted():
    cutter = AtReferences(SensorClock())
    for index in range(MOST_WAITING + 10):
        cutter.push_reference(Reference(10**18 + index))
    assert cutter.late == 10


def test_a_reference_far_in_the_future_does_not_hold_back_events():
    cutter = AtReferences(_clock())
    cutter.push_reference(Reference(9000 * 10**9))
    windows = cutter.push(events_at(np.arange(0, 5 * HOLD_NS, HOLD_NS // 10)))
    assert len(windows) >= 3


@given(
    times=st.lists(st.integers(0, 99), max_size=40),
    longest=st.integers(1, 130),
    due=st.booleans(),
)
def test_parts_of_a_window_hold_its_events_in_order_and_cover_its_time(times, longest, due):
    window = Window(0, 100, events_at(times), stamp_ns=7, due=due)
    parts = window.in_parts(longest)
    assert np.concatenate([part.samples.x for part in parts]).tolist() == list(range(len(times)))
    assert [part.t_start_ns for part in parts] == [0, *(part.t_end_ns for part in parts[:-1])]
    assert parts[-1].t_end_ns == 100
    lengths = [part.t_end_ns - part.t_start_ns for part in parts]
    assert max(lengths) <= longest or len(parts) == 1
    assert max(lengths) - min(lengths) <= 1
    assert [part.due for part in parts] == [False] * (len(parts) - 1) + [due]
    if times == sorted(times):
        for part in parts:
            assert (
                (part.samples.t_ns >= part.t_start_ns) & (part.samples.t_ns < part.t_end_ns)
            ).all()
