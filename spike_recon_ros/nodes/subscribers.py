# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Noticing that someone subscribed, so that nothing is done while nobody looks.

Comes in: a publisher's events. Goes out: a call when the number of subscribers may have changed.
Knows nothing about what is published.
"""

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, QoSOfferedIncompatibleQoSInfo
from rclpy.node import Node

from spike_recon_ros.nodes.diagnostics import TopicStatistics

POLL_PERIOD = 0.25


def subscriber_events(
    node: Node, changed: Callable[[], None], statistics: TopicStatistics
) -> PublisherEventCallbacks:
    """Return the event callbacks to create a publisher with, so that `changed` is called.

    ROS 2 Humble has no `matched` event yet; there a slow timer stands in for it.
    """

    def on_incompatible_qos(info: QoSOfferedIncompatibleQoSInfo) -> None:
        statistics.incompatible_qos += info.total_count_change
        node.get_logger().warning(
            f'a subscriber requests incompatible QoS ({info.last_policy_kind}) and will not see '
            'the images; see `ros2 topic info -v`'
        )

    try:
        return PublisherEventCallbacks(
            matched=lambda info: changed(), incompatible_qos=on_incompatible_qos
        )
    except TypeError:
        node.create_timer(POLL_PERIOD, changed, clock=Clock(clock_type=ClockType.STEADY_TIME))
        return PublisherEventCallbacks(incompatible_qos=on_incompatible_qos)
