# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.rendering.structure import (
    FORGETTING,
    NOISE_SHARE,
    SCENE_SHARE,
    Structure,
    structured_share,
)
from spike_recon_ros.sources.open_source import open_source

HEIGHT, WIDTH = 180, 240
MS = 1_000_000


def events_at(x, y, p, t_ns=0):
    x = np.asarray(x)
    times = np.broadcast_to(np.asarray(t_ns, np.int64), x.shape)
    arrays = (np.broadcast_to(one, x.shape) for one in (y, p))
    y, p = (np.asarray(one) for one in arrays)
    return Events(
        x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), times, Triggers.empty()
    )


def noise(rate_hz, seconds=0.02, seed=0, spread=0.0):
    """Return independent events; `spread` is that of the log of the rate over pixels."""
    chance = np.random.default_rng(seed)
    rates = rate_hz * np.exp(spread * chance.normal(size=(HEIGHT, WIDTH)))
    y, x = np.nonzero(chance.random((HEIGHT, WIDTH)) < rates * seconds)
    return events_at(x, y, chance.integers(0, 2, len(x)))


def edges(shift=0):
    """Return the events of vertical edges that have moved by three pixels."""
    x, y = np.meshgrid(np.arange(20, 220, 40), np.arange(20, 160))
    x = np.concatenate([x.ravel() + step + shift for step in range(3)])
    return events_at(x, np.tile(y.ravel(), 3), x // 40 % 2)


@pytest.mark.parametrize('rate_hz', [0.2, 2.0, 10.0])
@pytest.mark.parametrize('spread', [0.0, 0.5])
def test_independent_events_have_no_structure(rate_hz, spread):
    shares = [
        structured_share(noise(rate_hz, seed=seed, spread=spread), HEIGHT, WIDTH)
        for seed in range(5)
    ]
    assert np.mean(shares) < NOISE_SHARE / 2


def test_noise_in_one_area_alone_has_no_structure():
    events = noise(10.0)
    inside = (events.x < 96) & (events.y < 96)
    dense = events_at(events.x[inside], events.y[inside], events.p[inside])
    assert structured_share(dense, HEIGHT, WIDTH) < NOISE_SHARE


def test_moving_edges_are_structure_with_and_without_noise():
    assert structured_share(edges(), HEIGHT, WIDTH) > 0.9
    together = Events.concatenate([edges(), noise(2.0)])
    assert SCENE_SHARE < structured_share(together, HEIGHT, WIDTH) < 0.9


def test_neighbours_of_the_other_polarity_are_no_structure():
    x = np.arange(40, 200)
    assert structured_share(events_at(x, 90, 1), HEIGHT, WIDTH) > 0.9
    assert structured_share(events_at(x[::2], 90, x[::2] // 2 % 2), HEIGHT, WIDTH) == 0.0


def test_events_in_corners_and_no_events_are_accepted():
    corners = events_at([0, WIDTH - 1, 0, WIDTH - 1], [0, 0, HEIGHT - 1, HEIGHT - 1], 1)
    assert structured_share(corners, HEIGHT, WIDTH) == 0.0
    assert structured_share(corners[:0], HEIGHT, WIDTH) == 0.0
    assert structured_share(corners[:1], 1, 1) == 0.0


def test_a_scene_is_recognised_soon_and_forgotten_slowly():
    structure, size, t_ns = Structure(), (HEIGHT, WIDTH), 0
    shares = []
    for window in range(300):
        t_ns += 20 * MS
        events = edges() if 50 <= window < 100 else noise(2.0, seed=window)
        shares.append(structure.update(events, size, t_ns, 0.2).now)
    assert max(shares[:50]) == 0.0
    assert shares[50] == pytest.approx(1 - np.exp(-0.1))
    assert shares[99] > 0.99
    assert shares[-1] == pytest.approx(shares[99] * np.exp(-4.0 / (0.2 * FORGETTING)), rel=1e-3)


def test_the_share_is_nearly_the_same_at_every_frame_rate():
    whole = Events.concatenate([edges(), noise(0.5)])
    order = np.random.default_rng(1).permutation(len(whole))
    shuffled = events_at(whole.x[order], whole.y[order], whole.p[order])
    found = []
    for parts in (1, 20):
        structure = Structure()
        for k in range(parts):
            first, last = len(shuffled) * k // parts, len(shuffled) * (k + 1) // parts
            part = shuffled[first:last]
            evidence = structure.update(part, (HEIGHT, WIDTH), 20 * MS * (k + 1) // parts, 0.2)
        found.append(evidence.now)
    assert found[0] == found[1] > 0.5


def test_too_few_events_change_nothing():
    structure = Structure()
    assert structure.update(edges()[:10], (HEIGHT, WIDTH), 20 * MS, 0.2) == (0.0, 0.0)
    structure.update(edges(), (HEIGHT, WIDTH), 40 * MS, 0.2)
    assert structure.update(noise(2.0)[:10], (HEIGHT, WIDTH), 90 * MS, 0.2) == (1.0, 1.0)


def test_a_scene_of_the_past_is_remembered_until_the_reset():
    structure, size = Structure(), (HEIGHT, WIDTH)
    structure.update(edges(), size, 20 * MS, 0.2)
    now, ever = structure.update(noise(2.0), size, 60_000 * MS, 0.2)
    assert now < 0.01
    assert ever == 1.0
    structure.reset()
    assert structure.update(noise(2.0), size, 60_020 * MS, 0.2) == (0.0, 0.0)


@pytest.mark.parametrize(
    ('name', 'low', 'high'),
    [
        ('dvxplorer_libcaer_rollover', 0.0, NOISE_SHARE),
        ('hd_evt3_trigger', 0.0, NOISE_SHARE),
        ('davis346_apriltags', SCENE_SHARE, 1.0),
        ('gen3_vga_evt2.raw', SCENE_SHARE, 1.0),
    ],
)
def test_recordings_of_noise_and_of_scenes_are_apart(recordings, name, low, high):
    parts, decoder = [], None
    with open_source(recordings(f'event/{name}')) as source:
        for packet in source:
            decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
            parts.append(decoder.decode(packet))
            if parts[-1].t_ns[-1:].size and parts[-1].t_ns[-1] - parts[0].t_ns[0] > 90 * MS:
                break
    events = Events.concatenate(parts)
    events = events[events.t_ns.searchsorted(events.t_ns[-1] - 20 * MS) :]
    events = events[-packet.height * packet.width // 16 :]
    assert low <= structured_share(events, packet.height, packet.width) <= high
