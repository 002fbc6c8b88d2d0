# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Turns the counters of /diagnostics into what the page shows: rates, losses and a verdict.

The sentences about problems come from the node; only those about a node that does not answer are
written here, because that node cannot.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spike_recon_ros.status import PLAUSIBLE_MS, PROBLEMS, RESETS, Part

PARTS = [part.value for part in Part]
LOSSES = (
    'lost_packets', 'lost_messages', 'repeated_packets', 'unordered_packets', 'dropped_packets',
    'failed_packets', 'merged_windows', 'late_frames', 'late_references', 'time_outliers',
    'overflows',
)  # fmt: skip
LEVELS = ('ok', 'warn', 'error')
SILENT_S = 3.5
"""Longer without /diagnostics, which come every second, means that the node does not answer."""


class Health:
    """Remembers the last counters, to tell what happens now from what has happened."""

    def __init__(self) -> None:
        self._last: tuple[Mapping[str, str], float] | None = None

    def update(
        self, level: int, message: str, values: Mapping[str, str], latencies_ms: Sequence[float],
        now: float,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the health for the page.

        Args:
            level: of the status: 0 ok, 1 warning, 2 or more error.
            message: of the status.
            values: of the status, by key.
            latencies_ms: now minus stamp of each image since the last update.
            now: monotonic time, s.
        """
        last, self._last = self._last, (values, now)
        before, seconds = ({}, 0.0) if last is None else (last[0], now - last[1])

        def rate(key: str) -> float | None:
            return difference(key) / seconds if seconds > 0 else None

        def difference(key: str) -> float:
            return max(0.0, _number(values.get(key)) - _number(before.get(key)))

        queue = int(_number(values.get('waiting_packets')))
        if level == 0 and queue and rate('published_frames') == 0:
            message = f'no frames yet: {queue} packets wait while the model is loaded'
        latency = [value for value in latencies_ms if abs(value) < PLAUSIBLE_MS]
        resets = {
            key.removeprefix(RESETS): int(_number(value))
            for key, value in values.items()
            if key.startswith(RESETS)
        }
        return {
            'level': LEVELS[min(max(level, 0), 2)],
            'message': message,
            'problems': {
                part: values[PROBLEMS + part] for part in PARTS if PROBLEMS + part in values
            },
            'fps': rate('published_frames'),
            'events_per_s': rate('events'),
            'packets_per_s': rate('received_packets'),
            'busy': rate('busy_s'),
            'latency_p50_ms': _percentile(latency, 50),
            'latency_p99_ms': _percentile(latency, 99),
            'is_recording': bool(latencies_ms) and not latency,
            'queue': queue,
            'lag_ms': _number(values.get('lag_ms')),
            'processing_p50_ms': _number(values.get('processing_p50_ms')),
            'losses': {
                key: [int(_number(values[key])), int(difference(key))]
                for key in LOSSES
                if key in values
            },
            'resets': resets,
            'runs': values.get('runs', ''),
            'values': {key: value for key, value in values.items() if PROBLEMS not in key},
        }


def silence(node: str, is_there: bool, since_s: float) -> dict[str, Any] | None:
    """Return the health of a node that sends no diagnostics; None if it may still come.

    Args:
        node: its full name.
        is_there: whether ROS knows a node of that name.
        since_s: seconds without diagnostics.
    """
    if since_s < SILENT_S:
        return None
    if is_there:
        sentence = (
            f'{node} has ended, hangs or is not active: it has sent no /diagnostics for '
            f'{since_s:.0f} s; run: ros2 lifecycle set {node} configure, then activate, and see '
            'its log'
        )
    else:
        sentence = (
            f'there is no node {node}; start it with: spike-recon node. If it runs on another '
            'computer, check the network and ROS_DOMAIN_ID'
        )
    return {'level': 'error', 'message': sentence, 'problems': {'node': sentence}}


def _number(text: str | None) -> float:
    try:
        number = float(text or 0)
    except ValueError:  # `unknown`
        return 0.0
    return number if math.isfinite(number) else 0.0


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 2) if values else None
