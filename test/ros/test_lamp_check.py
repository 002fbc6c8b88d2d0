# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lamps that flicker are found in the events, and nothing else is."""

import numpy as np
import pytest

from spike_recon_ros.nodes.lamp_check import LampCheck
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.sources.open_source import open_source

SECOND = 10**9


def _events(t_ns, p=1):
    zeros = np.zeros(len(t_ns), np.uint16)
    order = np.argsort(t_ns, kind='stable')
    polarities = np.broadcast_to(p, len(t_ns)).astype(np.uint8)[order]
    return Events(zeros, zeros, polarities, t_ns[order], Triggers.empty())


def _fed(t_ns, p=1, period_ns=SECOND // 25):
    """Return a check that was given events in windows of 40 ms."""
    check = LampCheck()
    events = _events(np.asarray(t_ns, np.int64), p)
    for start in range(0, int(events.t_ns[-1]) + 1, period_ns):
        first, last = np.searchsorted(events.t_ns, [start, start + period_ns])
        check.add(events[int(first) : int(last)])
    return check


@pytest.mark.parametrize('frequency', [100, 120, 250])
@pytest.mark.parametrize('events', [6_000, 300_000])
def test_a_lamp_is_found_with_its_frequency(frequency, events):
    chance = np.random.default_rng(0)
    cycle = chance.integers(0, 3 * frequency, events)
    t_ns = (cycle + chance.normal(0.4, 0.1, events)) * SECOND / frequency
    assert _fed(np.clip(t_ns, 0, None)).frequency_hz == pytest.approx(frequency, abs=1)


@pytest.mark.parametrize('duty', [0.1, 0.5])
def test_a_lamp_is_found_by_events_of_both_polarities(duty):
    chance = np.random.default_rng(4)
    p = chance.integers(0, 2, 100_000)
    cycle = chance.integers(0, 3 * 120, 100_000) + 0.2 + np.where(p, 0.0, duty)
    t_ns = (cycle + chance.normal(0.0, 0.02, 100_000)) * SECOND / 120
    assert _fed(np.clip(t_ns, 0, None), p).frequency_hz == pytest.approx(120, abs=1)


@pytest.mark.parametrize('step_ms', [2.8, 4.0, 10.0])
def test_coarse_time_stamps_are_no_lamp(step_ms):
    chance = np.random.default_rng(5)
    p = chance.integers(0, 2, 100_000)
    t_ns = chance.integers(0, round(3000 / step_ms), 100_000) * round(1e6 * step_ms)
    assert _fed(t_ns).frequency_hz is not None  # by the ON events alone it is like a lamp
    assert _fed(t_ns, p).frequency_hz is None


def test_gaps_in_the_stream_do_not_change_the_frequency():
    chance = np.random.default_rng(3)
    cycle = chance.integers(0, 3 * 120, 100_000)
    t_ns = (cycle + chance.normal(0.4, 0.1, 100_000)) * SECOND / 120
    kept = t_ns[
        (t_ns > 0) & (t_ns % (SECOND / 8) < SECOND / 32)
    ]  # a quarter, in 8 pieces a second
    assert _fed(kept).frequency_hz == pytest.approx(120, abs=1)


@pytest.mark.parametrize('events', [300, 3_000, 300_000])
def test_noise_is_no_lamp(events):
    chance = np.random.default_rng(1)
    assert _fed(chance.integers(0, 3 * SECOND, events)).frequency_hz is None


def test_a_shaking_camera_is_no_lamp():
    chance = np.random.default_rng(2)
    cycle = chance.integers(0, 3 * 12, 50_000)
    t_ns = (cycle + chance.normal(0.5, 0.1, 50_000)) * SECOND / 12
    assert _fed(np.clip(t_ns, 0, None)).frequency_hz is None


def test_spike_planes_and_a_step_back_in_time_do_no_harm():
    check = LampCheck()
    check.add(SpikePlanes(np.zeros((3, 4, 1), np.uint8), np.arange(3)))
    check.add(_events(np.arange(10) + 5 * SECOND))
    check.add(_events(np.arange(10)))
    assert check.frequency_hz is None


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('vga_evt3', 120), ('hd_evt3_trigger', None), ('dvxplorer_libcaer_rollover', None)],
)
def test_real_recordings_under_a_lamp_and_without(recordings, name, expected):
    check, found, decoder = LampCheck(), set(), None
    with open_source(recordings(f'event/{name}')) as source:
        for packet in source:
            decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
            check.add(decoder.decode(packet))
            found.add(check.frequency_hz)
    assert found == {None} | ({expected} if expected else set())
