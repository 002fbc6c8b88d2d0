# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.offline.scene_summary import SceneSummary
from spike_recon_ros.packets.events import Events, Triggers

WIDTH, HEIGHT = 40, 30


def summary_of(rows, packet_ns=2_000_000):
    t_ns, x, y, p = np.concatenate(rows, axis=1)
    order = np.argsort(t_ns, kind='stable')
    t_ns, x, y, p = t_ns[order], x[order], y[order], p[order]
    summary = SceneSummary(WIDTH, HEIGHT)
    packets = t_ns // packet_ns
    for start, end in zip(
        np.flatnonzero(np.diff(packets, prepend=-1)),
        [*np.flatnonzero(np.diff(packets, prepend=-1))[1:], len(t_ns)],
        strict=True,
    ):
        part = slice(start, end)
        summary.add(
            Events(
                x[part].astype(np.uint16),
                y[part].astype(np.uint16),
                p[part].astype(np.uint8),
                t_ns[part].astype(np.int64),
                Triggers.empty(),
            )
        )
    return summary.summary()


def noise(rate_hz, seconds=2.5, seed=0):
    random = np.random.default_rng(seed)
    count = int(rate_hz * WIDTH * HEIGHT * seconds)
    high = (int(seconds * 1e9), WIDTH, HEIGHT, 2)
    return np.array([random.integers(0, limit, count) for limit in high])


def lamp(hz, seconds=2.5):
    """Every pixel sends one ON event at a phase of 0.2 and one OFF event at 0.7."""
    random = np.random.default_rng(1)
    periods, y, x = np.mgrid[: int(seconds * hz), :HEIGHT, :WIDTH].reshape(3, -1)
    rows = []
    for phase, p in ((0.2, 1), (0.7, 0)):
        t_ns = (periods + phase + random.normal(0, 0.03, len(x))) / hz * 1e9
        rows.append(np.array([np.maximum(t_ns, 0).astype(np.int64), x, y, np.full(len(x), p)]))
    return np.concatenate(rows, axis=1)


@pytest.mark.parametrize('rate_hz', [0.3, 1.0])
def test_the_noise_of_a_still_scene_is_measured(rate_hz):
    found = summary_of([noise(rate_hz)])
    assert found['noise_hz_pixel'] == pytest.approx(rate_hz, rel=0.1)
    assert found['lamp_hz'] is None
    assert (found['hot_pixels'], found['hottest_pixels']) == (0, [])


@pytest.mark.parametrize('hz', [100, 120, 317])
def test_the_frequency_of_a_lamp_is_found(hz):
    found = summary_of([lamp(hz), noise(0.5)])
    assert found['lamp_hz'] == pytest.approx(hz, abs=1)
    assert found['lamp_share_of_time'] == 1.0


def test_a_lamp_is_found_in_less_than_a_second():
    assert summary_of([lamp(100, 0.5)])['lamp_hz'] == pytest.approx(100, abs=2)


def test_hot_pixels_are_listed_with_their_rate_and_are_not_noise():
    random = np.random.default_rng(2)
    hot = np.array([random.integers(0, int(2.5e9), 500), *np.full((3, 500), [[7], [9], [1]])])
    found = summary_of([noise(0.5), hot])
    assert found['hot_pixels'] == 1
    assert (found['hottest_pixels'][0]['x'], found['hottest_pixels'][0]['y']) == (7, 9)
    assert found['hottest_pixels'][0]['rate_hz'] == pytest.approx(200, rel=0.02)
    assert found['noise_hz_pixel'] == pytest.approx(0.5, rel=0.1)
