# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A defective pixel is found in the events of a live camera, and no scene passes for one."""

import itertools

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.pixel_check import PixelCheck
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import IMAGE

SECOND, EPOCH_NS = 10**9, 1_700_000_000 * 10**9
WIDTH, HEIGHT = 346, 260


def scene(n_events, seconds=2):
    """Return columns, rows and times of events that lie anywhere."""
    chance = np.random.default_rng(0)
    return (
        chance.integers(0, WIDTH, n_events),
        chance.integers(0, HEIGHT, n_events),
        chance.integers(0, seconds * SECOND, n_events),
    )


def pixel(x, y, rate_hz, seconds=2):
    t_ns = np.arange(seconds * rate_hz) * SECOND // rate_hz
    return np.full(len(t_ns), x), np.full(len(t_ns), y), t_ns


def fed(*parts, period_ns=SECOND // 25):
    """Return a check that was given the events of all parts in windows."""
    x, y, t_ns = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(t_ns, kind='stable')
    x, y, t_ns = x[order].astype(np.uint16), y[order].astype(np.uint16), t_ns[order]
    check = PixelCheck()
    for start in range(0, int(t_ns[-1]) + 1, period_ns):
        part = slice(*np.searchsorted(t_ns, [start, start + period_ns]).tolist())
        p = np.ones(len(t_ns[part]), np.uint8)
        check.add(Events(x[part], y[part], p, t_ns[part], Triggers.empty()))
    return check


@pytest.mark.parametrize('place', [(100, 50), (0, 0), (WIDTH - 1, HEIGHT - 1)])
@pytest.mark.parametrize(('n_events', 'rate_hz'), [(2_000, 600), (2_000, 5_000), (400_000, 5_000)])
def test_a_pixel_that_fires_alone_is_found_with_its_rate(place, n_events, rate_hz):
    found = fed(scene(n_events), pixel(*place, rate_hz)).hottest
    assert (found.x, found.y, found.n_hot) == (*place, 1)
    assert found.rate_hz == pytest.approx(rate_hz, rel=0.15)


def test_a_short_recording_that_loops_has_no_pixel_that_fires_too_often():
    x, y, t_ns = (np.concatenate(two) for two in zip(scene(20_000), pixel(9, 9, 400), strict=True))
    order = np.argsort(t_ns)[: len(t_ns) // 4]  # half a second
    x, y, t_ns = x[order].astype(np.uint16), y[order].astype(np.uint16), t_ns[order]
    check, p = PixelCheck(), np.ones(len(x), np.uint8)
    for part in np.array_split(np.arange(len(x)), 12) * 30:
        check.add(Events(x[part], y[part], p[part], t_ns[part], Triggers.empty()))
    assert check.hottest is None


def test_the_most_active_of_several_is_named():
    found = fed(scene(20_000), pixel(9, 9, 2_000), pixel(200, 100, 4_000)).hottest
    assert (found.x, found.y, found.n_hot) == (200, 100, 2)


def test_a_quiet_defect_a_moving_edge_and_a_flickering_spot_are_no_reason():
    steps = np.arange(2 * SECOND // 1_000_000)
    edge = [(np.full(HEIGHT, step % WIDTH), np.arange(HEIGHT), step * 10**6) for step in steps]
    columns, rows, times = zip(*edge, strict=True)
    moving = np.concatenate(columns), np.concatenate(rows), np.repeat(times, HEIGHT)
    spot = [pixel(50 + dx, 60 + dy, 1_000) for dx in range(4) for dy in range(4)]
    assert fed(scene(20_000), pixel(9, 9, 200), moving, *spot).hottest is None


def test_spike_planes_no_events_and_a_step_back_in_time_do_no_harm():
    check = PixelCheck()
    check.add(SpikePlanes(np.zeros((3, 4, 1), np.uint8), np.arange(3)))
    check.add(Events.empty())
    for start in (5 * SECOND, 0, SECOND):
        x, y, t_ns = pixel(1, 1, 1_000)
        t_ns = start + t_ns
        x, y = x.astype(np.uint16), y.astype(np.uint16)
        check.add(Events(x, y, np.ones(len(x), np.uint8), t_ns, Triggers.empty()))
    assert check.hottest is None  # an image of 2x2 pixels shows no neighbours


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('davis346_apriltags', set()),
        ('vga_evt3', set()),
        ('hd_evt3_trigger', set()),
        ('dvxplorer_libcaer_rollover', {(639, 478)}),
    ],
)
def test_real_recordings_with_and_without_such_a_pixel(recordings, name, expected):
    check, decoder, found = PixelCheck(), None, set()
    with open_source(recordings(f'event/{name}')) as source:
        for packet in source:
            decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
            check.add(decoder.decode(packet))
            if check.hottest is not None:
                found.add(check.hottest[:2])
    assert found == expected


def test_the_node_names_a_pixel_that_fires_without_a_cause(
    make_node, camera, subscribe, wait_until
):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    seqs, period_ns, count = itertools.count(), SECOND // 20, 100  # 2,000 events a second
    x, y = np.full(count, 10, np.uint16), np.full(count, 7, np.uint16)
    x[::4], y[::4] = np.random.default_rng(0).integers(0, 48, (2, count // 4))  # a scene

    def is_named():
        seq = next(seqs)
        start_ns = seq * period_ns
        t_ns = start_ns + np.arange(count, dtype=np.int64) * (period_ns // count)
        events = Events(x, y, np.ones(count, np.uint8), t_ns, Triggers.empty())
        stamp_ns, data = EPOCH_NS + start_ns, encode_mono(events, start_ns)
        camera([seq], time_base=start_ns, stamp_ns=stamp_ns, data=data)
        sentences = [message.status[0].message for message in diagnostics]
        return any('the pixel at column 10, row 7 of the image fires' in one for one in sentences)

    wait_until(is_named, 'the pixel')
