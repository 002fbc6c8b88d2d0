# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compares the clocks of the sensors of several nodes on the grid of sensor time.

Images on this grid have equal stamps even if the sensors are not synchronised. Then a pair shows
different moments, which nothing in either node alone can tell. So each node publishes when the
clock of its sensor was zero, and reads what the others publish.
"""

import math
import time
from collections import defaultdict
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from spike_recon_ros.frame import Frame
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.nodes.remembered import Remembered
from spike_recon_ros.settings import Settings

CLOCK_ZERO = 'sensor_zero_s'
"""Value of /diagnostics: host time at which the sensor's clock was zero, s."""
LARGEST_DIFFERENCE = 0.15
"""Host times are those of publication, which vary with the load, s."""
MOST_CHANCES = 3
"""Calls in a row with a larger difference that a short overload explains."""


class SyncCheck:
    """Knows the clocks of this sensor and of others.

    `add` is called on the worker's thread, everything else on the executor's.

    Args:
        node: whose sensor this is.
        settings: of the node; unless `grid_origin` is `sensor_time`, nothing is compared.
    """

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._name = node.get_fully_qualified_name()
        self._zeros: list[float] = []
        self._zero: float | None = None
        self._others: dict[str, Remembered[float]] = defaultdict(Remembered)
        self._n_different = 0
        self._subscription: Any = None
        if settings.grid_origin == 'sensor_time':
            self._subscription = node.create_subscription(
                DiagnosticArray, '/diagnostics', self._on_diagnostics, 10
            )

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def add(self, frame: Frame) -> None:
        """Note when a frame was made."""
        if self._subscription is not None:
            self._zeros.append((time.time_ns() - frame.t_ns) / 1e9)

    def values(self) -> dict[str, str]:
        """Return what to publish; call it about once a second."""
        zeros, self._zeros = self._zeros, []
        self._zero = min(zeros, default=None)  # the frame that waited least
        return {} if self._zero is None else {CLOCK_ZERO: f'{self._zero:.3f}'}

    def problems(self) -> list[Problem]:
        """Return a problem if others are on the grid and none of them has this sensor's clock."""
        zeros = {name: one.latest for name, one in self._others.items()}
        others = {
            name: zero - self._zero
            for name, zero in zeros.items()
            if zero is not None and self._zero is not None
        }
        if not others or min(map(abs, others.values())) <= LARGEST_DIFFERENCE:
            self._n_different = 0
            return []
        self._n_different += 1
        if self._n_different <= MOST_CHANCES:
            return []
        name = min(others, key=lambda one: abs(others[one]))
        return of_camera(
            f'the clock of this sensor is {abs(others[name]):.2f} s '
            f'{"ahead of" if others[name] > 0 else "behind"} that of {name}, so images with '
            'equal stamps show different moments; connect the sync cable and let the drivers '
            'start as master and slave, or set grid_origin to host_time'
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.hardware_id in ('', self._name):
                continue
            for value in status.values:
                if value.key == CLOCK_ZERO and (zero := _finite(value.value)) is not None:
                    self._others[status.hardware_id].latest = zero


def _finite(text: str) -> float | None:
    """Return the number in a text that any node may have written, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
