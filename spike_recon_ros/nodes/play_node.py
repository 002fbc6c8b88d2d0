# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Publishes a recording at its recorded pace, for machines without `ros2 bag`."""

import contextlib
import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from event_camera_msgs.msg import EventPacket
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock

from spike_recon_ros.errors import UserError
from spike_recon_ros.nodes.messages import time_message
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.nodes.parameters import warn_of_ignored_parameters
from spike_recon_ros.nodes.qos import replay_qos
from spike_recon_ros.nodes.recording import Due, Recording, open_recording
from spike_recon_ros.topics import NAMESPACE

CLOCK_PERIOD_NS = 5_000_000
"""Time between two messages on /clock, as recorded; at a rate below 1, as played."""
DELIVERY_TIMEOUT = 2.0
DISCOVERY_TIMEOUT = 3.0
SETTLING_TIME = 0.5
LATENESS_KEPT = 100_000
# A longer time without any message is damage, or of no use in a replay.
LONGEST_PAUSE_NS, SHORT_PAUSE_NS = 60 * 10**9, 10**9
# A request to stop must take effect before the next message is due.
LONGEST_SLEEP = 0.2


class PlayNode(Node):
    """Node `player`: publishes messages when they are due.

    Args:
        recording: what to publish.
        rate: how much faster than recorded.
        restamp: shift the header stamps as if everything happened now. Packets of files without
            host time are restamped in any case at rate 1, unless `clock` is set.
        clock: also publish the recording's time on /clock.
    """

    def __init__(
        self, recording: Recording, *, rate: float, restamp: bool, clock: bool, **kwargs: Any
    ) -> None:
        # Nothing is spun while playing, so no service would be answered.
        options = {'namespace': NAMESPACE, **kwargs}
        super().__init__('player', start_parameter_services=False, **options)
        warn_of_ignored_parameters(self)
        self.published = 0
        self.packets = 0
        self.loops = 0
        self._late_ms: deque[float] = deque(maxlen=LATENESS_KEPT)
        self._begun = time.monotonic()
        self._recording = recording
        self._rate = rate
        self._restamp = restamp
        self._outputs: dict[str, Publisher] = {
            topic: self.create_publisher(kind, topic, replay_qos())
            for topic, kind in recording.topics.items()
        }
        self._clock_output = self.create_publisher(Clock, '/clock', 10) if clock else None
        self._last_clock_ns: int | None = None
        self._begun_ns = 0
        self._first_stamp_ns: int | None = None
        self._skipped_ns = 0
        for topic, why in recording.left_out.items():
            self.get_logger().warning(f'{topic} is left out: {why}')
        self._warn_of_idle_namespace()

    def _warn_of_idle_namespace(self) -> None:
        """Warn if the user gave a namespace and no topic of a bag is in it."""
        namespace = self.get_namespace().rstrip('/')
        names = [output.topic_name for output in self._outputs.values()]
        if namespace == f'/{NAMESPACE}' or any(one.startswith(f'{namespace}/') for one in names):
            return
        packets = [name for name, kind in self._recording.topics.items() if kind is EventPacket]
        if full := [name for name in packets if name.startswith('/')]:
            self.get_logger().warning(
                f'the namespace {namespace} moves no topic, because a bag holds full names; move '
                f'each of them, for example: -r {full[0]}:={namespace}/{full[0].split("/")[-1]}'
            )

    def wait_for_subscribers(self, topics: Sequence[str], timeout: float) -> None:
        """Wait until each topic has a subscriber.

        Args:
            topics: as the recording names them, or as they are remapped, full or relative.
            timeout: for all of them together, s.

        Raises:
            UserError: none came in time, or there is no such topic.
        """
        give_up = time.monotonic() + timeout
        remapped = {output.topic_name: output for output in self._outputs.values()}
        for topic in topics:
            output = self._outputs.get(topic) or remapped.get(self.resolve_topic_name(topic))
            if output is None:
                known = ', '.join(remapped)
                raise UserError(f'the recording has no topic {topic}; it has: {known}')
            while not output.get_subscription_count():
                if time.monotonic() > give_up:
                    raise UserError(
                        f'nobody subscribed to {output.topic_name} within {timeout:g} s'
                    )
                rclpy.spin_once(self, timeout_sec=0.02)
        # Discovery is not symmetric: until the subscribers know this publisher too, messages that
        # are sent best effort are lost.
        time.sleep(SETTLING_TIME)

    def give_subscribers_time(self) -> None:
        """Wait until subscribers are discovered; warn if there are none."""
        packets = [name for name, kind in self._recording.topics.items() if kind is EventPacket]
        try:
            self.wait_for_subscribers(packets, DISCOVERY_TIMEOUT)
        except UserError as error:
            self.get_logger().warning(f'{error}; publishing all the same')

    def play(self, loop: bool) -> None:
        """Publish the recording once, or again and again until ROS is shut down."""
        self._begun = time.monotonic()
        while rclpy.ok():
            self._play_once()
            self.loops += 1
            if not loop:
                break
        if not rclpy.ok():
            return
        for output in self._outputs.values():
            output.wait_for_all_acked(Duration(seconds=DELIVERY_TIMEOUT))

    def summary(self) -> dict[str, Any]:
        """Return what was published, ready for JSON."""
        late = self._late_ms
        return {
            'published': self.published,
            'packets': self.packets,
            'loops': self.loops,
            'seconds': round(time.monotonic() - self._begun, 3),
            'late_p99_ms': round(float(np.percentile(late, 99)), 3) if late else None,
            'skipped_seconds': round(self._skipped_ns / 1e9, 3),
            'stamp_shift_ns': self._stamp_shift_ns,
        }

    def _play_once(self) -> None:
        first_ns: int | None = None
        last_ns = 0
        for due in self._recording.messages():
            if first_ns is None:  # reading it may take long: kernels are loaded, a bag is opened
                first_ns, begun = due.t_ns, time.monotonic()
                self._begun_ns, self._first_stamp_ns = time.time_ns(), None
            elif due.t_ns - last_ns > LONGEST_PAUSE_NS:
                first_ns += self._skip(due.t_ns - last_ns)
            last_ns = due.t_ns
            when = begun + (due.t_ns - first_ns) / 1e9 / self._rate
            while (wait := when - time.monotonic()) > 0 and rclpy.ok():
                time.sleep(min(wait, LONGEST_SLEEP))
            if not rclpy.ok():
                return
            self._late_ms.append(-wait * 1e3)
            self._publish(due)

    def _skip(self, pause_ns: int) -> int:
        """Shorten a pause; return by how much.

        Stamps that are moved to now are moved by another offset from then on.
        """
        skipped_ns = pause_ns - SHORT_PAUSE_NS
        self._skipped_ns += skipped_ns
        self._begun_ns, self._first_stamp_ns = time.time_ns() + SHORT_PAUSE_NS, None
        self.get_logger().warning(
            f'nothing was recorded for {pause_ns / 1e9:,.0f} s after {self.published:,} messages, '
            f'or their times are damaged; the player waits {SHORT_PAUSE_NS / 1e9:.0f} s instead'
        )
        return skipped_ns

    @property
    def _stamp_shift_ns(self) -> int:
        """Offset that restamping added to the stamps of the latest round, at rate 1."""
        return self._begun_ns - self._first_stamp_ns if self._first_stamp_ns is not None else 0

    def _is_clock_due(self, t_ns: int) -> bool:
        last_ns = self._last_clock_ns
        return last_ns is None or abs(t_ns - last_ns) >= CLOCK_PERIOD_NS * min(1.0, self._rate)

    def _publish(self, due: Due) -> None:
        message = due.message
        # With /clock, the time of the recording is the time of today. At another rate, stamps of
        # today would not advance as fast as the time in the packets.
        follows_today = self._clock_output is None and self._rate == 1
        restamp = self._restamp or (due.is_unstamped and follows_today)
        stamp_ns = self._recording.stamp_ns(due) if restamp else None
        if stamp_ns is not None:
            if self._first_stamp_ns is None:
                self._first_stamp_ns = stamp_ns
            since_ns = round((stamp_ns - self._first_stamp_ns) / self._rate)
            message = self._recording.restamped(due, self._begun_ns + since_ns)
        if self._clock_output is not None and self._is_clock_due(due.t_ns):
            self._clock_output.publish(Clock(clock=time_message(due.t_ns)))
            self._last_clock_ns = due.t_ns
        self._outputs[due.topic].publish(message)
        self.published += 1
        self.packets += self._recording.topics[due.topic] is EventPacket


def play(
    source: Path,
    *,
    rate: float = 1.0,
    loop: bool = False,
    clock: bool = False,
    restamp: bool = False,
    wait_for: Sequence[str] = (),
    wait_timeout: float = 60.0,
    facts: Mapping[str, Any] | None = None,
    ros_args: list[str] | None = None,
) -> dict[str, Any]:
    """Play until the end or an interrupt; return the counts of what was published.

    Args:
        source: recording to publish.
        rate: speed, 1 = as recorded.
        loop: start again at the end.
        clock: publish the recorded time on /clock.
        restamp: shift the header stamps to now.
        wait_for: topics that must have a subscriber before the start.
        wait_timeout: longest time to wait for all of them, s.
        facts: `topic`, `size`, `encoding` and `planes` of `open_source`, where the user gave them.
        ros_args: `--ros-args ...`.

    Raises:
        UserError: a number is out of range, the recording cannot be read, or nobody subscribed.
        KeyboardInterrupt: an interrupt came before anything was published.
    """
    if not 0 < rate < math.inf:
        raise UserError(f'--rate is {rate:g}; it must be above 0')
    if clock and restamp:
        raise UserError(
            '--clock publishes the recorded time and --restamp moves it to now: drop one'
        )
    recording = open_recording(source, facts)
    summary: dict[str, Any] = {}
    with contextlib.closing(recording), ros(ros_args):
        node = PlayNode(recording, rate=rate, restamp=restamp, clock=clock)
        try:
            if wait_for:
                node.wait_for_subscribers(wait_for, wait_timeout)
            else:
                node.give_subscribers_time()
            node.play(loop)
        finally:
            summary = node.summary()
            node.destroy_node()
    if not summary:
        raise KeyboardInterrupt  # before there was a node, or again while it ended
    return summary
