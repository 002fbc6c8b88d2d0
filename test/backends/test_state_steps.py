# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The state of a network is updated in steps, and frames in between do not change it."""

import itertools

import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 61, 47
MS = 1_000_000
STEP_NS = 15 * MS

if all(candidate.missing() for candidate in CANDIDATES):
    pytest.skip('no backend is installed', allow_module_level=True)


def events_of(count, t_start_ns, t_end_ns):
    return random_events(WIDTH, HEIGHT, count, (t_start_ns, t_end_ns), seed=3)


def loaded(shipped, **settings):
    return NetworkModel(
        read_bundle(shipped), choose_backend(), WIDTH, HEIGHT, NetworkOptions(**settings)
    )


@pytest.fixture
def model(shipped):
    made = loaded(shipped)
    yield made
    made.close()


@pytest.fixture
def stepping(shipped):
    made = loaded(shipped, state_step_ns=STEP_NS)
    yield made
    made.close()


def parts_of(events, borders_ns):
    """Return the windows of sorted events between each two borders."""
    cuts = np.searchsorted(events.t_ns, borders_ns)
    return [
        Window(start_ns, end_ns, events[first:last])
        for (start_ns, end_ns), (first, last) in zip(
            itertools.pairwise(borders_ns), itertools.pairwise(cuts), strict=True
        )
    ]


def test_short_windows_give_the_frames_of_all_events_since_the_last_update(model, stepping):
    events = events_of(6_000, 0, 3 * STEP_NS)
    for window in parts_of(events, range(0, 3 * STEP_NS + 1, 3 * MS)):
        given = stepping.step(window)
        model.forget()
        updates_ns = [t for t in (STEP_NS, 2 * STEP_NS) if t < window.t_end_ns]
        expected = [model.step(one) for one in parts_of(events, [0, *updates_ns, window.t_end_ns])]
        np.testing.assert_array_equal(given, expected[-1])


def test_windows_as_long_as_a_step_are_all_updates(model, stepping):
    events = events_of(6_000, 0, 3 * STEP_NS)
    for window in parts_of(events, range(0, 3 * STEP_NS + 1, STEP_NS)):
        np.testing.assert_array_equal(stepping.step(window), model.step(window))


def test_a_pause_is_not_joined_with_the_windows_before_it(model, stepping):
    later_ns = 10_000 * MS
    early = Window(0, MS, events_of(2_000, 0, MS))
    late = Window(later_ns, later_ns + STEP_NS, events_of(9_000, later_ns, later_ns + STEP_NS))
    stepping.step(early)
    model.step(early)
    np.testing.assert_array_equal(stepping.step(late), model.step(late))


def test_silence_updates_the_state_with_the_events_before_it(model, stepping):
    early = events_of(9_000, 0, 5 * MS)
    late = events_of(9_000, STEP_NS, 2 * STEP_NS)
    for window in parts_of(early, [0, 5 * MS, 10 * MS, STEP_NS]):
        seen = stepping.step(window)
    first = model.step(Window(0, STEP_NS, early))
    assert not np.array_equal(seen, first)  # the image stays, although the state was updated
    window = Window(STEP_NS, 2 * STEP_NS, late)
    np.testing.assert_array_equal(stepping.step(window), model.step(window))


def test_reset_forgets_the_events_since_the_last_update(stepping):
    window = Window(0, MS, events_of(2_000, 0, MS))
    first = stepping.step(window)
    stepping.step(Window(MS, 2 * MS, events_of(2_000, MS, 2 * MS)))
    stepping.reset()
    np.testing.assert_array_equal(stepping.step(window), first)


def test_parts_of_a_long_window_are_never_shorter_than_a_step(stepping):
    assert stepping.longest_window_ns >= 2 * STEP_NS
    window = Window(0, 100 * MS, events_of(9_000, 0, 100 * MS))
    parts = window.in_parts(stepping.longest_window_ns)
    assert len(parts) > 1
    assert all(part.t_end_ns - part.t_start_ns >= STEP_NS for part in parts)


@pytest.mark.parametrize('sync_mode', ['free_running', 'by_count'])
def test_frames_at_a_high_rate_do_not_depend_on_the_packets(shipped, sync_mode):
    events = events_of(8_000, 0, 60 * MS)
    settings = Settings(
        model=str(shipped), fps=500.0, sync_mode=sync_mode, window_events=300, threads=1
    )
    videos = []
    for borders in ([0, 8_000], [0, 7, 1_000, 1_003, 4_000, 8_000]):
        reconstructor, frames = Reconstructor(settings), []
        for number, (first, last) in enumerate(itertools.pairwise(borders)):
            data = encode_mono(events[first:last], 0)
            frames += reconstructor.push(Packet('mono', WIDTH, HEIGHT, number, 0, 0, data))
        frames += reconstructor.flush()
        reconstructor.close()
        videos.append(np.stack([frame.image for frame in frames]))
    assert len(videos[0]) > 20
    np.testing.assert_array_equal(*videos)
