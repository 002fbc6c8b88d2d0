# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Under a lamp the input of a network does not flicker; in steady light nothing changes."""

import numpy as np
import pytest

from spike_recon_ros.backends import dead_zone, lamp_average, threshold_balance
from spike_recon_ros.backends.lamp_watch import FOUND_NS, KEPT_STRETCHES, LampWatch
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT, BINS = 20, 16, 5
WINDOW_NS = 18_000_000
"""Not a multiple of the lamp's period, so that windows end at all of its phases."""


def lamp_times(hz, polarity, per_period, end_ns):
    """Return the times of the steps of one pixel in one direction, evenly in half a period."""
    period_ns = 1e9 / hz
    half = (np.arange(per_period) + 0.5) / per_period / 2 + (0.0 if polarity else 0.5)
    starts = np.arange(int(end_ns / period_ns) + 1)[:, None]
    return ((starts + half) * period_ns).ravel().astype(np.int64)


def lit(hz=100.0, on=3, off=3, end_ns=1_500_000_000):
    """Return the events of a still scene under a lamp."""
    parts = []
    y, x = (grid.ravel() for grid in np.mgrid[:HEIGHT, :WIDTH])
    for polarity, per_period in ((1, on), (0, off)):
        t_ns = np.repeat(lamp_times(hz, polarity, per_period, end_ns), x.size)
        repeats = len(t_ns) // x.size
        parts.append(
            (np.tile(x, repeats), np.tile(y, repeats), np.full(len(t_ns), polarity), t_ns)
        )
    x, y, p, t_ns = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(t_ns, kind='stable')
    types = np.uint16, np.uint16, np.uint8, np.int64
    arrays = (one[order].astype(kind) for one, kind in zip((x, y, p, t_ns), types, strict=True))
    return Events(*arrays, Triggers.empty())


def windows(events):
    for k in range(int(events.t_ns[-1]) // WINDOW_NS):
        start, end = k * WINDOW_NS, (k + 1) * WINDOW_NS
        first, last = np.searchsorted(events.t_ns, (start, end))
        yield Window(start, end, events[int(first) : int(last)])


def followed(watch, events):
    """Yield each window once the average has seen it."""
    for window in windows(events):
        watch.add(window)
        if watch.lamp is not None:
            watch.lamp.add(window)
        yield window


def sums(events):
    """Return the mean change of each window, plain and filtered, once there is a lamp."""
    watch, plain, filtered = LampWatch(WIDTH, HEIGHT), [], []
    for window in followed(watch, events):
        if watch.lamp is not None:
            out = np.ones((BINS, HEIGHT, WIDTH), np.float32)
            watch.lamp.write(window, out)
            filtered.append(out.sum(0).mean())
            times = window.t_start_ns, window.t_end_ns
            grid = voxel_grid(window.samples, *times, bins=BINS, height=HEIGHT, width=WIDTH)
            plain.append(grid.sum(0).mean())
    return watch, np.array(plain), np.array(filtered)


@pytest.mark.parametrize('hz', [100.0, 120.0, 240.0])
def test_the_flicker_of_a_lamp_is_averaged_out(hz):
    watch, plain, filtered = sums(lit(hz))
    assert watch.lamp.frequency_hz == pytest.approx(hz, abs=2)
    assert len(filtered) > 1.1e9 / WINDOW_NS  # found within two stretches
    assert np.abs(filtered[2:]).mean() < 0.35 * np.abs(plain[2:]).mean()


def test_unequal_thresholds_do_not_add_up():
    _, plain, filtered = sums(lit(on=4, off=3))
    assert plain[20:].mean() > 1.5  # the pixels seem to become brighter all the time
    assert abs(filtered[20:].mean()) < 0.2 * plain[20:].mean()


def test_a_window_that_is_read_again_longer_has_all_its_events():
    watch = LampWatch(WIDTH, HEIGHT)
    *_, window = followed(watch, lit(on=3, off=0))
    out = np.empty((BINS, HEIGHT, WIDTH), np.float32)
    longer = Window(window.t_start_ns - 2 * WINDOW_NS, window.t_end_ns, window.samples)
    watch.lamp.write(window, out)
    once = out.sum()
    watch.lamp.write(longer, out)
    assert out.sum() == pytest.approx(3 * once, rel=0.15)


def test_a_moving_scene_in_steady_light_has_no_lamp():
    watch, random = LampWatch(WIDTH, HEIGHT), np.random.default_rng(1)
    count = 60_000
    t_ns = np.sort(random.integers(0, 1_500_000_000, count))
    x, y = random.integers(0, WIDTH, count), random.integers(0, HEIGHT, count)
    events = Events(
        x.astype(np.uint16), y.astype(np.uint16),
        random.integers(0, 2, count).astype(np.uint8), t_ns, Triggers.empty(),
    )  # fmt: skip
    for window in windows(events):
        watch.add(window)
        assert watch.lamp is None


def test_windows_before_a_lamp_was_found_are_read_again_once_if_it_shone_from_the_start():
    watch, before = LampWatch(WIDTH, HEIGHT), []
    for window in windows(lit(on=4, off=3, end_ns=600_000_000)):
        watch.add(window)
        again = watch.take_start()
        if watch.lamp is not None:
            break
        assert not again
        before.append(window)
    assert len(again) == -(-len(before) // 2)  # two windows of 18 ms in each
    assert [one.t_end_ns for one in again[:-1]] == [one.t_end_ns for one in before[1:-1:2]]
    assert sum(len(one.samples) for one in again) == sum(len(one.samples) for one in before)
    change = np.zeros((HEIGHT, WIDTH), np.float32)
    for one in again[1:]:  # the first one lacks the period before it
        out = np.empty((BINS, HEIGHT, WIDTH), np.float32)
        watch.lamp.write(one, out)
        change += out.sum(0)
    periods = (again[-1].t_end_ns - again[0].t_end_ns) / 1e7
    assert np.abs(change).max() < 0.2 * periods  # unaveraged, one event per period
    assert not watch.take_start()


def test_windows_before_the_state_was_zeroed_are_not_read_again():
    watch = LampWatch(WIDTH, HEIGHT)
    for number, window in enumerate(windows(lit(end_ns=600_000_000))):
        watch.add(window)
        if number == 4:
            watch.forget_start()
        again = watch.take_start()
        if watch.lamp is not None:
            break
    assert again[0].t_start_ns == 5 * WINDOW_NS


def test_a_scene_seen_before_a_lamp_is_switched_on_is_not_read_again():
    watch = LampWatch(WIDTH, HEIGHT)
    for k in range(30):  # steady light, a few events
        watch.add(Window(k * WINDOW_NS, (k + 1) * WINDOW_NS, Events.empty()))
    for window in windows(lit(end_ns=600_000_000)):
        watch.add(window)
        assert not watch.take_start()
    assert watch.lamp is not None


def test_windows_of_a_lamp_may_be_empty_or_end_where_they_start():
    watch = LampWatch(WIDTH, HEIGHT)
    *_, window = followed(watch, lit(end_ns=600_000_000))
    end = window.t_end_ns
    nothing = Events.empty()
    for start, stop in ((end, end), (end, end + WINDOW_NS), (end + WINDOW_NS, end + 10**10)):
        empty = Window(start, stop, nothing)
        watch.lamp.add(empty)
        out = np.ones((BINS, HEIGHT, WIDTH), np.float32)
        watch.lamp.write(empty, out)
    assert not out.any()


def test_a_lamp_that_is_switched_off_is_forgotten():
    watch, _, _ = sums(lit(end_ns=600_000_000))
    assert watch.lamp is not None
    still = Events(
        *(np.zeros(2000, kind) for kind in (np.uint16, np.uint16, np.uint8)),
        np.linspace(0.6e9, 0.6e9 + (KEPT_STRETCHES + 3) * FOUND_NS, 2000).astype(np.int64),
        Triggers.empty(),
    )
    for window in windows(still):
        watch.add(window)
    assert watch.lamp is None


def test_a_reset_forgets_the_lamp():
    watch, _, _ = sums(lit(end_ns=600_000_000))
    watch.reset()
    assert watch.lamp is None


def test_no_kernel_is_compiled_when_a_lamp_is_found(monkeypatch):
    events = lit(end_ns=600_000_000)
    watch = LampWatch(WIDTH, HEIGHT)
    kernels = (
        lamp_average._average,
        threshold_balance._count,
        dead_zone._hold_back,
    )
    for kernel in kernels:
        monkeypatch.setattr(kernel, '_can_compile', False)
    padded = np.empty((BINS, HEIGHT + 2, WIDTH + 4), np.float32)
    *_, window = followed(watch, events)
    watch.lamp.write(window, padded[:, :HEIGHT, :WIDTH])
    watch.lamp.write(window, np.empty((BINS, HEIGHT, WIDTH), np.float32))
