# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Arrays to messages and back, also as others read them."""

import numpy as np
import pytest
from event_camera_msgs.msg import EventPacket
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.messages import (
    image_array,
    image_message,
    packet_message,
    packet_of,
    time_message,
    time_ns,
)
from spike_recon_ros.packets.packet import Packet

STAMP_NS = 1_700_000_000_123_456_789


def _image(dtype, shape=(5, 7)):
    values = np.random.default_rng(0).random(shape)
    return (values * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_an_image_is_the_same_after_serialization(dtype):
    image = _image(dtype)
    message = deserialize_message(
        serialize_message(image_message(image, STAMP_NS, 'camera')), Image
    )
    np.testing.assert_array_equal(image_array(message), image)
    assert image_array(message).dtype == image.dtype
    assert time_ns(message.header.stamp) == STAMP_NS
    assert message.header.frame_id == 'camera'


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_rosbags_image_reads_our_images(dtype):
    image_tools = pytest.importorskip('rosbags.image')
    image = _image(dtype)
    read = image_tools.message_to_cvimage(image_message(image, STAMP_NS, ''))
    np.testing.assert_array_equal(read, image)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_cv_bridge_reads_our_images(dtype):
    cv_bridge = pytest.importorskip('cv_bridge', reason='cv_bridge comes with a ROS installation')
    image = _image(dtype)
    read = cv_bridge.CvBridge().imgmsg_to_cv2(image_message(image, STAMP_NS, ''))
    np.testing.assert_array_equal(read, image)


def test_a_view_of_a_larger_image_is_sent_as_it_looks():
    image = _image(np.uint8, (10, 12))[2:8, 3:9]
    np.testing.assert_array_equal(image_array(image_message(image, 0, '')), image)


def test_rows_with_padding_are_read_without_it():
    message = image_message(_image(np.uint8, (4, 8)), 0, '')
    message.width = 5
    np.testing.assert_array_equal(image_array(message), _image(np.uint8, (4, 8))[:, :5])


@given(st.binary(max_size=50), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_packet_is_the_same_after_serialization(data, seq, time_base):
    packet = Packet('evt3', 640, 480, seq, time_base, STAMP_NS, np.frombuffer(data, np.uint8))
    raw = serialize_message(packet_message(packet, 'camera'))
    again = packet_of(deserialize_message(raw, EventPacket))
    for name in ('encoding', 'width', 'height', 'seq', 'time_base', 'stamp_ns'):
        assert getattr(again, name) == getattr(packet, name)
    assert again.data.tobytes() == data


def test_a_packet_views_the_bytes_of_its_message():
    message = packet_message(Packet('evt3', 4, 4, 0, 0, 0, np.zeros(4, np.uint8)), '')
    packet = packet_of(message)
    message.events[2] = 7
    assert packet.data.tolist() == [0, 0, 7, 0]


@pytest.mark.parametrize('stamp_ns', [0, STAMP_NS, -1, -(10**9)])
def test_times_are_the_same_after_conversion(stamp_ns):
    assert time_ns(time_message(stamp_ns)) == stamp_ns


def test_a_time_beyond_what_a_message_can_hold_is_clamped():
    assert time_message(2**63 - 1).sec == 2**31 - 1
