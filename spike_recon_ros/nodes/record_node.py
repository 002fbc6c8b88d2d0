# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Receives images and writes them to files, for machines without `ros2 bag` or a viewer.

Comes in: an image topic. Goes out: pictures, a video or a bag, and how late the images were. Knows
nothing about how they were made.
"""

import argparse
import math
import queue
import threading
import time
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_encodings import DTYPES
from spike_recon_ros.nodes.messages import image_array, time_ns
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.nodes.qos import replay_qos
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sinks.sink import Sink


class RecordNode(Node):
    """Node `recorder`: hands each image to a thread that writes it.

    Args:
        sink: where the images go.
        topic: the image topic.
    """

    def __init__(self, sink: Sink, topic: str, **kwargs: Any) -> None:
        super().__init__('recorder', **kwargs)
        self.latencies_ms: list[float] = []
        self.arrivals: list[float] = []
        self.written = 0
        self.unreadable = 0
        self.failure: Exception | None = None
        self.diagnostics: dict[str, str] = {}
        self._images: queue.SimpleQueue[Image | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, args=(sink,), daemon=True)
        self._writer.start()
        self.create_subscription(Image, topic, self._on_image, replay_qos())
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def finish(self) -> None:
        """Wait until everything that came is written."""
        self._images.put(None)
        self._writer.join()

    def _on_image(self, message: Image) -> None:
        late_ns = self.get_clock().now().nanoseconds - time_ns(message.header.stamp)
        self.latencies_ms.append(late_ns / 1e6)
        self.arrivals.append(time.monotonic())
        self._images.put(message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith(': reconstruction'):
                self.diagnostics = {item.key: item.value for item in status.values}

    def _write(self, sink: Sink) -> None:
        while (message := self._images.get()) is not None:
            if message.encoding not in DTYPES:
                self.unreadable += 1
                continue
            stamp_ns = time_ns(message.header.stamp)
            try:
                sink.write(image_array(message), stamp_ns, stamp_ns)
            except Exception as error:  # told by the thread that waits for us
                self.failure = error
                return
            self.written += 1


def record(options: argparse.Namespace, ros_args: list[str]) -> dict[str, Any]:
    """Record until the wanted number of images or an interrupt; return what came.

    Raises:
        UserError: OUT cannot be written, at the start or later.
    """
    for name in ('fps', 'frames'):
        value = getattr(options, name)
        if value is not None and not 0 < value < math.inf:
            raise UserError(f'--{name} is {value:g}; it must be above 0')
    summary: dict[str, Any] = {}
    with open_sink(options.out, options.fps, overwrite=options.overwrite) as sink, ros(ros_args):
        node = RecordNode(sink, options.topic)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            while node.failure is None and len(node.arrivals) < (options.frames or math.inf):
                executor.spin_once(timeout_sec=0.2)
        finally:
            node.finish()
            summary = _summary(node)
            node.destroy_node()
    if node.failure is not None:
        raise UserError(
            f'{options.out} could not be written any further after {node.written} images '
            f'({node.failure})'
        )
    return summary


def _summary(node: RecordNode) -> dict[str, Any]:
    frames = len(node.arrivals)
    seconds = node.arrivals[-1] - node.arrivals[0] if frames > 1 else 0.0
    late = node.latencies_ms
    return {
        'frames': frames,
        'fps': round((frames - 1) / seconds, 2) if seconds else None,
        'latency_p50_ms': round(float(np.percentile(late, 50)), 2) if frames else None,
        'latency_p99_ms': round(float(np.percentile(late, 99)), 2) if frames else None,
        'written': node.written,
        'unreadable': node.unreadable,
        'diagnostics': node.diagnostics,
    }
