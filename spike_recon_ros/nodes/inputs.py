# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's subscriptions, there only while someone looks at the image.

Comes in: messages. Goes out: Packets and References, to the worker's queue, at once. Knows nothing
about frames.
"""

from collections.abc import Callable
from typing import Any

from event_camera_msgs.msg import EventPacket
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image, TimeReference

from spike_recon_ros.nodes.diagnostics import TopicStatistics
from spike_recon_ros.nodes.messages import packet_of, time_ns
from spike_recon_ros.nodes.qos import events_qos, overridable, reference_qos
from spike_recon_ros.nodes.qos_events import SubscriptionEventCallbacks, UnsupportedEventTypeError
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.packet import Reference


class Inputs:
    """Subscribes to packets, references and camera_info, and unsubscribes again.

    Attributes:
        frame_id: that of the latest packet.
        camera_info: the latest message, if any came.
    """

    def __init__(
        self, node: Node, sync_mode: str, worker: Worker, statistics: TopicStatistics
    ) -> None:
        self.frame_id = ''
        self.camera_info: CameraInfo | None = None
        self._node = node
        self._sync_mode = sync_mode
        self._worker = worker
        self._statistics = statistics
        self._subscriptions: list[Subscription] = []

    @property
    def are_open(self) -> bool:
        """Whether the node is subscribed."""
        return bool(self._subscriptions)

    def open(self) -> None:
        """Subscribe to what the settings ask for."""
        self._subscribe(EventPacket, 'events', self._on_packet, events_qos())
        self._subscribe(CameraInfo, 'camera_info', self._on_camera_info, reference_qos())
        if self._sync_mode == 'camera_image':
            self._subscribe(Image, 'frame_image', self._on_reference, reference_qos())
        elif self._sync_mode == 'time_reference':
            self._subscribe(TimeReference, 'time_reference', self._on_reference, reference_qos())

    def close(self) -> None:
        """Unsubscribe from everything."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _on_packet(self, message: EventPacket) -> None:
        self.frame_id = message.header.frame_id
        if message.is_bigendian:
            self._statistics.refused_packets += 1
            self._node.get_logger().error(
                'a packet is big-endian, which is not supported; check the driver that sends it',
                throttle_duration_sec=5.0,
            )
            return
        self._worker.put(packet_of(message))

    def _on_reference(self, message: Image | TimeReference) -> None:
        self._worker.put(Reference(time_ns(message.header.stamp)))

    def _on_camera_info(self, message: CameraInfo) -> None:
        self.camera_info = message

    def _subscribe(
        self, kind: type, topic: str, callback: Callable[[Any], None], qos: Any
    ) -> None:
        def create(**events: Any) -> Subscription:
            return self._node.create_subscription(
                kind,
                topic,
                callback,
                qos,
                event_callbacks=SubscriptionEventCallbacks(
                    incompatible_qos=self._on_incompatible_qos, **events
                ),
                qos_overriding_options=overridable(),
            )

        try:
            subscription = create(message_lost=self._on_message_lost)
        except UnsupportedEventTypeError:  # not every middleware can tell
            subscription = create()
        self._subscriptions.append(subscription)

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
