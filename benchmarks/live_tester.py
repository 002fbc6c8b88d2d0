# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What lets faults happen to a live node, and checks its images; for live_faults.py."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from spike_recon_ros.benchmarking.live_faults import (
    FAULTS,
    faulty_stream,
    images_of,
    sound_stream,
)
from spike_recon_ros.benchmarking.live_processes import Process
from spike_recon_ros.nodes.messages import packet_message
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import EVENTS, IMAGE

NODE = '/event_camera/recon'
TIMEOUT_S = 300.0
REQUESTS = 15
STOPPED, INACTIVE = 'stopped', 'inactive'
# A status comes each second. A node that is being matched may miss packets, so after this many
# equal ones the rest is given up; fewer are not enough on a busy machine.
STATUSES_WITHOUT_ALL = 6
# Times that a fault of the kind INACTIVE deactivates and activates the node.
ACTIVATIONS = 5


class Tester(Node):
    """Publishes packets, receives images and calls the services of the node."""

    def __init__(self, stopped_s: float) -> None:
        super().__init__('tester')
        self.images: list[bytes] = []
        self.statuses: list[dict[str, str]] = []
        self._stopped_s = stopped_s
        # Packets that the node must have received; None = unknown.
        self._sent: int | None = 0
        reliable = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        self.publisher = self.create_publisher(EventPacket, EVENTS, reliable)
        self.create_subscription(
            Image, IMAGE, lambda message: self.images.append(bytes(message.data)), reliable
        )
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_status, 10)
        self._reset = self.create_client(Trigger, f'{NODE}/reset')
        self._change = self.create_client(ChangeState, f'{NODE}/change_state')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)

    def wait(self, condition: Callable[[], bool], what: str, within_s: float = TIMEOUT_S) -> None:
        """Spin until a condition holds.

        Raises:
            TimeoutError: it does not hold in time.
        """
        give_up = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > give_up:
                raise TimeoutError(what)
            self._executor.spin_once(timeout_sec=0.05)

    def wait_for_node(self) -> None:
        """Wait until the node subscribes to packets."""
        self.wait(lambda: self.publisher.get_subscription_count() > 0, 'no node')
        self.wait(self._reset.service_is_ready, 'no service')

    def publish(self, packets: list[Any]) -> None:
        """Publish packets."""
        for packet in packets:
            self.publisher.publish(packet_message(packet, 'camera'))
        if self._sent is not None:
            self._sent += len(packets)

    def follow(self, received: int | None) -> None:
        """Expect all packets from now on; the node has received so many, None = unknown."""
        self._sent = received

    def settle(self) -> None:
        """Wait until the node has received all packets and has nothing left to do."""
        self.statuses.clear()
        self.wait(self._has_settled, 'the node does not come to rest')
        self.follow(_received(self.statuses[-1]))

    def check(self, seed: int, settings: Settings) -> bool:
        """Whether a sound stream gives the images that it gives offline."""
        self.call(self._reset, Trigger.Request())
        self.images.clear()
        packets = sound_stream(seed)
        expected = images_of(settings, packets)
        self.publish(packets)
        try:
            self.wait(lambda: len(self.images) >= len(expected), 'images are missing')
        except TimeoutError:
            return False
        return self.images == expected

    def call(self, client: Any, request: Any) -> Any:
        """Call a service and return its answer.

        A request may have gone to a node that was killed, which is discovered for a while, so it
        is sent again.

        Raises:
            TimeoutError: there is no answer to any.
        """
        for _ in range(REQUESTS):
            answer = client.call_async(request)
            with contextlib.suppress(TimeoutError):
                self.wait(answer.done, '', TIMEOUT_S / REQUESTS)
                return answer.result()
        raise TimeoutError('no answer')

    def activate(self, *, active: bool) -> None:
        """Activate or deactivate the node."""
        number = Transition.TRANSITION_ACTIVATE if active else Transition.TRANSITION_DEACTIVATE
        self.call(self._change, ChangeState.Request(transition=Transition(id=number)))

    def fault(self, kind: str, seed: int, node: Process) -> None:
        """Let one fault happen."""
        if kind in FAULTS:
            self.publish(faulty_stream(kind, seed))
        elif kind == STOPPED:
            os.kill(node.pid, signal.SIGSTOP)
            self.publish(sound_stream(seed))
            time.sleep(self._stopped_s)
            os.kill(node.pid, signal.SIGCONT)
        elif kind == INACTIVE:
            for _ in range(ACTIVATIONS):
                self.publish(sound_stream(seed))
                self.activate(active=False)
                self.publish(sound_stream(seed))
                self.activate(active=True)
                self.wait_for_node()
            self.follow(None)

    def _has_settled(self) -> bool:
        if not self.statuses:
            return False
        now = self.statuses[-1]
        is_all_there = self._sent is None or _received(now) >= self._sent
        same = self.statuses[-2:] if is_all_there else self.statuses[-STATUSES_WITHOUT_ALL:]
        if len(same) < (2 if is_all_there else STATUSES_WITHOUT_ALL):
            return False
        keys = ('received_packets', 'published_frames', 'waiting_packets')
        return now['waiting_packets'] == '0' and all(
            status[key] == now[key] for status in same for key in keys
        )

    def _on_status(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.statuses.append({item.key: item.value for item in status.values})


def _received(status: dict[str, str]) -> int:
    return int(status['received_packets'])
