# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images and times that programs hand over: written as they are, or refused in one sentence."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.images import read_images

GREY = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64) * 20
NAMES = ['out', 'out.mp4', 'out.mcap']


@pytest.mark.parametrize(
    'image',
    [
        GREY / 65_535,
        GREY.astype(np.int64),
        GREY > 300,
        GREY.astype(np.float16),
        np.dstack([GREY] * 3),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64, 1), np.uint8),
        np.zeros(64, np.uint8),
        np.zeros((0, 64), np.uint8),
        None,
    ],
    ids=lambda image: str(np.shape(image)),
)
@pytest.mark.parametrize('name', NAMES)
def test_images_that_no_file_holds_are_refused(tmp_path, name, image):
    with (
        open_sink(tmp_path / name, 50) as sink,
        pytest.raises(UserError, match='give uint8, uint16 or float32'),
    ):
        sink.write(image, 0, 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    'image', [GREY.astype('>u2'), GREY[::-1, ::2], np.asfortranarray(GREY), GREY[:47, :63]]
)
def test_other_layouts_of_memory_hold_the_same_pixels(tmp_path, image):
    with open_sink(tmp_path / 'out', 50) as sink:
        sink.write(image, 0, 0)
    read = cv2.imread(str(tmp_path / 'out' / 'frame_000000.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(read, image)
    with open_sink(tmp_path / 'out.mcap', 50) as sink:
        sink.write(image, 0, 0)
    ((_, read),) = read_images(tmp_path / 'out.mcap', '/event_camera/recon/image_raw')
    np.testing.assert_array_equal(read, image)


@pytest.mark.parametrize('name', NAMES)
def test_times_may_be_numbers_of_numpy(tmp_path, name):
    with open_sink(tmp_path / name, np.float32(50)) as sink:
        sink.write(GREY, np.int64(5), np.uint64(7))


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('time_ns', [0.5, '0', None])
def test_times_that_are_not_whole_are_refused(tmp_path, name, time_ns):
    with (
        open_sink(tmp_path / name, 50) as sink,
        pytest.raises(UserError, match='give whole nanoseconds'),
    ):
        sink.write(GREY, 0, time_ns)


@pytest.mark.parametrize('stamp_ns', [-1, 2**31 * 10**9])
def test_a_stamp_that_ros_cannot_hold_is_refused_in_a_bag(tmp_path, stamp_ns):
    with (
        open_sink(tmp_path / 'out.mcap', 50) as sink,
        pytest.raises(UserError, match='ROS has times from 1970 to 2038'),
    ):
        sink.write(GREY, 0, stamp_ns)
