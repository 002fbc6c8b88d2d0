# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that read recordings without the package's own sources, and cut packets."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.packets.decoder import DecoderStatistics
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for

MESSAGE = Path(__file__).parents[2] / 'interfaces/event_camera_msgs/msg/EventPacket.msg'
# The older of the two names is that of a package which was renamed; the fields are the same.
TYPES = ('event_camera_msgs/msg/EventPacket', 'event_array_msgs/msg/EventArray')


@pytest.fixture(scope='session')
def bag_packets(recordings) -> Callable[[str], list[Packet]]:
    """Return a function that reads the packets of one of the bags."""
    typestore = get_typestore(Stores.ROS2_HUMBLE)
    for name in TYPES:
        typestore.register(get_types_from_msg(MESSAGE.read_text(), name))

    def read(name: str) -> list[Packet]:
        folder = recordings(f'event/{name}')
        [storage] = [path for path in folder.iterdir() if path.suffix in ('.db3', '.mcap')]
        with Reader(storage) as reader:
            messages = [
                typestore.deserialize_cdr(raw, connection.msgtype)
                for connection, _, raw in reader.messages()
            ]
        return [
            Packet(
                message.encoding,
                message.width,
                message.height,
                message.seq,
                message.time_base,
                message.header.stamp.sec * 10**9 + message.header.stamp.nanosec,
                message.events,
            )
            for message in messages
        ]

    return read


@pytest.fixture(scope='session')
def raw_packet(recordings) -> Callable[[str, str, int, int], Packet]:
    """Return a function that reads a Prophesee RAW file whole."""

    def read(name: str, encoding: str, width: int, height: int) -> Packet:
        data, start = recordings(f'event/{name}').read_bytes(), 0
        while data[start : start + 1] == b'%':
            start = data.index(b'\n', start) + 1
        return Packet(encoding, width, height, 0, 0, 0, np.frombuffer(data, np.uint8)[start:])

    return read


def join(parts: list[Events]) -> Events:
    """Join events with their triggers; no array may be a view of freed memory."""
    return Events.concatenate(parts) if parts else Events.empty()


@pytest.fixture
def decode_all() -> Callable[[list[Packet]], tuple[Events, DecoderStatistics]]:
    """Return a function that decodes packets in order with one new decoder."""

    def decode(packets: list[Packet]) -> tuple[Events, DecoderStatistics]:
        decoder = decoder_for(packets[0].encoding, packets[0].width, packets[0].height)
        events = join([decoder.decode(packet) for packet in packets])
        return events, decoder.statistics

    return decode


@pytest.fixture(scope='session')
def cut() -> Callable[[list[Packet], list[int]], list[Packet]]:
    """Return a function that cuts packets into pieces of the given sizes, used cyclically."""

    def pieces(packets: list[Packet], sizes: list[int]) -> list[Packet]:
        found: list[Packet] = []
        for packet in packets:
            start, rest = 0, packet.data
            while True:
                size = sizes[len(found) % len(sizes)]
                found.append(
                    Packet(
                        packet.encoding,
                        packet.width,
                        packet.height,
                        len(found),
                        packet.time_base,
                        packet.stamp_ns,
                        rest[start : start + size],
                    )
                )
                start += size
                if start >= len(rest):
                    break
        return found

    return pieces


@pytest.fixture(scope='session')
def assert_same_events() -> Callable[[Events, Events], None]:
    """Return a function that asserts that two streams of events and triggers are equal."""

    def compare(one: Events | Triggers, other: Events | Triggers) -> None:
        for name in one.__slots__:
            left, right = getattr(one, name), getattr(other, name)
            if isinstance(left, Triggers):
                compare(left, right)
            else:
                assert left.dtype == right.dtype
                np.testing.assert_array_equal(left, right, err_msg=name)

    return compare
