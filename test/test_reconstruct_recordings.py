# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of real recordings of event cameras."""

import itertools

import numpy as np

from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source

MS = 1_000_000


def test_a_real_recording_gives_a_frame_each_20_ms(recordings):
    reconstructor = Reconstructor(Settings(fps=50.0))
    frames = []
    with open_source(recordings('event/davis346_apriltags')) as source:
        for packet in source:
            frames += reconstructor.push(packet)
    frames += reconstructor.flush()
    assert len(frames) == 50
    assert {later.t_ns - earlier.t_ns for earlier, later in itertools.pairwise(frames)} == {
        20 * MS
    }
    assert sum(len(frame.samples) for frame in frames) == 360_223 + 211_043
    assert all(frame.image.shape == (260, 346) and frame.image.std() > 20 for frame in frames)


def test_a_real_recording_gives_a_frame_at_each_trigger_edge(recordings):
    settings = Settings(sync_mode='trigger_events', trigger_edge='up', model='leaky_integrator')
    reconstructor = Reconstructor(settings)
    reconstructor.images.rendering = False
    times_ns = []
    with open_source(recordings('event/vga_evt3')) as source:
        for packet in source:
            times_ns += [frame.t_ns for frame in reconstructor.push(packet)]
    # A rising edge each millisecond; the first comes before the first event.
    assert len(times_ns) == 2078
    assert set(np.diff(times_ns)) == {MS}
