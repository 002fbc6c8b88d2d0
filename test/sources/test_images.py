# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import sys
import types

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.images import read_images

TOPIC = '/camera/image'
GRAY = np.arange(15, dtype=np.uint8).reshape(3, 5)
IMAGES = {
    'mono8': GRAY,
    'mono16': GRAY.astype(np.uint16) * 4000,
    '32FC1': GRAY.astype(np.float32) / 7,
    'bgr8': np.stack([GRAY, GRAY + 1, GRAY + 2], axis=-1),
}


@pytest.fixture
def rosbags_image(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    return pytest.importorskip('rosbags.image')


@pytest.mark.usefixtures('rosbags_image')
@pytest.mark.parametrize('padding', [0, 4])
@pytest.mark.parametrize('encoding', IMAGES)
def test_images_come_back_as_they_were_sent(either_ros, write_bag, tmp_path, encoding, padding):
    image = IMAGES[encoding]
    content = [(TOPIC, either_ros.image(1_000_000_007, image, encoding, padding))]
    ((stamp_ns, read),) = read_images(write_bag(tmp_path / 'bag', either_ros, content), TOPIC)
    assert stamp_ns == 1_000_000_007
    assert read.dtype == image.dtype
    np.testing.assert_array_equal(read, image)


def test_compressed_image_is_decoded(rosbags_image, ros2, write_bag, tmp_path):
    message = ros2.store.types['sensor_msgs/msg/CompressedImage'](
        header=ros2.header(9), format='png', data=cv2.imencode('.png', GRAY)[1].reshape(-1)
    )
    ((stamp_ns, read),) = read_images(write_bag(tmp_path / 'bag', ros2, [(TOPIC, message)]), TOPIC)
    assert stamp_ns == 9
    np.testing.assert_array_equal(read.reshape(3, 5, -1)[..., 0], GRAY)


def test_cv_bridge_is_preferred_where_it_is_installed(ros2, write_bag, tmp_path, monkeypatch):
    class Bridge:
        def imgmsg_to_cv2(self, message):
            return np.full((message.height, message.width), 77, np.uint8)

    fake = types.ModuleType('cv_bridge')
    fake.CvBridge = Bridge
    monkeypatch.setitem(sys.modules, 'cv_bridge', fake)
    path = write_bag(tmp_path / 'bag', ros2, [(TOPIC, ros2.image(1, GRAY, 'mono8'))])
    ((_, read),) = read_images(path, TOPIC)
    assert read.tolist() == [[77] * 5] * 3


def test_missing_libraries_name_the_command_that_brings_one(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    monkeypatch.setitem(sys.modules, 'rosbags.image', None)
    with pytest.raises(UserError, match='pip install rosbags-image'):
        next(read_images(tmp_path, TOPIC))


def test_topic_without_images_lists_those_with(rosbags_image, ros2, write_bag, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, [(TOPIC, ros2.image(1, GRAY, 'mono8'))])
    with pytest.raises(UserError, match='no image topic /nope; it has: /camera/image'):
        next(read_images(path, '/nope'))


def test_an_unknown_encoding_is_a_user_error(rosbags_image, ros2, write_bag, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, [(TOPIC, ros2.image(1, GRAY, 'velvet'))])
    with pytest.raises(UserError, match='velvet'):
        next(read_images(path, TOPIC))
