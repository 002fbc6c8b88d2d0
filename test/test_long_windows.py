# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A window that is too long for a model is processed in parts."""

import numpy as np

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

MS = 1_000_000
SIDE = 16


class RecordingModel:
    """A model that processes 10 ms at a time and records its windows."""

    longest_window_ns = 10 * MS

    def __init__(self):
        self.windows = []

    def step(self, window):
        self.windows.append(window)
        return np.full((SIDE, SIDE), len(self.windows), np.float32)

    def reset(self):
        self.windows.clear()

    def close(self):
        pass


def processed(merge, hurries=lambda done, left: False):
    """Return the frames of 100 ms of events at 40 frames per second, and the model's windows."""
    count = 1001
    zeros = np.zeros(count, np.uint16)
    t_ns = np.arange(count, dtype=np.int64) * MS // 10
    events = Events(zeros, zeros, zeros.astype(np.uint8), t_ns, Triggers.empty())
    model = RecordingModel()
    reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, **__: model)
    reconstructor.holds = lambda joined: joined < merge
    reconstructor.hurries = hurries
    packet = Packet('mono', SIDE, SIDE, 0, 0, 0, encode_mono(events, 0))
    return reconstructor.push(packet), model.windows


def test_a_long_window_is_processed_in_parts():
    frames, parts = processed(merge=1)
    assert [frame.intensity[0, 0] for frame in frames] == [3, 6, 9, 12]
    assert {len(frame.samples) for frame in frames} == {250}
    assert len(parts) == 12
    assert max(part.t_end_ns - part.t_start_ns for part in parts) <= 10 * MS
    assert sum(len(part.samples) for part in parts) == 1000


def test_under_overload_windows_stay_whole():
    frames, windows = processed(merge=2)
    assert len(frames) == len(windows) == 2
    assert {len(window.samples) for window in windows} == {500}


def test_what_is_left_of_a_window_can_be_processed_in_one_step():
    asked = []

    def hurries(done, left):
        asked.append((done, left))
        return left == 2

    frames, parts = processed(merge=1, hurries=hurries)
    assert asked == [(0, 3), (1, 2)] * 4
    assert [len(part.samples) for part in parts[:2]] == [84, 166]
    assert len(parts) == 8
    assert [frame.intensity[0, 0] for frame in frames] == [2, 4, 6, 8]
    assert [parts[0].t_end_ns, parts[1].t_end_ns] == [parts[1].t_start_ns, 25 * MS]
    assert sum(len(part.samples) for part in parts) == 1000
