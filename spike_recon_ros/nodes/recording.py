# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording as messages that are ready to be published."""

import importlib
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from event_camera_msgs.msg import EventPacket

from spike_recon_ros.errors import shown
from spike_recon_ros.nodes.messages import packet_message, time_message
from spike_recon_ros.packets.packet import EVENT_PACKET, Packet
from spike_recon_ros.recording_clock import RecordingClock
from spike_recon_ros.sources.bag import Bag
from spike_recon_ros.sources.open_source import is_bag, open_source
from spike_recon_ros.sources.source import Source
from spike_recon_ros.stream_decoder import StreamDecoder
from spike_recon_ros.topics import EVENTS_NAME, NAMESPACE

# Offset of the first member of a serialized message, here the stamp of its header: four bytes for
# byte order and version come before it.
_STAMP_OFFSET = 4
MOST_EARLY_PACKETS = 1_000
"""Packets without any time that are held until one has a time."""
PACKAGES = frozenset(
    (
        'actionlib_msgs', 'builtin_interfaces', 'diagnostic_msgs', 'event_camera_msgs',
        'geometry_msgs', 'lifecycle_msgs', 'nav_msgs', 'rcl_interfaces', 'rosgraph_msgs',
        'sensor_msgs', 'shape_msgs', 'std_msgs', 'stereo_msgs', 'tf2_msgs', 'trajectory_msgs',
        'vision_msgs', 'visualization_msgs',
    )
)  # fmt: skip
"""Packages whose messages are published. A bag names the package of each type, and importing runs
its code, so a bag must not choose it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be published.

    Attributes:
        t_ns: when, in the time of the recording.
        topic: where.
        message: what, as bytes or as an object.
        is_unstamped: whether the file holds no host time for it, so that its stamp is `t_ns`.
    """

    t_ns: int
    topic: str
    message: Any
    is_unstamped: bool = False


class Recording(ABC):
    """Something to replay, any number of times.

    Attributes:
        topics: the message class of each topic that will be published.
        left_out: topics that cannot be, with the reason.
    """

    topics: dict[str, Any]
    left_out: dict[str, str]

    @abstractmethod
    def messages(self) -> Iterator[Due]:
        """Yield from the beginning, in the order of recording."""

    @abstractmethod
    def close(self) -> None:
        """Close the files; nothing can be replayed after that."""

    @abstractmethod
    def restamped(self, due: Due, stamp_ns: int) -> Any:
        """Return the message with another header stamp; as it is if it has no header."""

    @abstractmethod
    def stamp_ns(self, due: Due) -> int | None:
        """Return the message's header stamp; None if it has none."""


class BagRecording(Recording):
    """A ROS 2 bag: the serialized messages of all topics whose types are known and installed.

    SourceRecording reads the packets of older bags and of ROS 1, whose types have other names.

    Attributes:
        types: names of the message types in the bag.
    """

    def __init__(self, path: Path) -> None:
        self._bag = Bag(path)
        self.topics, self.left_out = {}, {}
        self.types = {topic.type for topic in self._bag.topics}
        for topic in self._bag.topics:
            try:
                self.topics[topic.name] = _message_class(topic.type)
            except LookupError as error:
                self.left_out[topic.name] = str(error.args[0])
        self._stamped = {
            topic
            for topic, kind in self.topics.items()
            if next(iter(kind.get_fields_and_field_types().values()), '') == 'std_msgs/Header'
        }

    def messages(self) -> Iterator[Due]:
        """Yield the messages as bytes, as recorded."""
        for topic, t_ns, raw in self._bag.messages(set(self.topics)):
            yield Due(t_ns, topic.name, bytes(raw))

    def close(self) -> None:
        """Close the bag."""
        self._bag.close()

    def restamped(self, due: Due, stamp_ns: int) -> bytes:
        """Return the bytes with another stamp in the header."""
        if due.topic not in self._stamped:
            return due.message
        stamp = time_message(stamp_ns)
        raw = bytearray(due.message)
        struct.pack_into(
            '<iI' if raw[1] & 1 else '>iI', raw, _STAMP_OFFSET, stamp.sec, stamp.nanosec
        )
        return bytes(raw)

    def stamp_ns(self, due: Due) -> int | None:
        """Return the stamp in the header."""
        return self._bag.stamp_ns(due.message) if due.topic in self._stamped else None


class SourceRecording(Recording):
    """Packets of a file that is no ROS 2 bag, as EventPacket messages on one topic.

    The name of the topic is relative: it is in the namespace of the player.
    """

    FRAME_ID = NAMESPACE

    def __init__(self, path: Path, facts: Mapping[str, Any] | None = None) -> None:
        self._path, self._facts = path, facts or {}
        # Opened now, so that a wrong topic is named before anybody waits for a subscriber.
        self._opened: Source | None = open_source(path, **self._facts)
        self.topics = {EVENTS_NAME: EventPacket}
        self.left_out = {}

    def messages(self) -> Iterator[Due]:
        """Yield a message for each packet, due at its stamp or, without one, its first event.

        Where these times begin again, as in joined files, the messages go on at their pace.
        """
        early: list[Packet] = []  # packets before the first time, such as headers of a stream
        t_ns: int | None = None
        opened, self._opened = self._opened, None
        with opened or open_source(self._path, **self._facts) as source:
            decoder, clock = StreamDecoder(), RecordingClock()
            for packet in source:
                assert isinstance(packet, Packet)
                found_ns = packet.stamp_ns or _first_ns(decoder.decode(packet))
                t_ns = t_ns if found_ns is None else clock.time_of(found_ns)
                early.append(packet)
                if t_ns is None and len(early) < MOST_EARLY_PACKETS:
                    continue
                yield from (self._due(one, t_ns or 0) for one in early)
                early.clear()
        yield from (self._due(one, 0) for one in early)

    def close(self) -> None:
        """Close what was opened and never replayed."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _due(self, packet: Packet, t_ns: int) -> Due:
        message = packet_message(packet, self.FRAME_ID)
        if not packet.stamp_ns:
            message.header.stamp = time_message(t_ns)
        return Due(t_ns, EVENTS_NAME, message, is_unstamped=not packet.stamp_ns)

    def restamped(self, due: Due, stamp_ns: int) -> EventPacket:
        """Set the stamp in the message, which is nobody else's."""
        due.message.header.stamp = time_message(stamp_ns)
        return due.message

    def stamp_ns(self, due: Due) -> int:
        """Return the time at which the message is due; a file may have no stamps of its own."""
        return due.t_ns


def _first_ns(samples: Any) -> int | None:
    """Return the time of the first event or plane; None if there is none."""
    return int(samples.t_ns[0]) if len(samples) else None


def _message_class(kind: str) -> Any:
    """Return the class of a message type, as `std_msgs/msg/Header`.

    Raises:
        LookupError: it is not installed, or its package is not in PACKAGES.
    """
    package, _, name = kind.partition('/msg/')
    if package not in PACKAGES:
        raise LookupError(f'{shown(kind)} is of no package that the player publishes')
    try:
        found = getattr(importlib.import_module(f'{package}.msg'), name)
    except (ImportError, AttributeError):
        found = None
    if not isinstance(found, type) or not hasattr(found, 'get_fields_and_field_types'):
        raise LookupError(f'{shown(kind)} is not installed')
    return found


def open_recording(path: Path, facts: Mapping[str, Any] | None = None) -> Recording:
    """Open anything that `sources` can read.

    Args:
        path: file or folder.
        facts: `topic`, `size`, `encoding` and `planes` of `open_source`, where the user gave them.
            With a topic, only its packets are played.

    Raises:
        UserError: it cannot be read.
    """
    if not any((facts or {}).values()) and is_bag(path) and path.suffix != '.bag':
        recording = BagRecording(path)
        if EVENT_PACKET in recording.types:
            return recording
        recording.close()
    return SourceRecording(path, facts)
