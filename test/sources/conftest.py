# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bags that the tests write for themselves."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

PACKAGES = ('dvs_msgs', 'prophesee_event_msgs', 'dv_ros_msgs', 'dv_ros2_msgs')
EVENT_PACKET = """
std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
"""
EVENT = 'uint16 x\nuint16 y\n{time} ts\nbool polarity\n'
EVENT_ARRAY = 'std_msgs/Header header\nuint32 height\nuint32 width\n{package}/Event[] events\n'

TOPIC = '/event_camera/events'


class Messages:
    """Makes and serializes the messages of one ROS generation."""

    def __init__(self, is_ros1: bool) -> None:
        self.is_ros1 = is_ros1
        self.store = get_typestore(Stores.ROS1_NOETIC if is_ros1 else Stores.ROS2_HUMBLE)
        time = 'time' if is_ros1 else 'builtin_interfaces/Time'
        definitions = {'event_camera_msgs/msg/EventPacket': EVENT_PACKET}
        for package in PACKAGES:
            definitions[f'{package}/msg/Event'] = EVENT.format(time=time)
            definitions[f'{package}/msg/EventArray'] = EVENT_ARRAY.format(package=package)
        for name, text in definitions.items():
            self.store.register(get_types_from_msg(text, name))

    def time(self, t_ns: int) -> Any:
        seconds, nanoseconds = divmod(t_ns, 1_000_000_000)
        return self.store.types['builtin_interfaces/msg/Time'](sec=seconds, nanosec=nanoseconds)

    def header(self, stamp_ns: int, frame_id: str = 'camera') -> Any:
        more = {'seq': 7} if self.is_ros1 else {}
        kind = self.store.types['std_msgs/msg/Header']
        return kind(stamp=self.time(stamp_ns), frame_id=frame_id, **more)

    def packet(self, stamp_ns: int, seq: int, data: bytes = bytes(16), **fields: Any) -> Any:
        values = {'height': 480, 'width': 640, 'time_base': 5, 'encoding': 'mono'} | fields
        return self.store.types['event_camera_msgs/msg/EventPacket'](
            header=self.header(stamp_ns),
            seq=seq,
            is_bigendian=values.pop('is_bigendian', False),
            events=np.frombuffer(data, np.uint8),
            **values,
        )

    def event_array(
        self,
        package: str,
        stamp_ns: int,
        events: Sequence[tuple[int, int, int, int]],
        frame_id: str = 'camera',
    ) -> Any:
        event = self.store.types[f'{package}/msg/Event']
        return self.store.types[f'{package}/msg/EventArray'](
            header=self.header(stamp_ns, frame_id),
            height=260,
            width=346,
            events=[
                event(x=x, y=y, polarity=bool(p), ts=self.time(t_ns)) for x, y, p, t_ns in events
            ],
        )

    def image(self, stamp_ns: int, pixels: np.ndarray, encoding: str, padding: int = 0) -> Any:
        rows = pixels.reshape(len(pixels), -1).view(np.uint8)
        rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=255)
        return self.store.types['sensor_msgs/msg/Image'](
            header=self.header(stamp_ns),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=rows.shape[1],
            data=rows.reshape(-1),
        )

    def serialize(self, message: Any, little_endian: bool = True) -> bytes:
        if self.is_ros1:
            return bytes(self.store.serialize_ros1(message, message.__msgtype__))
        raw = self.store.serialize_cdr(message, message.__msgtype__, little_endian=little_endian)
        return bytes(raw)


@pytest.fixture(scope='session', params=['ros1', 'ros2'])
def either_ros(request: pytest.FixtureRequest) -> Messages:
    return Messages(is_ros1=request.param == 'ros1')


@pytest.fixture(scope='session')
def ros1() -> Messages:
    return Messages(is_ros1=True)


@pytest.fixture(scope='session')
def ros2() -> Messages:
    return Messages(is_ros1=False)


@pytest.fixture(scope='session')
def write_bag() -> Callable[..., Path]:
    """Return a function that writes `(topic, message)` pairs, one millisecond apart, as a bag."""

    def write(
        path: Path,
        messages: Messages,
        content: Sequence[tuple[str, Any]],
        *,
        storage: str = 'mcap',
        compression: str = 'none',
        empty_topics: Sequence[tuple[str, str]] = (),
    ) -> Path:
        writer: Any
        if messages.is_ros1:
            path = path.with_suffix('.bag')
            writer = Writer1(path)
            if compression != 'none':
                writer.set_compression(Writer1.CompressionFormat[compression.upper()])
        else:
            writer = Writer2(path, version=8, storage_plugin=StoragePlugin[storage.upper()])
            writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
        connections = {}
        with writer:
            kinds = [(topic, message.__msgtype__) for topic, message in content]
            for topic, kind in [*kinds, *empty_topics]:
                if topic not in connections:
                    connections[topic] = writer.add_connection(
                        topic, kind, typestore=messages.store
                    )
            for index, (topic, message) in enumerate(content):
                raw = messages.serialize(message)
                writer.write(connections[topic], (index + 1) * 1_000_000, raw)
        return path

    return write


@pytest.fixture(scope='session')
def events_topic() -> str:
    return TOPIC
