# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Windows on a grid: cameras that share the clock of the grid give frames with equal stamps."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from stream import events_at

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.cutter import FreeRunning, cutter_for
from spike_recon_ros.windows.on_grid import OnGrid

MS = 1_000_000
S = 1_000 * MS
GAP_NS = S
EPOCH_NS = 1_767_225_600 * S + 7 * MS + 123


def packets_of(first_ns, duration_ns, packet_ns, offset_ns, jitter_ns=(0,)):
    """Packets `(events, stamp)`: an event each 0.5 ms, stamps late by the jitter in turn."""
    jitter = itertools.cycle(jitter_ns)
    for start_ns in range(first_ns, first_ns + duration_ns, packet_ns):
        t_ns = np.arange(start_ns, start_ns + packet_ns, MS // 2)
        yield events_at(t_ns), start_ns + offset_ns + next(jitter)


def windows_of(packets, fps, gap_ns=GAP_NS, grid='host_time'):
    """All windows of a stream of packets, and the cutter."""
    clock = SensorClock()
    cutter = OnGrid(fps, gap_ns, clock if grid == 'host_time' else SensorClock())
    windows = []
    for events, stamp_ns in packets:
        clock.observe(int(events.t_ns[0]), stamp_ns)
        windows += cutter.push(events)
    return [*windows, *cutter.flush()], cutter


def stamps_of(windows):
    return [window.stamp_ns for window in windows if window.due]


jitters = st.lists(st.integers(0, MS), min_size=1, max_size=5)
cameras = st.tuples(st.integers(0, 10 * S), st.integers(1, 20), jitters)


@given(cameras, cameras, st.sampled_from([24.0, 29.97, 50.0, 100.0]))
@hypothesis_settings(max_examples=40, deadline=None)
def test_cameras_with_other_clocks_packets_and_jitter_have_equal_stamps(one, other, fps):
    def stamps(camera):
        first_ns, packet_ms, jitter = camera
        packets = packets_of(first_ns, 300 * MS, packet_ms * MS, EPOCH_NS - first_ns, jitter)
        windows, cutter = windows_of(packets, fps)
        assert not cutter.late
        return stamps_of(windows)

    assert set(stamps(one)[1:-1]) <= set(stamps(other))
    steps = np.diff(stamps(one))
    assert np.abs(steps - S / fps).max() <= 1


def test_stamps_are_exact_multiples_of_the_period_however_late_it_is():
    windows, _ = windows_of(packets_of(0, S, 2 * MS, EPOCH_NS), 30.0)
    assert [stamp * 30 % S in (0, 10, S - 10) for stamp in stamps_of(windows)] == [True] * 30


@pytest.mark.parametrize('grid', ['host_time', 'sensor_time'])
def test_windows_hold_every_event_once_and_leave_no_gap(grid):
    packets = [*packets_of(3 * MS, 500 * MS, 5 * MS, EPOCH_NS, [0, MS, 3 * MS])]
    windows, _ = windows_of(packets, 100.0, grid=grid)
    times = np.concatenate([window.samples.t_ns for window in windows])
    assert np.array_equal(times, np.concatenate([events.t_ns for events, _ in packets]))
    assert all(a.t_end_ns == b.t_start_ns for a, b in itertools.pairwise(windows))
    for window in windows:
        inside = (window.samples.t_ns >= window.t_start_ns) & (
            window.samples.t_ns < window.t_end_ns
        )
        assert inside.all()


def test_on_the_grid_of_sensor_time_synchronised_sensors_have_equal_windows():
    early, _ = windows_of(packets_of(0, 500 * MS, 2 * MS, EPOCH_NS), 50.0, grid='sensor_time')
    late, _ = windows_of(
        packets_of(95 * MS, 405 * MS, 5 * MS, EPOCH_NS + 3 * S), 50.0, grid='sensor_time'
    )
    assert stamps_of(late) == stamps_of(early)[-20:] == [k * 20 * MS for k in range(6, 26)]
    for one, other in zip(late[1:], early[-20:], strict=True):
        assert (one.t_start_ns, one.t_end_ns) == (other.t_start_ns, other.t_end_ns)
        assert np.array_equal(one.samples.t_ns, other.samples.t_ns)


def test_the_first_window_is_not_due_unless_it_is_complete():
    first = next(iter(windows_of(packets_of(7 * MS, S, 2 * MS, 0), 50.0, grid='sensor_time')[0]))
    assert (first.t_start_ns, first.t_end_ns, first.due) == (0, 20 * MS, False)
    first = next(iter(windows_of(packets_of(20 * MS, S, 2 * MS, 0), 50.0, grid='sensor_time')[0]))
    assert (first.t_start_ns, first.t_end_ns, first.due) == (20 * MS, 40 * MS, True)


def test_the_grid_is_as_free_running_where_a_stream_begins_on_it():
    packets = [*packets_of(2 * S, S, 5 * MS, 0)]
    free = FreeRunning(30.0, GAP_NS)
    expected = [window for events, _ in packets for window in free.push(events)]
    expected += free.flush()
    found, _ = windows_of(packets, 30.0, grid='sensor_time')
    borders = [(window.t_start_ns, window.t_end_ns) for window in found]
    assert borders == [(window.t_start_ns, window.t_end_ns) for window in expected]


def test_without_stamps_the_grid_is_in_sensor_time():
    packets = [(events, 0) for events, _ in packets_of(93 * MS, 200 * MS, 5 * MS, 0)]
    windows, _ = windows_of(packets, 50.0)
    assert stamps_of(windows) == [k * 20 * MS for k in range(6, 16)]


@pytest.mark.parametrize('step_s', [-3600, -10, 10, 3600])
def test_after_the_host_clock_was_set_stamps_follow_it_and_windows_keep_their_length(step_s):
    before = packets_of(0, S, 2 * MS, EPOCH_NS)
    after = packets_of(S, S, 2 * MS, EPOCH_NS + step_s * S)
    windows, cutter = windows_of([*before, *after], 50.0)
    assert not cutter.late
    stamps = stamps_of(windows)
    assert [stamp % (20 * MS) for stamp in stamps] == [0] * len(stamps)
    assert stamps[-1] - stamps[0] == pytest.approx((2 + step_s) * S, abs=60 * MS)
    assert max(window.t_end_ns - window.t_start_ns for window in windows) <= 40 * MS


def test_a_long_pause_is_skipped_and_the_grid_goes_on():
    packets = [*packets_of(0, S, 2 * MS, EPOCH_NS), *packets_of(60 * S, S, 2 * MS, EPOCH_NS)]
    windows, _ = windows_of(packets, 50.0)
    empty = [window for window in windows if not len(window.samples)]
    assert 45 <= len(empty) <= 55  # max_gap is one second
    assert all(window.stamp_ns % (20 * MS) == 0 for window in windows)
    assert stamps_of(windows)[-1] - stamps_of(windows)[0] == pytest.approx(61 * S, abs=40 * MS)


def test_grid_points_that_a_correction_of_the_clock_passes_over_are_counted():
    packets = packets_of(0, 50 * MS, 2 * MS, EPOCH_NS, [0, 2 * MS, 0])
    windows, cutter = windows_of(packets, 5_000.0)
    assert cutter.late > 0
    stamps = stamps_of(windows)
    missing = (stamps[-1] - stamps[0]) // (MS // 5) + 1 - len(stamps)
    assert missing == cutter.late
    assert all(step > 0 for step in np.diff(stamps))


@pytest.mark.parametrize('mode', ['by_count', 'trigger_events', 'camera_image', 'time_reference'])
def test_a_grid_for_frames_at_no_fixed_rate_is_refused(mode):
    with pytest.raises(UserError, match='grid_origin host_time needs frames at a fixed rate'):
        cutter_for(Settings(grid_origin='host_time', sync_mode=mode), SensorClock())
