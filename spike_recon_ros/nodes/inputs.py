# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's subscriptions, which exist only while someone subscribes to the images.

The callbacks only put packets and references into the worker's queue. Packets come on a thread of
their own, see receiver.py, everything else on the executor's.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from event_camera_msgs.msg import EventPacket
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image, TimeReference

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.encodings import frame_of_message
from spike_recon_ros.nodes.diagnostics import TopicStatistics
from spike_recon_ros.nodes.messages import time_ns
from spike_recon_ros.nodes.packet_reader import read_packet
from spike_recon_ros.nodes.qos import events_qos, kept_qos, overridable, reference_qos
from spike_recon_ros.nodes.qos_events import SubscriptionEventCallbacks, UnsupportedEventTypeError
from spike_recon_ros.nodes.receiver import OwnThread, Receiver
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.settings import Settings

REFERENCES = {
    'camera_image': (Image, 'frame_image'),
    'time_reference': (TimeReference, 'time_reference'),
}
"""Type and topic of the references of a `sync_mode`."""
FRAME_TOPIC = 'frame_image'
# A message that seems to have waited longer, s, did not: the host clock was set.
LARGEST_AGE = 60.0


class Inputs:
    """Subscribes to packets, references, frames and camera_info, and unsubscribes again.

    Attributes:
        frame_id: that of the latest packet.
        camera_info: the latest message, if any came.
        packet_size: columns and rows of the sensor in the latest packet; None before it.
        packet_stamp_ns: stamp of the latest packet since the node subscribed; None before it.
        packet_delay: time from the stamp of the latest packet until the middleware received it, by
            the clock of this computer, s; None before it.
        frame_ahead: stamp of the latest frame of the aligned camera minus that of the latest
            packet when the frame came, s; None if either has not come.
        undecodable_frame: why the latest frame that cannot be decoded cannot.
        subscriptions: those that are open.
        wants_frames: whether the pixels of the images on FRAME_TOPIC are used.
        reference_topic: full name of the topic of references; empty if the mode uses none.
        reference_stamp_ns: stamp of the latest reference; None before it.
        reference_ahead: stamp of the latest reference minus that of the latest packet when the
            reference came, s; None if either has not come.
    """

    def __init__(
        self,
        node: Node,
        settings: Settings,
        worker: Worker,
        statistics: TopicStatistics,
    ) -> None:
        self.frame_id = ''
        self.camera_info: CameraInfo | None = None
        self.packet_size: tuple[int, int] | None = None
        self.packet_stamp_ns: int | None = None
        self.packet_delay: float | None = None
        self.frame_ahead: float | None = None
        self.undecodable_frame = ''
        self.subscriptions: list[Subscription] = []
        self.wants_frames = settings.uses_frames
        self.reference_topic = ''
        self.reference_stamp_ns: int | None = None
        self.reference_ahead: float | None = None
        self._receiver: Receiver | None = None
        self._kept: Subscription | None = None
        self._node = node
        self._sync_mode = settings.sync_mode
        self._worker = worker
        self._statistics = statistics

    @property
    def are_open(self) -> bool:
        """Whether the node is subscribed."""
        return bool(self.subscriptions)

    def open(self) -> None:
        """Subscribe to what the settings ask for."""
        self.packet_stamp_ns = self.reference_stamp_ns = self.reference_ahead = None
        self.packet_delay = self.frame_ahead = None
        own = OwnThread()
        packets = self._subscribe(
            EventPacket, 'events', self._on_packet, events_qos(), own, raw=True
        )
        self._receiver = Receiver(packets, self._node.context)
        self._subscribe(CameraInfo, 'camera_info', self._on_camera_info, reference_qos())
        if self._sync_mode in REFERENCES:
            kind, topic = REFERENCES[self._sync_mode]
            self._subscribe(kind, topic, self._on_reference, reference_qos())
            self.reference_topic = self._node.resolve_topic_name(topic)
        if self.wants_frames and self._sync_mode != 'camera_image':
            self._subscribe(Image, FRAME_TOPIC, self._on_frame, reference_qos())
        self.read_kept_camera_info()

    def read_kept_camera_info(self) -> None:
        """Also subscribe to a camera_info that was sent once and is kept for late subscribers.

        Call it now and then while the node is subscribed. The graph is looked at first, because
        publishers that keep nothing would warn of such a subscription.
        """
        if self._kept is not None or not self.are_open:
            return
        topic = self._node.resolve_topic_name('camera_info')
        publishers = self._node.get_publishers_info_by_topic(topic)
        if any(
            one.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in publishers
        ):
            self._kept = self._node.create_subscription(
                CameraInfo, 'camera_info', self._on_camera_info, kept_qos()
            )

    def close(self) -> None:
        """Unsubscribe from everything."""
        if self._receiver is not None:
            self._receiver.stop()
            self._receiver = None
        for subscription in self.subscriptions:
            self._node.destroy_subscription(subscription)
        self.subscriptions = []
        if self._kept is not None:
            self._node.destroy_subscription(self._kept)
            self._kept = None

    def _on_packet(self, serialized: bytes, info: Mapping[str, Any]) -> None:
        try:
            received = read_packet(serialized)
        except ValueError as error:
            self._reject(f'a packet cannot be read: {error}')
            return
        self.frame_id, packet = received.frame_id, received.packet
        if received.is_bigendian:
            self._reject('a packet is big-endian, which is not supported')
            return
        self.packet_stamp_ns = packet.stamp_ns
        self.packet_size = packet.width, packet.height
        age = _age(info)
        self.packet_delay = (time.time_ns() - packet.stamp_ns) / 1e9 - age
        self._worker.put(packet, age)

    def _reject(self, problem: str) -> None:
        self._statistics.rejected_packets += 1
        self._worker.statistics.failure = problem
        self._node.get_logger().error(
            f'{problem}; check the driver that sends it', throttle_duration_sec=5.0
        )

    def _on_reference(self, message: Image | TimeReference) -> None:
        stamp_ns = time_ns(message.header.stamp)
        self._statistics.references += 1
        self.reference_stamp_ns = stamp_ns
        if self.packet_stamp_ns:
            self.reference_ahead = (stamp_ns - self.packet_stamp_ns) / 1e9
        self._worker.put(Reference(stamp_ns))
        if self.wants_frames and isinstance(message, Image):
            self._on_frame(message)

    def _on_frame(self, message: Image) -> None:
        self._statistics.camera_frames += 1
        try:
            frame = frame_of_message(message)
        except UserError as error:
            self._statistics.rejected_camera_frames += 1
            self.undecodable_frame = str(error)
            self._node.get_logger().error(str(error), throttle_duration_sec=5.0)
            return
        if self.packet_stamp_ns:
            self.frame_ahead = (frame.stamp_ns - self.packet_stamp_ns) / 1e9
        self._worker.put_frame(frame)

    def _on_camera_info(self, message: CameraInfo) -> None:
        self.camera_info = message

    def _subscribe(
        self,
        kind: type,
        topic: str,
        callback: Callable[..., None],
        qos: Any,
        group: CallbackGroup | None = None,
        *,
        raw: bool = False,
    ) -> Subscription:
        def create(**events: Any) -> Subscription:
            return self._node.create_subscription(
                kind,
                topic,
                callback,
                qos,
                callback_group=group,
                raw=raw,
                event_callbacks=SubscriptionEventCallbacks(
                    incompatible_qos=self._on_incompatible_qos, **events
                ),
                qos_overriding_options=overridable(),
            )

        try:
            subscription = create(message_lost=self._on_message_lost)
        except UnsupportedEventTypeError:  # not every middleware reports this
            subscription = create()
        self.subscriptions.append(subscription)
        return subscription

    def _on_message_lost(self, info: Any) -> None:
        self._statistics.lost_messages += info.total_count_change
        self._node.get_logger().warning(
            f'the middleware lost {info.total_count_change} messages before they reached the node',
            throttle_duration_sec=5.0,
        )

    def _on_incompatible_qos(self, info: Any) -> None:
        self._statistics.incompatible_qos += info.total_count_change
        self._node.get_logger().warning(
            f'a publisher offers incompatible QoS ({info.last_policy_kind}); set '
            'qos_overrides.<topic>.subscription.* to match it, see `ros2 topic info -v`'
        )


def _age(info: Mapping[str, Any]) -> float:
    """Return how long ago the middleware received a message, s; 0 if it does not report that.

    On a busy machine messages wait in the middleware, too.
    """
    received_ns = info.get('received_timestamp') or 0
    age = (time.time_ns() - received_ns) / 1e9
    return age if received_ns > 0 and 0 < age < LARGEST_AGE else 0.0
