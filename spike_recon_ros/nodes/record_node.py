# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Receives images and writes them to files, for machines without `ros2 bag` or a viewer."""

import functools
import math
import queue
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node, NodeNameNonExistentError
from sensor_msgs.msg import Image

from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.joined_thread import JoinedThread
from spike_recon_ros.nodes.graph_checks import full_name, mismatch, type_name
from spike_recon_ros.nodes.messages import image_array, time_ns
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.nodes.parameters import warn_of_ignored_parameters
from spike_recon_ros.nodes.qos import overridable, replay_qos
from spike_recon_ros.packets.packet import EVENT_PACKET
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sinks.sink import Sink
from spike_recon_ros.status import status_name
from spike_recon_ros.topics import NAMESPACE

PROGRESS = ('received_packets', 'published_frames', 'references')
"""Counters of the node that change while there is anything to do."""
LATENCIES_KEPT = 100_000
"""Latest images whose latencies are kept: a recording may run for days."""
MOST_WAITING_BYTES = 512 * 2**20
"""Images that wait for a slow disk; further ones are dropped, so that the memory suffices."""


class RecordNode(Node):
    """Node `recorder`: passes each image to a thread that writes it.

    Args:
        sink: where the images go.
        topic: the image topic.

    Attributes:
        topic: its full name.
        received: images that came.
        first, latest: monotonic times of the first and the latest image, s.
        latencies_ms: now minus stamp of the latest images, when they came.
        written: images written.
        unreadable: images in an encoding that is not supported, or malformed.
        dropped: images that came while MOST_WAITING_BYTES waited to be written.
        failure: why nothing can be written any more.
        diagnostics: the latest values of the status of the node that publishes the images.
        is_idle: whether the player has ended and that node has nothing left to do.
    """

    def __init__(self, sink: Sink, topic: str, **kwargs: Any) -> None:
        super().__init__('recorder', **{'namespace': NAMESPACE, **kwargs})
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self.received = 0
        self.first = self.latest = 0.0
        self.written = 0
        self.unreadable = 0
        self.dropped = 0
        self.failure: Exception | None = None
        self.diagnostics: dict[str, str] = {}
        self.is_idle = False
        self._reporting: set[str] = set()
        self._queued_bytes = self._done_bytes = 0  # each is changed by one thread alone
        self._images: queue.SimpleQueue[Image | None] = queue.SimpleQueue()
        self._writer = JoinedThread(functools.partial(self._write, sink), 'write')
        self._writer.start()
        self._subscription = self.create_subscription(
            Image, topic, self._on_image, replay_qos(), qos_overriding_options=overridable()
        )
        self.topic = self._subscription.topic_name
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        warn_of_ignored_parameters(self)  # after those of the QoS are declared

    def why_silent(self) -> str:
        """Return why nothing can be received on the topic; '' if something can or may come."""
        publishers = self.get_publishers_info_by_topic(self.topic)
        if not publishers and (others := self._other_images()):
            return f'nobody publishes there, but images come on {others}; give it as --topic'
        for publisher in publishers:
            if publisher.topic_type != (kind := type_name(Image)):
                return (
                    f'{publisher.node_name} publishes {publisher.topic_type} there, not {kind}; '
                    'give the --topic of the images themselves'
                )
            if reason := mismatch(publisher.qos_profile, self._subscription.qos_profile):
                return (
                    f'the QoS of {publisher.node_name} does not match ({reason}); add --ros-args '
                    f'-p qos_overrides.{self.topic}.subscription.reliability:=best_effort'
                )
        return ''

    def _other_images(self) -> str:
        """Return the topics on which somebody publishes images."""
        topics = self.get_topic_names_and_types()
        return ' or '.join(
            topic
            for topic, types in topics
            if type_name(Image) in types and self.count_publishers(topic)
        )

    def finish(self) -> None:
        """Wait until everything that came is written."""
        self._images.put(None)
        self._writer.join()

    def _on_image(self, message: Image) -> None:
        late_ns = self.get_clock().now().nanoseconds - time_ns(message.header.stamp)
        self.latencies_ms.append(late_ns / 1e6)
        self.latest = time.monotonic()
        self.first = self.first if self.received else self.latest
        self.received += 1
        if self._queued_bytes - self._done_bytes > MOST_WAITING_BYTES:
            self.dropped += 1
        elif self.failure is None:
            self._queued_bytes += len(message.data)
            self._images.put(message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.hardware_id
            if status.name == status_name(name) and self._is_sender(name):
                last, self.diagnostics = (
                    self.diagnostics,
                    {item.key: item.value for item in status.values},
                )
                self.is_idle = self._has_settled(last, name)

    def _is_sender(self, name: str) -> bool:
        """Whether a node that reports publishes the images: other cameras' nodes report, too."""
        self._reporting.add(name)
        publishers = self.get_publishers_info_by_topic(self.topic)
        known = self._reporting & {full_name(one) for one in publishers}
        return name in (known or self._reporting)  # a relay may publish the images

    def _has_settled(self, last: dict[str, str], name: str) -> bool:
        """Whether nothing has changed since the last status, and nothing more can come."""
        now = self.diagnostics
        return (
            now.get('received_packets', '0') != '0'
            and now.get('waiting_packets') == '0'
            and all(now.get(key) == last.get(key) for key in PROGRESS)
            and not any(map(self.count_publishers, self._packet_topics(name)))
        )

    def _packet_topics(self, name: str) -> list[str]:
        """Return the topics of packets that a node subscribes to."""
        namespace, _, base = name.rpartition('/')
        try:
            topics = self.get_subscriber_names_and_types_by_node(base, namespace or '/')
        except NodeNameNonExistentError:  # it ended after its last report
            return []
        return [topic for topic, types in topics if EVENT_PACKET in types]

    def _write(self, sink: Sink) -> None:
        while (message := self._images.get()) is not None:
            self._done_bytes += len(message.data)
            try:
                image = image_array(message)
            except UserError:
                self.unreadable += 1
                continue
            stamp_ns = time_ns(message.header.stamp)
            try:
                sink.write(image, stamp_ns, stamp_ns)
            except Exception as error:  # reported by the thread that waits for this one
                self.failure = error
                return
            self.written += 1


def record(
    out: Path,
    topic: str,
    *,
    fps: float = 25.0,
    frames: int | None = None,
    overwrite: bool = False,
    until_played: bool = False,
    announce: Callable[[str], None] = lambda topic: None,
    ros_args: list[str] | None = None,
) -> dict[str, Any]:
    """Record until the wanted number of images or an interrupt; return the counts.

    If no image came although somebody publishes on the topic, `why_silent` says why.

    Args:
        out: folder, video or bag to write.
        topic: of the images.
        fps: of a video.
        frames: images after which to stop; None = no limit.
        overwrite: replace what `out` holds.
        until_played: also stop once nobody publishes packets any more and the node has worked
            through all of them.
        announce: called with the full name of the topic before anything is received.
        ros_args: `--ros-args ...`.

    Raises:
        UserError: a number is out of range, or `out` cannot be written, at the start or later.
        KeyboardInterrupt: an interrupt came before there was anything to count.
    """
    for name, value in (('fps', fps), ('frames', frames)):
        if value is not None and not 0 < value < math.inf:
            raise UserError(f'--{name} is {value:g}; it must be above 0')
    summary: dict[str, Any] = {}
    with open_sink(out, fps, overwrite=overwrite) as sink, ros(ros_args):
        sink.keeps_partial = True  # what was live cannot be recorded again
        node, why = RecordNode(sink, topic), ''
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        announce(node.topic)
        try:
            while node.failure is None and node.received < (frames or math.inf):
                executor.spin_once(timeout_sec=0.2)
                if not node.received:  # after an interrupt, the graph is not known any more
                    why = node.why_silent()
                if until_played and node.is_idle:
                    break
        finally:
            node.finish()
            summary = _summary(node)
            if why and not node.received:
                summary['why_silent'] = why
            node.destroy_node()
    if not summary:
        raise KeyboardInterrupt  # before there was a node, or again while it finished
    if node.failure is not None:
        raise UserError(f'after {counted(node.written, "images")}, {node.failure}')
    return summary


def _summary(node: RecordNode) -> dict[str, Any]:
    frames, late = node.received, node.latencies_ms
    seconds = node.latest - node.first
    return {
        'topic': node.topic,
        'frames': frames,
        'fps': round((frames - 1) / seconds, 2) if seconds else None,
        'latency_p50_ms': round(float(np.percentile(late, 50)), 2) if frames else None,
        'latency_p99_ms': round(float(np.percentile(late, 99)), 2) if frames else None,
        'written': node.written,
        'unreadable': node.unreadable,
        'dropped': node.dropped,
        'diagnostics': node.diagnostics,
    }
