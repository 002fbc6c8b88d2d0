# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Notices subscribers of a publisher, so that the node works only while there are any."""

from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from spike_recon_ros.nodes.diagnostics import TopicStatistics
from spike_recon_ros.nodes.qos_events import PublisherEventCallbacks

POLL_PERIOD = 0.25


class SubscriberWatch:
    """Calls `changed` when a subscriber of a publisher may have come or gone.

    Attributes:
        events: the event callbacks to create the publisher with.
    """

    def __init__(
        self, node: Node, changed: Callable[[], None], statistics: TopicStatistics
    ) -> None:
        self._node = node
        self._statistics = statistics
        self._timer: Timer | None = None
        mismatch = self._on_incompatible_qos
        try:
            self.events = PublisherEventCallbacks(
                matched=lambda info: changed(), incompatible_qos=mismatch
            )
        except TypeError:  # ROS 2 Humble has no such event; poll instead
            self.events = PublisherEventCallbacks(incompatible_qos=mismatch)
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._timer = node.create_timer(POLL_PERIOD, changed, clock=steady)

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None

    def _on_incompatible_qos(self, info: Any) -> None:
        self._statistics.incompatible_qos += info.total_count_change
        self._node.get_logger().warning(
            f'a subscriber requests incompatible QoS ({info.last_policy_kind}) and does not '
            'receive the images; see `ros2 topic info -v`'
        )
