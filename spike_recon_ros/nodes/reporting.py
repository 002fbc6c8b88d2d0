# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the node writes to its log: errors, resets and the model that runs."""

import re
import time
import traceback
from collections.abc import Sequence

from rclpy.node import Node

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.reconstructor import ResetReason

# A stream that resets at every packet must not flood the log; the counters show each of them.
RESET_PERIOD = 0.5
# Under overload, each frame of a spike camera may follow a reset.
OVERLOAD_PERIOD = 10.0
ERROR_PERIOD = 5.0
LONGEST_LINE = 1000
_NUMBER = re.compile(r'\d+(\.\d+)?')
EXPECTED = (ResetReason.REQUESTED, ResetReason.UNOBSERVED, ResetReason.DEACTIVATED)
"""Resets that are no sign of trouble."""


class Reporter:
    """Logs for a node, also from the worker's thread, unless ROS is shutting down."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._running = ''
        self._problems: set[str] = set()
        self._last_reset: dict[ResetReason, float] = {}

    def running(self, description: str) -> None:
        """Log what runs, whenever it changes."""
        if description and description != self._running:
            self._running = description
            self._node.get_logger().info(f'runs {description}')

    def error(self, error: Exception) -> None:
        """Log a packet's error, at most one in each ERROR_PERIOD."""
        if self._node.context.ok():
            self._node.get_logger().error(describe(error), throttle_duration_sec=ERROR_PERIOD)

    def problems(self, sentences: Sequence[str]) -> None:
        """Log the problems that were not there at the last call; numbers in them may change."""
        kinds = {_NUMBER.sub('', sentence): sentence for sentence in sentences}
        for kind in kinds.keys() - self._problems:
            self._node.get_logger().warning(kinds[kind])
        self._problems = set(kinds)

    def failure(self, error: Exception) -> None:
        """Log why a transition failed."""
        self._node.get_logger().error(describe(error))

    def reset(self, reason: ResetReason, detail: str) -> None:
        """Log a reset of the state, seldom if the same reason comes again and again."""
        now = time.monotonic()
        if not self._node.context.ok():
            return
        period = OVERLOAD_PERIOD if reason is ResetReason.OVERLOAD else RESET_PERIOD
        if now - self._last_reset.get(reason, -float('inf')) < period:
            return
        self._last_reset[reason] = now
        text = f'state reset: {reason.value}' + (f' ({detail})' if detail else '')
        text = shown(text, LONGEST_LINE)
        if reason in EXPECTED:
            self._node.get_logger().info(text)
        else:
            self._node.get_logger().warning(text)


def describe(error: Exception) -> str:
    """Return what to log: the sentence of a UserError; of anything else the traceback."""
    if isinstance(error, UserError):
        return str(error)
    lines = ''.join(traceback.format_exception(error)).splitlines()
    return '\n'.join(['please report this bug:', *(shown(line, LONGEST_LINE) for line in lines)])
