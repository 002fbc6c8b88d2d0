# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colour images in folders, bags and videos."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.topics import COLOR_IMAGE

IMAGE = np.full((24, 33, 3), (200, 100, 30), np.uint8)


def write(path):
    with open_sink(path, 25.0) as sink:
        for number in range(3):
            sink.write(IMAGE, number * 40_000_000, number * 40_000_000)
    return path


def test_a_folder_holds_colour_images(tmp_path):
    image = cv2.imread(str(write(tmp_path / 'out') / 'frame_000002.png'))
    np.testing.assert_array_equal(image, IMAGE)


def test_a_bag_holds_colour_images_on_their_topic(tmp_path):
    images = list(read_images(write(tmp_path / 'out.mcap'), COLOR_IMAGE))
    assert [stamp_ns for stamp_ns, _ in images] == [0, 40_000_000, 80_000_000]
    np.testing.assert_array_equal(images[1][1], IMAGE)


def test_a_video_holds_colour_images(tmp_path):
    pytest.importorskip('av')
    video = cv2.VideoCapture(str(write(tmp_path / 'out.mp4')))
    read, image = video.read()
    assert read
    assert np.abs(image[:, :33].astype(int) - IMAGE).mean() < 8
