# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The store of the frames of an aligned camera, and the anchors that are found in it."""

import numpy as np
import pytest

from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.anchor import Anchors
from spike_recon_ros.frames.camera_frame import CameraFrame, camera_frame
from spike_recon_ros.frames.store import (
    CLOCK_LIMIT_NS,
    LATE_NS,
    MOST_BYTES,
    OLDEST_NS,
    FrameStore,
)

SIZE = 16, 12
MS = 1_000_000


class SensorAhead:
    def __init__(self, offset_ns: int) -> None:
        self._offset_ns = offset_ns

    def host_ns(self, t_ns: int) -> int:
        return t_ns + self._offset_ns


def frame_at(stamp_ns: int, value: int = 0, size: tuple[int, int] = SIZE) -> CameraFrame:
    image = np.arange(size[0] * size[1], dtype=np.uint8).reshape(size[1], size[0])
    return CameraFrame(stamp_ns, image + np.uint8(value))


def test_the_latest_frame_at_or_before_a_time_is_found_whatever_the_order_of_arrival():
    store = FrameStore()
    for stamp_ns in (30, 10, 20):
        store.add(frame_at(stamp_ns), SIZE)
    assert store.problem == ''
    found = [store.at(t_ns) for t_ns in (9, 10, 19, 20, 29, 100)]
    assert [one and one.stamp_ns for one in found] == [None, 10, 10, 20, 20, 30]


def test_frames_that_no_window_can_need_are_discarded():
    store = FrameStore()
    for stamp_ns in range(0, 100, 10):
        store.add(frame_at(stamp_ns), SIZE)
    store.at(55)
    assert len(store) == 5  # 50, and those to come


def test_a_frame_of_another_size_is_refused_with_a_sentence():
    store = FrameStore()
    store.add(frame_at(0, size=(32, 24)), SIZE)
    assert '32x24' in store.problem
    assert '16x12' in store.problem
    assert 'register them' in store.problem
    assert (store.counts.unregistered, len(store)) == (1, 0)


def test_frames_that_came_before_the_first_packet_are_checked_when_the_size_is_known():
    store = FrameStore()
    store.add(frame_at(0, size=(32, 24)))
    store.add(frame_at(5))
    store.check_size(*SIZE)
    assert '32x24' in store.problem
    assert (store.counts.unregistered, len(store)) == (1, 1)


@pytest.mark.parametrize(('shift', 'word'), [(1, 'ahead of'), (-1, 'behind')])
def test_a_frame_on_another_clock_is_refused_with_a_sentence(shift: int, word: str):
    store = FrameStore()
    store.at(100 * CLOCK_LIMIT_NS)
    store.add(frame_at(100 * CLOCK_LIMIT_NS + shift * (CLOCK_LIMIT_NS + 1)), SIZE)
    assert f'10.0 s {word} the events' in store.problem
    assert 'synchronise the clocks' in store.problem
    assert store.counts.other_clock == 1


@pytest.mark.parametrize('level', [0, 255])
def test_a_frame_that_is_black_or_white_is_refused_in_one_sentence(level: int):
    store = FrameStore()
    store.add(CameraFrame(0, np.full((12, 16), level, np.uint8)), SIZE)
    assert 'lens cap' in store.problem
    assert (store.counts.blank, len(store)) == (1, 0)


def test_late_and_repeated_frames_are_counted():
    store = FrameStore()
    store.at(10 * LATE_NS)
    store.add(frame_at(9 * LATE_NS), SIZE)
    assert store.counts.late == 0
    store.add(frame_at(9 * LATE_NS - 1), SIZE)
    store.add(frame_at(9 * LATE_NS), SIZE)
    assert (store.counts.late, store.counts.repeated, store.counts.received) == (1, 1, 3)


def test_frames_whose_stamps_go_back_are_counted_until_the_next_stream():
    store = FrameStore()
    for stamp_ns in (5, 9, 7, 8, 10, 11):
        store.add(frame_at(stamp_ns * LATE_NS), SIZE)
    assert (store.counts.backwards, len(store)) == (2, 6)
    store.reset()
    store.add(frame_at(1), SIZE)
    assert store.counts.backwards == 2


def test_the_oldest_frames_are_dropped_at_the_limit_of_memory():
    store, large = FrameStore(), np.arange(MOST_BYTES // 4, dtype=np.uint8).reshape(1000, -1)
    for stamp_ns in range(6):
        store.add(CameraFrame(stamp_ns, large))
    assert (store.counts.dropped, len(store)) == (2, 4)
    assert store.at(1) is None


def test_a_reset_discards_the_frames_and_keeps_the_counts():
    store = FrameStore()
    store.add(frame_at(5), SIZE)
    store.reset()
    assert (store.at(10), store.counts.received) == (None, 1)


def test_an_anchor_is_cropped_and_binned_like_the_events():
    store = FrameStore()
    store.add(frame_at(1000), SIZE)
    anchors = Anchors(store, Region(*SIZE, 4, 2, 8, 6, 2), lambda: SensorAhead(500))
    anchor = anchors.at(700)
    assert anchor is not None
    assert (anchor.stamp_ns, anchor.age_ns) == (1000, 200)
    cut = frame_at(0).image[2:8, 4:12].astype(float) / 255
    np.testing.assert_allclose(anchor.grey, cut.reshape(3, 2, 4, 2).mean((1, 3)), atol=1e-6)


def test_a_frame_that_is_too_old_is_no_anchor():
    store = FrameStore()
    store.add(frame_at(0), SIZE)
    anchors = Anchors(store, Region(*SIZE, 0, 0, *SIZE, 1), lambda: SensorAhead(0))
    assert anchors.at(OLDEST_NS) is not None
    assert anchors.at(OLDEST_NS + 1) is None


@pytest.mark.parametrize('shape', [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_a_frame_keeps_its_colour_and_has_eight_bits(shape: tuple[int, ...], dtype: type):
    scale = {np.uint8: 255, np.uint16: 65_535, np.float32: 1}[dtype]
    frame = camera_frame(7, (np.full(shape, 0.2) * scale).astype(dtype))
    assert frame.image.dtype == np.uint8
    assert frame.is_colour == (len(shape) == 3 and shape[2] > 1)
    assert frame.grey().shape == (4, 6)
    assert (frame.grey() == 51).all()


def test_frames_of_another_clock_that_came_before_the_events_are_discarded_with_a_sentence():
    store = FrameStore()
    store.add(frame_at(1))
    store.add(frame_at(CLOCK_LIMIT_NS + 5))
    store.note_events(CLOCK_LIMIT_NS + 10)
    assert (store.counts.other_clock, len(store)) == (1, 1)
    assert '10.0 s behind the events' in store.problem


@pytest.mark.parametrize(
    ('value', 'words'),
    [(np.nan, '1 of 192 pixels .* not finite'), (np.inf, 'not finite'), (255.0, 'in 0 to 255')],
)
def test_float_pixels_that_are_no_grey_are_refused_with_a_sentence(value: float, words: str):
    image = np.full((12, 16), 0.0, np.float32)
    image[3, 4] = value
    with pytest.raises(UserError, match=words):
        camera_frame(0, image)


def test_a_float_image_that_slightly_exceeds_1_is_clipped():
    image = np.linspace(-0.02, 1.02, 192, dtype=np.float32).reshape(12, 16)
    assert (camera_frame(0, image).image[0, 0], camera_frame(0, image).image[-1, -1]) == (0, 255)


def test_twelve_bits_in_sixteen_are_refused_with_the_cure():
    values = np.random.default_rng(0).integers(0, 2**12, (12, 16)).astype(np.uint16)
    store = FrameStore()
    store.add(camera_frame(0, values), SIZE)
    assert '16-bit pixels use all 16 bits' in store.problem


def test_frames_without_a_stamp_are_refused_with_their_own_sentence():
    store = FrameStore()
    store.at(2 * CLOCK_LIMIT_NS)
    store.add(frame_at(0), SIZE)
    assert 'the frames have no stamp (0)' in store.problem
