# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets and references from ROS 1 and ROS 2 bags, in the order of their recording."""

from collections.abc import Iterator
from pathlib import Path

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_OLD, Packet, Reference
from spike_recon_ros.sources.bag import Bag
from spike_recon_ros.sources.event_array import PACKAGES, parse_event_array
from spike_recon_ros.sources.frame_ids import FrameIds
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source, Topic

PACKET_TYPES = (EVENT_PACKET, EVENT_PACKET_OLD)
EVENT_ARRAY_TYPES = tuple(f'{package}/msg/EventArray' for package in PACKAGES)
REFERENCE_TYPES = (
    'sensor_msgs/msg/Image',
    'sensor_msgs/msg/CompressedImage',
    'sensor_msgs/msg/TimeReference',
)


class RosbagSource(Source):
    """Events topic of a bag, with the stamps of a reference topic where one is asked for.

    EventPacket messages are passed on unchanged; arrays of single events are repacked as `mono`
    packets with sequence numbers of our own, because such messages have none.

    Raises:
        UserError: if the bag is damaged, empty or without the topics asked for.
    """

    def __init__(
        self, path: Path, topic: str | None = None, reference_topic: str | None = None
    ) -> None:
        super().__init__(path)
        self._bag = Bag(path)
        self.warnings = self._bag.warnings
        try:
            self.topics = self._bag.topics
            self._events = self._event_topic(topic)
            self._reference = self._reference_topic(reference_topic)
        except UserError:
            self._bag.close()
            raise
        self.n_packets = self._events.n_messages

    def _event_topic(self, name: str | None) -> Topic:
        if not any(topic.n_messages for topic in self.topics):
            if self._bag.is_unfinished:
                raise UserError(
                    f'{self.path} is cut or was never finished: it holds no whole message; record '
                    'or copy it again'
                )
            raise UserError(f'{self.path} is empty: it holds no message; record it again')
        carriers = [t for t in self.topics if t.type in (*PACKET_TYPES, *EVENT_ARRAY_TYPES)]
        if not carriers:
            raise UserError(
                f'{self.path} has no event topic, only: {_listed(self.topics)}; events are '
                f'{EVENT_PACKET}, or EventArray of {", ".join(PACKAGES)}'
            )
        if name is not None:
            for topic in carriers:
                if topic.name.strip('/') == name.strip('/'):
                    return topic
            raise UserError(f'{self.path} has no event topic {name}; it has: {_listed(carriers)}')
        recorded = [topic for topic in carriers if topic.n_messages]
        if not recorded:
            raise UserError(f'{self.path} holds no message on its event topic {_listed(carriers)}')
        if len(recorded) > 1:
            raise UserError(
                f'{self.path} has several event topics, choose one with --topic: '
                f'{_listed(recorded)}'
            )
        return recorded[0]

    def _reference_topic(self, name: str | None) -> Topic | None:
        if name is None:
            return None
        fitting = [topic for topic in self.topics if topic.type in REFERENCE_TYPES]
        for topic in fitting:
            if topic.name.strip('/') == name.strip('/'):
                return topic
        raise UserError(
            f'{self.path} has no topic {name} of images or time references; '
            f'it has: {_listed(fitting) or "none"}'
        )

    def __iter__(self) -> Iterator[Packet | Reference]:
        names = {topic.name for topic in (self._events, self._reference) if topic}
        seq, cameras = 0, FrameIds(self._events.name)
        for topic, _, raw in self._bag.messages(names):
            if topic == self._reference:
                yield Reference(self._bag.stamp_ns(raw))
                continue
            cameras.follow(self._bag.frame_id(raw))
            if topic.type in PACKET_TYPES:
                yield self._packet(raw)
            elif topic == self._events:
                for packet in self._mono_packets(raw, seq):
                    seq += 1
                    yield packet
        self.warnings = self._bag.warnings

    def _packet(self, raw: bytes) -> Packet:
        message = self._bag.deserialize(raw, EVENT_PACKET)
        if message.is_bigendian:
            raise UserError(
                f'the packets on {self._events.name} were written by a big-endian machine, which '
                'is not supported'
            )
        return Packet(
            encoding=message.encoding,
            width=message.width,
            height=message.height,
            seq=message.seq,
            time_base=message.time_base,
            stamp_ns=self._bag.stamp_ns(raw),
            data=message.events,
        )

    def _mono_packets(self, raw: bytes, first_seq: int) -> Iterator[Packet]:
        try:
            array = parse_event_array(raw, self._bag.is_ros1)
        except ValueError as error:
            raise UserError(
                f'{self.path} is damaged: {first_seq} packets of {self._events.name} could be '
                f'read ({error})'
            ) from error
        stamp_ns = self._bag.stamp_ns(raw)
        return mono_packets(array.events, array.width, array.height, first_seq, stamp_ns)

    def close(self) -> None:
        """Close the bag."""
        self._bag.close()


def _listed(topics: list[Topic] | tuple[Topic, ...]) -> str:
    return ', '.join(
        f'{shown(topic.name)} ({shown(topic.type)}, {topic.n_messages})' for topic in topics[:20]
    )
