# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Noise does not reach the state of a network where nothing moves; every event of a scene does."""

import dataclasses

import numpy as np
import pytest
from stream import on_events

from spike_recon_ros.backends import noise_gate
from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.backends.noise_gate import TILE, NoiseGate
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 150, 99
WINDOW_NS = 20_000_000


def noise(rate_hz, window, seed=0, spread=0.6):
    """Return events of noise whose rate is log-normal over pixels, in window number `window`."""
    rates = np.random.default_rng(99).lognormal(0.0, spread, WIDTH * HEIGHT)
    random = np.random.default_rng((seed, window))
    count = random.poisson(rate_hz * WIDTH * HEIGHT * WINDOW_NS / 1e9)
    pixels = random.choice(len(rates), count, p=rates / rates.sum())
    start = window * WINDOW_NS
    return Events(
        (pixels % WIDTH).astype(np.uint16),
        (pixels // WIDTH).astype(np.uint16),
        random.integers(0, 2, count).astype(np.uint8),
        np.sort(random.integers(start, start + WINDOW_NS, count)),
        Triggers.empty(),
    )


def edge(window, speed_px_s=200.0, rows=slice(20, 80)):
    """Return the events of a vertical edge that moves to the right, one per pixel."""
    start = window * WINDOW_NS
    columns = np.arange(int(start * speed_px_s / 1e9), int((start + WINDOW_NS) * speed_px_s / 1e9))
    x, y = np.meshgrid(columns, np.arange(rows.start, rows.stop))
    t_ns = ((x + 0.5) * 1e9 / speed_px_s).astype(np.int64)
    return on_events(x, y, t_ns)


def both(one, other):
    joined = Events.concatenate([one, other])
    order = np.argsort(joined.t_ns, kind='stable')
    return Events(
        *(array[order] for array in (joined.x, joined.y, joined.p, joined.t_ns)), Triggers.empty()
    )


def windows(make, count):
    return [Window(k * WINDOW_NS, (k + 1) * WINDOW_NS, make(k)) for k in range(count)]


@pytest.mark.parametrize('rate_hz', [0.1, 1.0, 5.0])
def test_noise_alone_is_removed(rate_hz):
    gate = NoiseGate(WIDTH, HEIGHT)
    made = windows(lambda k: noise(rate_hz, k), 60)
    passed = sum(len(gate.apply(window).samples) for window in made[10:])
    assert passed < 0.03 * sum(len(window.samples) for window in made[10:])


@pytest.mark.parametrize('rate_hz', [0.0, 0.3, 3.0])
def test_the_events_of_an_edge_pass_in_noise(rate_hz):
    gate = NoiseGate(WIDTH, HEIGHT)
    made = windows(lambda k: both(edge(k), noise(rate_hz, k)), 30)
    lost = count = 0
    for number, window in enumerate(made):
        passed = gate.apply(window).samples
        wanted = edge(number)
        count += len(wanted)
        sent = set(zip(passed.x.tolist(), passed.y.tolist(), passed.t_ns.tolist(), strict=True))
        own = zip(wanted.x.tolist(), wanted.y.tolist(), wanted.t_ns.tolist(), strict=True)
        lost += sum(event not in sent for event in own)
    assert lost < 0.02 * count


def test_noise_far_from_the_edge_is_removed():
    gate = NoiseGate(WIDTH, HEIGHT)
    made = windows(lambda k: both(edge(k), noise(2.0, k)), 20)
    far = near = 0
    for number, window in enumerate(made):
        passed = gate.apply(window).samples
        is_far = np.abs(passed.x - number * 4.0) > 3 * TILE
        far += int(is_far.sum()) if number > 3 else 0
        near += int((~is_far).sum())
    assert far < 0.05 * near


def test_of_many_events_the_first_of_each_tile_are_enough(monkeypatch):
    made = windows(lambda k: both(edge(k), noise(2.0, k)), 15)
    gates = [NoiseGate(WIDTH, HEIGHT), NoiseGate(WIDTH, HEIGHT)]
    every = [len(gates[0].apply(window).samples) for window in made]
    monkeypatch.setattr(noise_gate, 'MANY_EVENTS', 100)
    some = [len(gates[1].apply(window).samples) for window in made]
    assert not np.array_equal(gates[0]._counts, gates[1]._counts)
    assert some[1:] == pytest.approx(every[1:], rel=0.1)


def test_of_many_events_an_edge_and_noise_are_told_apart_after_the_camera_has_moved(monkeypatch):
    monkeypatch.setattr(noise_gate, 'MANY_EVENTS', 100)
    gate = NoiseGate(WIDTH, HEIGHT)
    for window in windows(lambda k: noise(40.0, k), 5):
        assert len(gate.apply(window).samples) == len(window.samples)
    made = [Window(k * WINDOW_NS, (k + 1) * WINDOW_NS, noise(2.0, k)) for k in range(5, 40)]
    passed = [len(gate.apply(window).samples) for window in made]
    sent = sum(len(window.samples) for window in made[20:])
    assert sum(passed[20:]) < 0.05 * sent
    made = [Window(k * WINDOW_NS, (k + 1) * WINDOW_NS, edge(k % 40)) for k in range(40, 50)]
    for window in made:
        t_ns = window.samples.t_ns + (window.t_start_ns - window.t_start_ns % (40 * WINDOW_NS))
        moved = dataclasses.replace(window.samples, t_ns=t_ns)
        kept = gate.apply(dataclasses.replace(window, samples=moved))
    assert len(kept.samples) == len(moved)


def test_of_many_events_of_a_moving_camera_only_the_last_ones_are_tested(monkeypatch):
    monkeypatch.setattr(noise_gate, 'MANY_EVENTS', 100)
    gate = NoiseGate(WIDTH, HEIGHT)
    gate._is_moving = True
    window = Window(0, WINDOW_NS, noise(10.0, 0))
    gate.apply(window)
    t_ns = window.samples.t_ns
    late = np.count_nonzero(t_ns >= t_ns[-1] - noise_gate.MOVING_NS)
    tested = gate._counts[0, 2].sum()
    assert 0.7 * late < noise_gate.MOVING_TESTED * tested < 1.3 * late
    assert gate._counts[0, 0].sum() == len(t_ns)
    remembered = gate._last_ns[gate._last_ns > noise_gate.NEVER_NS]
    oldest_ns = t_ns[-1] - noise_gate.MOVING_NS - noise_gate.SUPPORT_NS
    assert oldest_ns <= remembered.min() < oldest_ns + 1_000_000


def test_while_all_is_fast_only_late_events_are_remembered(monkeypatch):
    """They are the only ones that later events can be supported by."""
    monkeypatch.setattr(noise_gate, 'MANY_EVENTS', 100)
    gate = NoiseGate(WIDTH, HEIGHT)
    events = noise(40.0, 0)
    gate.apply(Window(0, WINDOW_NS, events))
    late = events.t_ns >= events.t_ns[-1] - noise_gate.SUPPORT_NS
    expected = np.full_like(gate._last_ns, noise_gate.NEVER_NS)
    for x, y, p, t_ns in zip(
        *(one[late] for one in (events.x, events.y, events.p, events.t_ns)), strict=True
    ):
        expected[p, y + 1, x + 1] = t_ns
    assert np.array_equal(gate._last_ns, expected)
    assert not gate._counts[:, 2:].any()


@pytest.mark.parametrize('speed_px_s', [200.0, 1000.0])
def test_the_gate_closes_soon_after_strong_motion_stops(speed_px_s):
    gate = NoiseGate(WIDTH, HEIGHT)

    def scene(number):
        if number >= 50:
            return noise(0.3, number)
        moved = edge(number % 6, speed_px_s)
        t_ns = moved.t_ns + (number - number % 6) * WINDOW_NS
        return Events(moved.x % WIDTH, moved.y, moved.p, t_ns, moved.triggers)

    passed = [len(gate.apply(window).samples) for window in windows(scene, 115)]
    assert min(passed[2:50]) > 0
    assert sum(passed[100:]) == 0  # a second after the motion


def test_a_tile_stays_open_in_pauses_of_a_tenth_of_a_second():
    gate = NoiseGate(WIDTH, HEIGHT)

    def scene(number):
        if number % 5:
            return noise(0.3, number)
        moved = edge(0, 100.0)  # two columns
        t_ns = moved.t_ns + number * WINDOW_NS
        step = Events(moved.x + number // 5, moved.y, moved.p, t_ns, moved.triggers)
        return both(step, noise(0.3, number))

    opened = []
    for window in windows(scene, 40):
        gate.apply(window)
        opened.append(bool(gate.open_tiles[2, 0]))
    assert all(opened[5:])


def test_fast_events_pass_although_all_of_them_are_supported():
    random = np.random.default_rng(5)
    count = round(40 * WIDTH * HEIGHT * WINDOW_NS / 1e9)
    events = Events(
        random.integers(0, WIDTH, count).astype(np.uint16),
        random.integers(0, HEIGHT, count).astype(np.uint16),
        random.integers(0, 2, count).astype(np.uint8),
        np.sort(random.integers(0, WINDOW_NS, count)),
        Triggers.empty(),
    )
    assert len(NoiseGate(WIDTH, HEIGHT).apply(Window(0, WINDOW_NS, events)).samples) == count


def test_where_the_camera_moves_all_events_pass():
    gate = NoiseGate(WIDTH, HEIGHT)
    rows = [slice(first, first + 5) for first in range(0, HEIGHT - 5, 20)]

    def scene(number):
        events = noise(1.0, number)
        for row in rows:
            for shift in (0, 40, 80, 120):
                moved = edge(number % 5, rows=row)
                x = (moved.x + shift) % WIDTH
                t_ns = moved.t_ns + (number - number % 5) * WINDOW_NS
                events = both(events, Events(x, moved.y, moved.p, t_ns, moved.triggers))
        return events

    for window in windows(scene, 8):
        passed = gate.apply(window)
    assert len(passed.samples) == len(window.samples)


def test_the_share_of_events_falls_smoothly_beside_an_open_tile():
    gate = NoiseGate(WIDTH, HEIGHT)
    made = windows(lambda k: both(edge(0, 1000.0, slice(40, 50)), noise(15.0, k)), 1)
    passed = gate.apply(made[0]).samples
    sent = made[0].samples
    shares = [
        np.count_nonzero(passed.x // 8 == column) / np.count_nonzero(sent.x // 8 == column)
        for column in range(WIDTH // 8)
    ]
    assert any(0.1 < share < 0.9 for share in shares)


def faint_support(columns, number):
    """Return, in every second window, two events side by side at each of some columns."""
    if number % 2:
        return Events.empty()
    x = np.array([[column, column + 1] for column in columns])
    return on_events(x, np.full(x.shape, 40), np.full(x.shape, number * WINDOW_NS))


@pytest.mark.parametrize(
    ('columns', 'opens'), [((40,), False), ((40, 100), False), ((40, 56), True)]
)
def test_faint_support_opens_tiles_only_beside_each_other(columns, opens):
    gate = NoiseGate(WIDTH, HEIGHT)
    for window in windows(lambda number: faint_support(columns, number), 30):
        gate.apply(window)
    assert gate.open_tiles.any() == opens


def test_strong_support_opens_a_single_tile():
    gate = NoiseGate(WIDTH, HEIGHT)
    gate.apply(Window(0, WINDOW_NS, faint_support(range(34, 46, 2), 0)))
    assert gate.open_tiles.any()


def test_the_count_of_removed_events_and_a_reset():
    gate = NoiseGate(WIDTH, HEIGHT)
    made = windows(lambda k: noise(1.0, k), 20)
    first = [len(gate.apply(window).samples) for window in made]
    assert gate.removed == sum(len(window.samples) for window in made) - sum(first)
    gate.reset()
    assert [len(gate.apply(window).samples) for window in made] == first


def test_a_window_without_events_or_without_length_is_fine():
    gate = NoiseGate(WIDTH, HEIGHT)
    assert len(gate.apply(Window(0, WINDOW_NS, Events.empty())).samples) == 0
    sent, before = noise(1.0, 0), gate.removed
    passed = gate.apply(Window(0, 0, sent)).samples
    assert len(passed) + gate.removed - before == len(sent) > 0


@pytest.mark.skipif(
    all(candidate.missing() for candidate in CANDIDATES), reason='no backend is installed'
)
def test_a_resting_scene_stays_in_noise(shipped):
    images = {}
    for is_on in (False, True):
        options = NetworkOptions(noise_gate=is_on)
        model = NetworkModel(read_bundle(shipped), choose_backend(), WIDTH, HEIGHT, options)
        made = windows(lambda k: edge(k) if k < 30 else noise(1.0, k), 150)
        steps = [model.step(window) for window in made]
        images[is_on] = float(np.abs(steps[149] - steps[90]).mean())
        assert (model.gated_events > 0) == is_on
        model.close()
    assert images[True] < 0.6 * images[False]
