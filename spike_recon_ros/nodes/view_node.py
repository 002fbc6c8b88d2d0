# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node behind the web page: subscribes to what somebody looks at, and to nothing otherwise.

It watches a node `recon` through its topics and services only, so it runs in a process of its own,
and the page can still name the problem when that node has died.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock, ClockType
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from rclpy.validate_topic_name import validate_topic_name
from sensor_msgs.msg import Image

from spike_recon_ros.errors import UserError, one_line
from spike_recon_ros.nodes.graph_checks import wrong_type
from spike_recon_ros.nodes.messages import colour_array, time_ns
from spike_recon_ros.nodes.middleware import ros, spin_until_shutdown
from spike_recon_ros.nodes.qos import watching_qos
from spike_recon_ros.nodes.view_recording import ViewRecording
from spike_recon_ros.nodes.view_services import ViewServices
from spike_recon_ros.status import status_name
from spike_recon_ros.topics import NAMESPACE, in_namespace
from spike_recon_ros.viewer.access import Access
from spike_recon_ros.viewer.health import Health, silence
from spike_recon_ros.viewer.live import HEALTH, Actions, LiveShow
from spike_recon_ros.viewer.pictures import Picture
from spike_recon_ros.viewer.server import PageServer

SAMPLES, IMAGE, FRAMES, TRUTH = 'samples', 'image', 'frames', 'truth'
TITLES = {
    SAMPLES: 'camera input',
    IMAGE: 'reconstruction',
    FRAMES: 'camera frames',
    TRUTH: 'truth',
}
TICK_S, TICKS_BETWEEN_PARAMETERS = 1.0, 3


class ViewNode(Node):
    """Node `viewer`.

    Args:
        target: name of the node to look at; one without a slash in front is in the namespace of
            this node.
        image_topic: of its images; empty = `<target>/image_raw`.
        executor: that spins this node; the page's thread hands it what is to be done.
        rate: most pictures of a pane each second.
        record_to: folder for recordings that the page asks for.

    Attributes:
        target: full name of the node to look at.
        show: what the page shows.
        watched: the subscriptions to images, by pane.
        pictures: images that were passed on to the page.
    """

    def __init__(
        self, target: str, image_topic: str, executor: Executor, rate: float, record_to: Path,
        **options: Any,
    ) -> None:  # fmt: skip
        beside = (target.rpartition('/')[0] or '/') if target.startswith('/') else NAMESPACE
        super().__init__('viewer', **{'namespace': beside, **options})
        target = in_namespace(target, self.get_namespace())
        namespace = target.rpartition('/')[0]
        self.target, self._executor_, self._period_s = target, executor, 1 / rate
        self.topics = {
            SAMPLES: f'{target}/samples_image',
            IMAGE: image_topic or f'{target}/image_raw',
            FRAMES: f'{namespace}/frame_image',
            TRUTH: f'{namespace}/ground_truth/image_raw',
        }
        self._is_other_topic = bool(image_topic)  # than that of the node
        self.show = LiveShow(
            target,
            TITLES,
            Actions(
                look=self._handed_over(self._watch),
                set_value=self._handed_over(self._set_value),
                reset=self._handed_over(self._reset),
                record=self._handed_over(self._switch_recording),
            ),
        )
        self.watched: dict[str, Subscription] = {}
        self.pictures = 0
        self._due = dict.fromkeys(TITLES, 0.0)
        validate_topic_name(self.topics[IMAGE])  # its error names the topic
        images = self.resolve_topic_name(self.topics[IMAGE])
        self._recording = ViewRecording(executor, images, record_to)
        self._diagnostics: Subscription | None = None
        self._timer: Timer | None = None
        self._ticks = 0
        self._begin_health()
        self._calls = ViewServices(self, target, self.show)

    def close(self) -> None:
        """End a recording and destroy the node."""
        self._recording.end()
        self.destroy_node()

    def _handed_over(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return a function that the page's thread calls, and the executor's carries out."""

        def guarded(*arguments: Any) -> None:
            try:
                function(*arguments)
            except UserError as error:
                self.show.tell_all({'error': one_line(error)})

        def hand_over(*arguments: Any) -> None:
            self._executor_.create_task(guarded, *arguments)

        return hand_over

    # On the thread of the executor.

    def _watch(self, panes: frozenset[str]) -> None:
        """Subscribe to what somebody looks at, and to nothing else."""
        for pane in self.watched.keys() - panes:
            self.destroy_subscription(self.watched.pop(pane))
        for pane in panes & self.topics.keys() - self.watched.keys():
            self.watched[pane] = self.create_subscription(
                Image, self.topics[pane], self._callback_for(pane), watching_qos()
            )
        if HEALTH in panes and self._diagnostics is None:
            self._begin_health()
            self._diagnostics = self.create_subscription(
                DiagnosticArray, '/diagnostics', self._on_diagnostics, 10
            )
            self._ticks = 0
        elif HEALTH not in panes and self._diagnostics is not None:
            self.destroy_subscription(self._diagnostics)
            self._diagnostics = None
        self._set_timer()

    def _begin_health(self) -> None:
        self._health = Health()
        self._heard = time.monotonic()
        self._latencies_ms: list[float] = []

    def _set_timer(self) -> None:
        """Tick only while there is something to tell."""
        wanted = self._diagnostics is not None or self._recording.is_on
        if wanted and self._timer is None:
            steady = Clock(clock_type=ClockType.STEADY_TIME)
            self._timer = self.create_timer(TICK_S, self._on_tick, clock=steady)
        elif not wanted and self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def _callback_for(self, pane: str) -> Callable[[Image], None]:
        def on_image(message: Image) -> None:
            stamp_ns = time_ns(message.header.stamp)
            if pane == IMAGE:
                late_ns = self.get_clock().now().nanoseconds - stamp_ns
                self._latencies_ms.append(late_ns / 1e6)
            now = time.monotonic()
            if now < self._due[pane]:
                return
            self._due[pane] = max(self._due[pane] + self._period_s, now)
            try:
                array = colour_array(message)
            except UserError as error:
                self.show.tell_all({'error': f'{self.topics[pane]}: {one_line(error)}'})
                return
            self.pictures += 1
            self.show.offer(pane, Picture(array, stamp_ns))

        return on_image

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == status_name(self.target):
                values = {item.key: item.value for item in status.values}
                self._heard = time.monotonic()
                level = int.from_bytes(status.level, 'little')
                latencies_ms, self._latencies_ms = self._latencies_ms, []
                health = self._health.update(
                    level, status.message, values, latencies_ms, self._heard
                )
                self.show.tell_all({'health': health})

    def _on_tick(self) -> None:
        if self._recording.is_on:
            problem = self._recording.problem()
            if problem:
                self.show.tell_all({'error': problem})
            self.show.tell_all({'recording': self._recording.state()})
            self._set_timer()
        if self._diagnostics is None:
            return
        since_s = time.monotonic() - self._heard
        health = silence(self.target, self.target in self._nodes(), since_s)
        if health is not None:
            self.show.tell_all({'health': health})
        if self._ticks % TICKS_BETWEEN_PARAMETERS == 0:
            self._calls.get()
            self._explain_empty_panes()
        self._ticks += 1

    def _set_value(self, name: str, value: Any) -> None:
        self._calls.set(name, value)

    def _reset(self) -> None:
        self._calls.reset()

    def _explain_empty_panes(self) -> None:
        """Tell the page why panes have shown no picture, where the graph shows it."""
        for pane, subscription in self.watched.items():
            if self._due[pane]:
                continue
            topic = subscription.topic_name
            publishers = self.get_publishers_info_by_topic(topic)
            sentence = wrong_type(publishers, subscription)
            if not publishers and pane == IMAGE and self._is_other_topic:
                sentence = f'nothing publishes on {topic}; `ros2 topic list` shows what there is'
            if sentence:
                self.show.tell_all({'error': sentence})

    def _nodes(self) -> list[str]:
        return [
            f'{namespace.rstrip("/")}/{name}'
            for name, namespace in self.get_node_names_and_namespaces()
        ]

    def _switch_recording(self, on: bool) -> None:
        if on:
            self._recording.begin()
        else:
            state = self._recording.end()
            self.show.tell_all({'note': f'{state["images"]} images are in {state["path"]}'})
        self.show.tell_all({'recording': self._recording.state()})
        self._set_timer()


def view(
    target: str,
    access: Access,
    *,
    image_topic: str = '',
    rate: float = 25.0,
    record_to: Path = Path(),
    announce: Callable[[str], None],
    ros_args: list[str] | None = None,
) -> dict[str, Any]:
    """Serve the page of a live node until interrupted; return the counts.

    Args:
        target: name of the node to look at, see ViewNode.
        access: where the page is served, and to whom.
        image_topic: of the images; empty = `<target>/image_raw`.
        rate: most pictures of a pane each second.
        record_to: folder for recordings.
        announce: called with the address once the page is there.
        ros_args: `--ros-args ...`.

    Raises:
        UserError: ROS rejects a name, or the address cannot be bound.
        KeyboardInterrupt: an interrupt came before the page was there.
    """
    summary: dict[str, Any] = {}
    cv2.setNumThreads(1)  # pictures are small: threads would only wait for each other
    with ros(ros_args):
        executor = SingleThreadedExecutor()
        node = ViewNode(target, image_topic, executor, rate, record_to)
        executor.add_node(node)
        server = PageServer(node.show, access)
        try:
            server.start()
            announce(server.address)
            spin_until_shutdown(executor)
        finally:
            server.stop()
            summary = {'node': node.target, 'pictures': node.pictures}
            node.close()
    if not summary:
        raise KeyboardInterrupt  # before there was a node, or again while it ended
    return summary
