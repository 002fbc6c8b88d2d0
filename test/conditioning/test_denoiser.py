# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream import packets_of, run_packets

from spike_recon_ros.conditioning.denoiser import PULSE_NS, Denoiser
from spike_recon_ros.packets.events import Events, Triggers

WIDTH, HEIGHT = 32, 24
MS = 1_000_000


def events_of(rows):
    """Return events of (t_ns, x, y, p), sorted by time."""
    t_ns, x, y, p = np.array(sorted(rows), np.int64).reshape(-1, 4).T
    types = (x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), t_ns.copy())
    return Events(*types, Triggers.empty())


def noise(rate_hz, seconds, seed=0):
    random = np.random.default_rng(seed)
    count = int(rate_hz * WIDTH * HEIGHT * seconds)
    return list(
        zip(
            random.integers(0, int(seconds * 1e9), count),
            random.integers(0, WIDTH, count),
            random.integers(0, HEIGHT, count),
            random.integers(0, 2, count),
            strict=True,
        )
    )


def edge(seconds, columns_s=200.0):
    """A vertical edge that crosses the sensor again and again."""
    steps = int(seconds * columns_s)
    return [
        (int(k / columns_s * 1e9) + 1000 * y + 3000 * n, k % WIDTH, y, k // WIDTH % 2)
        for k in range(steps)
        for y in range(HEIGHT)
        for n in range(2)
    ]


def lamp(seconds, hz, columns=range(WIDTH), on=2, off=2, jitter_ns=300_000, seed=0):
    """Each pixel sends `on` ON events while the light rises, and `off` OFF events later."""
    random = np.random.default_rng(seed)
    rows = []
    for period in range(int(seconds * hz)):
        for x in columns:
            for y in range(HEIGHT):
                for k in range(on + off):
                    phase = 0.1 + 0.1 * k if k < on else 0.6 + 0.1 * (k - on)
                    t_ns = (period + phase) / hz * 1e9 + random.normal(0, jitter_ns)
                    rows.append((int(max(t_ns, 0)), x, y, int(k < on)))
    return rows


def kept(events, flicker_hz=0.0, noise_ms=0.0, cuts=()):
    denoiser = Denoiser(WIDTH, HEIGHT, flicker_hz, round(noise_ms * MS))
    parts, removed = [], 0
    for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
        part = events[start:end]
        copy = Events(part.x.copy(), part.y.copy(), part.p.copy(), part.t_ns.copy(), part.triggers)
        count, flicker = denoiser.apply(copy)
        parts.append(copy[:count])
        removed += flicker
    return Events.concatenate(parts), removed


def test_background_activity_is_removed_and_an_edge_passes():
    seconds = 2.0
    only_noise, _ = kept(events_of(noise(0.5, seconds)), noise_ms=5.0)
    # 8 pixels fire 0.02 times in 5 ms by chance; 2 ms without an event let one pass.
    assert len(only_noise) < 0.1 * 768 + seconds * 1e9 / PULSE_NS
    moving = events_of(edge(seconds))
    left, _ = kept(moving, noise_ms=5.0)
    assert len(left) > 0.97 * len(moving)


def test_a_hot_pixel_does_not_support_itself():
    events = events_of([(k * MS // 10, 9, 9, 1) for k in range(1000)])
    left, _ = kept(events, noise_ms=5.0)
    assert len(left) <= 1 + 100 * MS // PULSE_NS


@pytest.mark.parametrize('offset', [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1)])
def test_each_neighbour_supports_an_event_in_time(offset):
    first = (MS, 5, 5, 1)
    x, y = 5 + offset[0], 5 + offset[1]
    left, _ = kept(events_of([(0, 20, 20, 0), first, (2 * MS, x, y, 0)]), noise_ms=1.0)
    assert (2 * MS, x, y) in zip(left.t_ns, left.x, left.y, strict=True)
    late = [(0, 20, 20, 0), first, (2 * MS, 20, 10, 0), (2 * MS + 1, x, y, 0)]
    left, _ = kept(events_of(late), noise_ms=1.0)
    assert (2 * MS + 1, x, y) not in zip(left.t_ns, left.x, left.y, strict=True)


@pytest.mark.parametrize('hz', [100.0, 120.0, 240.0])
def test_a_lamp_is_removed_once_it_is_learned(hz):
    events = events_of(lamp(1.0, hz, jitter_ns=0.03e9 / hz))
    left, removed = kept(events, flicker_hz=hz)
    late = events.t_ns >= 300 * MS
    still = np.count_nonzero(left.t_ns >= 300 * MS)
    assert still < 0.05 * np.count_nonzero(late)
    assert removed == len(events) - len(left)


def test_an_edge_passes_where_no_lamp_is_and_mostly_where_one_is():
    moving, lit = edge(1.0), lamp(1.0, 100.0, range(WIDTH // 2))
    events = events_of(moving + lit)
    left, _ = kept(events, flicker_hz=100.0)
    dark_given = np.count_nonzero(events.x >= WIDTH // 2)
    assert np.count_nonzero(left.x >= WIDTH // 2) == dark_given
    alone, _ = kept(events_of(lit), flicker_hz=100.0)
    late_in_light = (left.x < WIDTH // 2) & (left.t_ns > 300 * MS)
    late_alone = np.count_nonzero(alone.t_ns > 300 * MS)
    of_edge = sum(t > 300 * MS and x < WIDTH // 2 for t, x, _, _ in moving)
    assert 0.5 * of_edge < np.count_nonzero(late_in_light) - late_alone < 1.5 * of_edge


def test_a_lamp_of_another_frequency_passes():
    events = events_of(lamp(0.5, 100.0))
    left, _ = kept(events, flicker_hz=137.0)
    assert len(left) > 0.6 * len(events)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=6))
def test_the_filters_do_not_depend_on_how_the_stream_is_cut(cuts):
    events = events_of(noise(2.0, 0.2) + edge(0.2) + lamp(0.2, 100.0, range(6)))
    once, _ = kept(events, 100.0, 4.0)
    cut, _ = kept(events, 100.0, 4.0, sorted(cuts))
    assert np.array_equal(once.t_ns, cut.t_ns)
    assert np.array_equal(once.x, cut.x)


def test_a_still_scene_whose_noise_is_removed_still_gives_frames():
    events = events_of(noise(0.5, 2.0))
    frames, _, reconstructor = run_packets(packets_of(events, [300]), noise_filter_time=0.002)
    whole, _, _ = run_packets(packets_of(events, [300]))
    counts = reconstructor.statistics
    assert abs(len(frames) - len(whole)) <= 1
    assert counts.noise_events == len(events) - sum(len(frame.samples) for frame in frames)
    assert counts.noise_events > 0.3 * len(events)


def test_any_times_are_survived():
    random = np.random.default_rng(0)
    t_ns = random.integers(-(2**62), 2**62, 2000)
    places = random.integers(0, 20, (2, 2000)).astype(np.uint16)
    events = Events(*places, np.ones(2000, np.uint8), t_ns, Triggers.empty())
    left, _ = kept(events, 100.0, 5.0)
    assert len(left) <= 2000


def test_the_filters_run_on_the_sensor_before_binning():
    rows = [(MS, 10, 10, 1), (MS + 1000, 11, 10, 1), (MS + 2000, 14, 10, 1)]
    frames, _, _ = run_packets(
        packets_of(events_of(rows), []), noise_filter_time=0.01, scale=2, roi='0,0,32,16'
    )
    # The last pixel is next to the others only after binning. The first passes as the first.
    assert frames[0].samples.x.tolist() == [5, 5]
