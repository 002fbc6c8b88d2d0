# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parts of a window that are cut off before it is complete are those that it has later."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream import events_at

from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.cutter import FreeRunning, cutter_for
from spike_recon_ros.windows.window import joined

MS = 1_000_000
LONGEST_NS = 15 * MS
SETTINGS = {
    'free running': Settings(fps=25.0),
    'on a grid': Settings(fps=25.0, grid_origin='sensor_time'),
}


def parts_of(settings, packets, begins):
    """Return the parts of each window, cut off early where `begins` is true after a packet."""
    cutter, windows, begun = cutter_for(settings, SensorClock()), [], []
    for events, may_begin in zip(packets, begins, strict=False):
        for rest in cutter.push(events):
            first_ns = begun[0].t_start_ns if begun else None
            windows.append([*begun, *rest.in_parts(LONGEST_NS, first_ns)])
            begun = []
        while may_begin and (part := cutter.next_part(LONGEST_NS)) is not None:
            begun.append(part)
    return windows


def contents(window):
    return window.t_start_ns, window.t_end_ns, window.stamp_ns, window.due, list(window.samples.x)


@pytest.mark.parametrize('settings', SETTINGS.values(), ids=SETTINGS)
@given(data=st.data())
def test_parts_are_the_same_whether_they_are_cut_off_early_or_not(settings, data):
    steps = st.one_of(st.integers(0, MS), st.integers(-3 * MS, 60 * MS))
    t_ns = 10**9 + np.cumsum(data.draw(st.lists(steps, min_size=20, max_size=120)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(t_ns)), max_size=30)))
    events = events_at(t_ns)
    packets = [events[a:b] for a, b in itertools.pairwise([0, *cuts, len(t_ns)])]
    begins = data.draw(st.lists(st.booleans(), min_size=len(packets), max_size=len(packets)))
    early, late = (
        parts_of(settings, packets, wanted) for wanted in (begins, [False] * len(packets))
    )
    assert len(early) == len(late)
    for some, others in zip(early, late, strict=True):
        assert [contents(part)[:2] for part in some] == [contents(part)[:2] for part in others]
        assert [list(part.samples.x) for part in some] == [list(p.samples.x) for p in others]
        assert contents(joined(some)) == contents(joined(others))


def test_a_part_is_cut_off_as_soon_as_a_later_event_has_come():
    cutter = FreeRunning(25.0, 10**9)
    assert cutter.next_part(LONGEST_NS) is None
    assert not list(cutter.push(events_at([0, 13 * MS])))
    assert cutter.next_part(LONGEST_NS) is None
    assert not list(cutter.push(events_at([14 * MS])))
    part = cutter.next_part(LONGEST_NS)
    assert (part.t_start_ns, part.t_end_ns, part.due) == (0, 40 * MS // 3, False)
    assert cutter.next_part(LONGEST_NS) is None
    (rest,) = cutter.push(events_at([41 * MS]))
    assert (rest.t_start_ns, rest.t_end_ns, rest.due) == (part.t_end_ns, 40 * MS, True)
    assert (len(part.samples), len(rest.samples)) == (2, 1)


def test_a_window_that_is_short_enough_is_not_begun():
    cutter = FreeRunning(100.0, 10**9)
    list(cutter.push(events_at([0, 9 * MS])))
    assert cutter.next_part(LONGEST_NS) is None


def test_the_end_of_a_recording_gives_the_rest_of_a_window_that_was_begun():
    cutter = FreeRunning(25.0, 10**9)
    list(cutter.push(events_at([0, 14 * MS])))
    assert cutter.next_part(LONGEST_NS) is not None
    (rest,) = cutter.flush()
    assert (rest.t_end_ns, len(rest.samples)) == (40 * MS, 1)


def test_a_clock_that_is_corrected_does_not_move_a_border_into_a_part():
    clock = SensorClock()
    cutter = cutter_for(Settings(fps=25.0, grid_origin='host_time'), clock)
    begun_until, ends = None, []
    for number in range(200):
        t_ns = number * 2 * MS
        clock.observe(t_ns, 10**12 + t_ns + (7 * MS * number) % (11 * MS))
        for window in cutter.push(events_at([t_ns, t_ns + MS])):
            assert begun_until in (None, window.t_start_ns)
            assert window.t_end_ns > window.t_start_ns
            ends.append((window.t_start_ns, window.t_end_ns))
            begun_until = None
        while (part := cutter.next_part(LONGEST_NS)) is not None:
            assert begun_until in (None, part.t_start_ns)
            begun_until = part.t_end_ns
    assert len(ends) >= 8
