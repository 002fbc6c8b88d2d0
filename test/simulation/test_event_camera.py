# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The event camera model against analytic properties of such sensors."""

import numpy as np
import pytest

from spike_recon_ros.packets.events import Events
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel
from spike_recon_training.simulation.scene import BoardScene

MS, S = 1_000_000, 1_000_000_000
PERFECT = {'mismatch': 0.0, 'refractory_ns': 0, 'noise_hz': 0.0, 'leak_hz': 0.0, 'hot_pixels': 0}
WIDTH, HEIGHT = 40, 30
PIXELS = WIDTH * HEIGHT


def camera(seed=0, width=WIDTH, height=HEIGHT, **changes):
    return EventCamera(width, height, SensorModel(**{**PERFECT, **changes}), seed)


def record(device, levels, period_ns):
    """Return the events of uniform frames with these luminances, one every `period_ns`."""
    parts = [
        device.step(
            np.broadcast_to(np.float32(level), (device.height, device.width)), k * period_ns
        )
        for k, level in enumerate(levels)
    ]
    return Events.concatenate(parts)


def ramp(log_per_s, duration_s, steps):
    """Return luminances whose logarithm grows linearly with time."""
    return np.exp(np.linspace(0, log_per_s * duration_s, steps + 1) - 2)


def mean_count(change, threshold, other_threshold):
    """Return the mean event count of pixels that start uniformly between their two thresholds."""
    first = (threshold + other_threshold) * (np.arange(10_000) + 0.5) / 10_000
    return (np.floor((change - first) / threshold) + 1).mean()


def counts(events, p=None):
    chosen = events if p is None else events[events.p == p]
    return np.bincount(chosen.y.astype(int) * WIDTH + chosen.x, minlength=PIXELS)


def test_static_scene_without_noise_gives_no_events():
    assert len(record(camera(), [0.4] * 50, MS)) == 0


def test_static_scene_gives_noise_events_at_the_configured_rate():
    events = record(camera(noise_hz=2.0), [0.4] * 2001, MS)
    expected = 2.0 * PIXELS * 2
    assert abs(len(events) - expected) < 5 * np.sqrt(expected)
    assert abs(events.p.mean() - 0.5) < 5 * 0.5 / np.sqrt(expected)
    # The share of pixels without events is that of a Poisson process.
    assert abs((counts(events) == 0).mean() - np.exp(-4)) < 0.02


def test_leak_gives_only_on_events_at_the_configured_rate():
    events = record(camera(leak_hz=5.0), [0.4] * 2001, MS)
    assert events.p.all()
    assert counts(events).mean() == pytest.approx(mean_count(10 * 0.2, 0.2, 0.2), abs=0.1)
    assert np.ptp(counts(events)) <= 2


def test_ramp_gives_the_analytic_number_of_events():
    events = record(camera(), ramp(3.1, 1.0, 100), 10 * MS)
    assert events.p.all()
    assert set(counts(events)) == {14, 15, 16}  # 3.1 / 0.2 = 15.5, from a random reference
    assert counts(events).mean() == pytest.approx(mean_count(3.1, 0.2, 0.2), abs=0.1)


def test_falling_ramp_gives_off_events():
    events = record(camera(contrast_off=0.31), ramp(3.1, 1.0, 100)[::-1], 10 * MS)
    assert not events.p.any()
    assert counts(events).mean() == pytest.approx(mean_count(3.1, 0.31, 0.2), abs=0.1)


def test_ramp_crosses_at_the_analytic_times():
    events = record(camera(), ramp(2.0, 1.0, 7), S // 7)
    for pixel in (0, 17, PIXELS - 1):
        times = events.t_ns[events.y.astype(int) * WIDTH + events.x == pixel]
        assert np.abs(np.diff(times) - S // 10).max() < 200  # single precision of the levels


def test_events_of_a_ramp_do_not_depend_on_its_sampling():
    coarse = record(camera(), ramp(2.3, 0.5, 1), S // 2)
    fine = record(camera(), ramp(2.3, 0.5, 50), S // 100)
    assert np.array_equal(counts(coarse), counts(fine))
    assert np.abs(np.sort(coarse.t_ns) - np.sort(fine.t_ns)).max() < 1000


def test_refractory_time_adds_to_the_event_interval():
    events = record(camera(refractory_ns=30 * MS), ramp(2.0, 1.0, 100), 10 * MS)
    times = events.t_ns[(events.x == 5) & (events.y == 5)]
    assert np.abs(np.diff(times) - 130 * MS).max() < 200


def test_refractory_time_limits_the_event_rate():
    flicker = [0.1, 0.9] * 100
    events = record(camera(refractory_ns=5 * MS, noise_hz=300.0), flicker, 3 * MS)
    pixel = events.y.astype(int) * WIDTH + events.x
    order = np.lexsort((events.t_ns, pixel))
    between = np.diff(events.t_ns[order])[np.diff(pixel[order]) == 0]
    assert len(between) > 1000
    assert between.min() >= 5 * MS


def test_sum_of_events_is_the_change_of_log_luminance():
    scene = BoardScene(WIDTH, HEIGHT, seed=2)
    device = camera(contrast_on=0.15, contrast_off=0.25)
    first, last, parts = scene.luminance(0.0), None, []
    for k in range(400):
        last = scene.luminance(k / 1000)
        parts.append(device.step(last, k * MS))
    events = Events.concatenate(parts)
    assert len(events) > 2 * PIXELS
    summed = 0.15 * counts(events, 1) - 0.25 * counts(events, 0)
    error = summed - np.log(last / first).ravel()
    assert np.abs(error).max() < 0.15 + 0.25 + 1e-4


def test_reversed_motion_flips_polarity():
    scene = BoardScene(WIDTH, HEIGHT, seed=1)
    views = [scene.luminance(k / 1000) for k in range(200)]

    def sensitive_camera():
        return camera(contrast_on=0.05, contrast_off=0.05)

    there, back = (
        Events.concatenate([device.step(view, k * MS) for k, view in enumerate(order)])
        for device, order in ((sensitive_camera(), views), (sensitive_camera(), views[::-1]))
    )
    assert counts(there, 1).sum() > PIXELS
    for one, other in ((1, 0), (0, 1)):
        total = counts(there, one).sum()
        assert abs(total - counts(back, other).sum()) < 0.1 * total
        assert np.corrcoef(counts(there, one), counts(back, other))[0, 1] > 0.9


def test_mismatch_spreads_the_event_counts():
    even, uneven = (counts(record(camera(mismatch=m), ramp(10, 1, 50), S // 50)) for m in (0, 0.1))
    assert even.std() < 0.6
    assert uneven.std() == pytest.approx(0.1 * 50, rel=0.25)


def test_only_hot_pixels_have_a_high_event_rate():
    events = record(camera(hot_pixels=3, hot_pixel_hz=200.0, noise_hz=0.1), [0.4] * 1001, MS)
    assert (counts(events) > 100).sum() == 3


def test_events_are_sorted_by_time_and_on_the_sensor():
    scene = BoardScene(64, 48, seed=0)
    device = EventCamera(64, 48, SensorModel(), seed=5)
    events = Events.concatenate(
        [device.step(scene.luminance(k / 500), 7 * S + k * 2 * MS) for k in range(100)]
    )
    assert (np.diff(events.t_ns) >= 0).all()
    assert events.t_ns[0] >= 7 * S
    assert events.t_ns[-1] <= 7 * S + 99 * 2 * MS
    assert events.x.max() < 64
    assert events.y.max() < 48
    assert [a.dtype for a in (events.x, events.y, events.p, events.t_ns)] == [
        np.uint16,
        np.uint16,
        np.uint8,
        np.int64,
    ]


def test_same_seed_gives_the_same_noise():
    first, same, other = (
        record(camera(seed, noise_hz=5.0), [0.4] * 200, MS).t_ns for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_input_luminance_is_not_changed():
    view = np.full((HEIGHT, WIDTH), 0.4, np.float32)
    device = camera()
    device.step(view, 0)
    device.step(view, MS)
    assert (view == np.float32(0.4)).all()
