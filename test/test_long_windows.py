# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A window that is too long for a model is processed in parts, some before it is complete."""

from dataclasses import replace

import numpy as np
import pytest
from stream import EPOCH_NS, HEIGHT, WIDTH, make_events, packets_of

from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import ResetReason
from spike_recon_ros.window_steps import Pace

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
    reconstructor.pace.holds = lambda joined, can_join: joined < merge
    reconstructor.pace.hurries = hurries
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


class Eager(Pace):
    """Processes parts of a window as soon as they are complete."""

    def begins(self):
        return True


def frames_of(packets, pace, **settings):
    """Return the frames of packets with a pace."""
    reconstructor = Reconstructor(Settings(**settings))
    reconstructor.pace = pace
    frames = [frame for packet in packets for frame in reconstructor.push(packet)]
    frames += reconstructor.flush()
    reconstructor.close()
    return frames


@pytest.mark.parametrize(
    'settings',
    [
        {'model': 'two_scale_gru_small'},
        {'model': 'two_scale_gru_small', 'fps': 8.0, 'hot_pixel_time': 0.15},
        {'model': 'two_scale_gru_small', 'grid_origin': 'sensor_time'},
        {'model': 'two_scale_gru_small', 'sync_mode': 'by_count', 'window_events': 3000},
    ],
    ids=lambda settings: ' '.join(map(str, settings.values())),
)
def test_frames_are_the_same_whether_parts_wait_for_their_window_or_not(settings):
    settings = {'fps': 25.0, 'device': 'cpu', 'threads': 1, **settings}
    events = make_events(30_000, step_ns=20_000)
    packets = packets_of(events, range(0, 30_000, 317))
    early, late = (frames_of(packets, pace, **settings) for pace in (Eager(), Pace()))
    assert len(early) == len(late) > 3
    for one, other in zip(early, late, strict=True):
        assert (one.t_ns, one.stamp_ns, one.t_start_ns) == (
            other.t_ns,
            other.stamp_ns,
            other.t_start_ns,
        )
        np.testing.assert_array_equal(one.intensity, other.intensity)
        np.testing.assert_array_equal(one.image, other.image)
        np.testing.assert_array_equal(one.samples.t_ns, other.samples.t_ns)


def test_only_the_last_part_is_left_when_the_last_event_of_a_window_comes():
    model = RecordingModel()
    reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, **__: model)
    reconstructor.pace = Eager()
    steps = []
    for packet in packets_of(make_events(1000, step_ns=100_000), range(0, 1000, 10)):
        reconstructor.push(packet)
        steps.append(len(model.windows))
    # Packets of 1 ms, parts of 25 / 3 ms: a step once a later event has come.
    assert steps[:26] == [0] * 8 + [1] * 8 + [2] * 9 + [3]
    assert steps[-1] == 11


class FrameReader(RecordingModel):
    """A model that records the stamp of the camera's frame for each part."""

    anchor_at = None

    def step(self, window):
        anchor = self.anchor_at(window.t_end_ns)
        self.windows.append(anchor and anchor.stamp_ns)
        return np.zeros((HEIGHT, WIDTH), np.float32)


@pytest.mark.parametrize('pace', [Pace(), Eager()], ids=['waits', 'is eager'])
def test_a_frame_of_the_camera_that_comes_after_later_events_is_used_from_its_time_on(pace):
    model = FrameReader()
    settings = Settings(model='two_scale_gru_frames', frames='anchor', fps=40.0)
    reconstructor = Reconstructor(settings, load=lambda *_, **__: model)
    reconstructor.pace = pace
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    packets = packets_of(make_events(300, step_ns=MS // 10), range(0, 300, 10))
    for number, packet in enumerate(packets):
        reconstructor.push(packet)
        if number == 20:  # parts end after 8.3, 16.7 and 25 ms
            list(reconstructor.stream(CameraFrame(EPOCH_NS + 10 * MS, image)))
    assert model.windows == [None, EPOCH_NS + 10 * MS, EPOCH_NS + 10 * MS]


def test_a_reset_forgets_the_parts_of_the_window_at_hand():
    model = RecordingModel()
    reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, **__: model)
    reconstructor.pace = Eager()
    packets = packets_of(make_events(1000, step_ns=100_000), range(0, 1000, 10))
    for packet in packets[:20]:
        reconstructor.push(packet)
    assert len(model.windows) == 2
    reconstructor.reset()
    frames = [frame for packet in packets[20:] for frame in reconstructor.push(packet)]
    assert frames[0].t_start_ns == 20_000_000
    assert len(frames[0].samples) == 250


def test_a_jump_of_time_in_a_file_forgets_the_parts_of_the_window_at_hand():
    model = RecordingModel()
    reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, **__: model)
    reconstructor.pace = Eager()
    borders = range(0, 1000, 10)
    before = packets_of(make_events(1000, t_start_ns=10_000 * MS, step_ns=100_000), borders)[:20]
    after = packets_of(make_events(1000, t_start_ns=MS, step_ns=100_000), borders, seq=20)
    for packet in before:
        reconstructor.push(replace(packet, stamp_ns=0))
    assert len(model.windows) == 2
    unstamped = (replace(packet, stamp_ns=0) for packet in after)
    frames = [frame for packet in unstamped for frame in reconstructor.push(packet)]
    assert reconstructor.statistics.resets == {ResetReason.TIME_BACKWARDS: 1}
    assert frames[0].t_start_ns == MS
    assert len(frames[0].samples) == 250


def test_no_part_is_processed_before_an_earlier_window_that_waits_to_be_joined():
    class EagerInPairs(Eager):
        def holds(self, count, can_join=True):
            return count < 2

    model = RecordingModel()
    reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, **__: model)
    reconstructor.pace = EagerInPairs()
    for packet in packets_of(make_events(1010, step_ns=100_000), range(0, 1010, 10)):
        reconstructor.push(packet)
    ends = [window.t_end_ns for window in model.windows]
    assert [window.t_start_ns for window in model.windows] == [0, *ends[:-1]]
    assert sum(len(window.samples) for window in model.windows) == 1000


def test_the_parts_of_a_window_are_equal_even_if_the_model_changes_its_limit():
    class Impatient(RecordingModel):
        @property
        def longest_window_ns(self):
            return (5 if self.windows else 10) * MS

    ends = []
    for pace in (Pace(), Eager()):
        model = Impatient()
        reconstructor = Reconstructor(Settings(fps=40.0), load=lambda *_, made=model, **__: made)
        reconstructor.pace = pace
        for packet in packets_of(make_events(510, step_ns=100_000), range(0, 510, 10)):
            reconstructor.push(packet)
        ends.append([window.t_end_ns // MS for window in model.windows])
    assert ends == [[8, 16, 25, 30, 35, 40, 45, 50]] * 2
