# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Noticing that someone subscribed, so that nothing is done while nobody looks.

Comes in: a publisher's events. Goes out: a call when the number of subscribers may have changed.
Knows nothing about what is published.
"""

from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.node import Node

POLL_PERIOD = 0.25


def subscriber_events(node: Node, changed: Callable[[], None]) -> PublisherEventCallbacks:
    """Return the event callbacks to create a publisher with, so that `changed` is called.

    ROS 2 Humble has no `matched` event yet; there a slow timer stands in for it.
    """

    def on_incompatible_qos(info: object) -> None:
        node.get_logger().warning(
            f'a subscriber requests incompatible QoS ({getattr(info, "last_policy_kind", "?")}) '
            'and will not see the images'
        )

    try:
        return PublisherEventCallbacks(
            matched=lambda info: changed(), incompatible_qos=on_incompatible_qos
        )
    except TypeError:
        node.create_timer(POLL_PERIOD, changed, clock=Clock(clock_type=ClockType.STEADY_TIME))
        return PublisherEventCallbacks(incompatible_qos=on_incompatible_qos)
