# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets are read from serialized messages as rclpy reads them."""

import numpy as np
import pytest
from event_camera_msgs.msg import EventPacket
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from spike_recon_ros.nodes import packet_reader
from spike_recon_ros.nodes.messages import packet_message, packet_of, time_message
from spike_recon_ros.nodes.packet_reader import read_packet
from spike_recon_ros.packets.packet import Packet

TEXTS = st.text(st.characters(exclude_characters='\0', exclude_categories=['Cs']), max_size=20)
NUMBERS = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)


@st.composite
def messages(draw):
    message = EventPacket(encoding=draw(TEXTS), is_bigendian=draw(st.booleans()))
    stamp_ns = draw(st.integers(-(2**31), 2**31 - 1)) * 10**9 + draw(st.integers(0, 10**9 - 1))
    message.header = Header(frame_id=draw(TEXTS), stamp=time_message(stamp_ns))
    message.height, message.width = draw(NUMBERS[0]), draw(NUMBERS[0])
    message.seq, message.time_base = draw(NUMBERS[1]), draw(NUMBERS[1])
    message.events.frombytes(draw(st.binary(max_size=50)))
    return message


def _fields(packet):
    return [getattr(packet, name) for name in Packet.__slots__ if name != 'data']


def _check_equal(received, message):
    expected = packet_of(message)
    assert _fields(received.packet) == _fields(expected)
    np.testing.assert_array_equal(received.packet.data, expected.data)
    assert received.packet.data.dtype == np.uint8
    assert received.frame_id == message.header.frame_id
    assert received.is_bigendian == message.is_bigendian


@given(messages())
def test_every_field_is_that_of_the_message(message):
    _check_equal(read_packet(serialize_message(message)), message)


@given(messages())
def test_the_fields_are_read_without_the_middleware(message):
    _check_equal(packet_reader._read_cdr(serialize_message(message)), message)


@given(messages())
def test_what_is_serialized_in_another_way_is_read_by_the_middleware(message):
    def refuse(serialized):
        raise ValueError('another way')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packet_reader, '_read_cdr', refuse)
        _check_equal(read_packet(serialize_message(message)), message)


@given(messages(), st.data())
def test_damaged_bytes_give_a_packet_or_one_kind_of_error(message, data):
    serialized = bytearray(serialize_message(message))
    for _ in range(data.draw(st.integers(1, 5))):
        serialized[data.draw(st.integers(4, len(serialized) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(serialized[: data.draw(st.integers(0, len(serialized)))])
    try:
        received = packet_reader._read_cdr(damaged)
    except (ValueError, packet_reader.struct.error):
        return
    assert len(received.packet.data) <= len(damaged)


def test_bytes_that_are_no_packet_are_refused():
    with pytest.raises(ValueError, match='3 bytes are no EventPacket'):
        read_packet(b'\0\1\0')


def test_the_data_is_not_copied():
    packet = Packet('evt3', 640, 480, 1, 2, 3, np.arange(200, dtype=np.uint8))
    serialized = serialize_message(packet_message(packet, 'camera'))
    data = read_packet(serialized).packet.data
    assert np.shares_memory(data, np.frombuffer(serialized, np.uint8))
