# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hundreds of faults against a live node, each followed by a sound stream.

Faults: damaged packets and streams, a node that is stopped (SIGSTOP) or killed, and activations in
mid-stream. After each, the images of a sound stream must be those that `Reconstructor` gives
offline. One node lives through all faults but the kills; its memory, threads and file descriptors
are sampled after each fault.

  python benchmarks/live_faults.py -o benchmarks/results/live_faults.json --count 500 --minutes 40
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
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
    HEIGHT,
    WIDTH,
    faulty_stream,
    images_of,
    sound_stream,
    use_over_time,
)
from spike_recon_ros.benchmarking.live_processes import LOSSLESS, Process, parameter_options
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.nodes.messages import packet_message
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import EVENTS, IMAGE

NODE = '/event_camera/recon'
TIMEOUT_S = 300.0
STOPPED, KILLED, INACTIVE = 'stopped', 'killed', 'inactive'
KINDS = (*FAULTS, STOPPED, INACTIVE, KILLED)
# A status comes each second. A node that is being matched may miss packets, so after this many
# equal ones the rest is given up; fewer are not enough on a busy machine.
STATUSES_WITHOUT_ALL = 6
# Times that a fault of the kind INACTIVE deactivates and activates the node.
ACTIVATIONS = 5
FIRST = next(iter(FAULTS))


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

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Spin until a condition holds.

        Raises:
            TimeoutError: it does not hold in time.
        """
        give_up = time.monotonic() + TIMEOUT_S
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
        """Call a service and return its answer."""
        answer = client.call_async(request)
        self.wait(answer.done, 'no answer')
        return answer.result()

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


def _order(count: int, kinds: tuple[str, ...], minutes: float, kills: int) -> Iterator[str]:
    """Yield the kind of each fault: in turns, but the kills at the end.

    So one node lives through all the others, and what it uses can be compared.
    """
    others = [kind for kind in kinds if kind != KILLED]
    begun = time.monotonic()
    number = 0
    while others and (number < count or time.monotonic() - begun < 60.0 * minutes):
        yield others[number % len(others)]
        number += 1
    for _ in range(kills if KILLED in kinds else 0):
        yield KILLED
        yield others[0] if others else FIRST  # checks the frames of the new node


def _received(status: dict[str, str]) -> int:
    return int(status['received_packets'])


def _use(node: Process) -> dict[str, float]:
    folder = Path(f'/proc/{node.pid}')
    fields = dict(
        line.split(':', 1) for line in (folder / 'status').read_text(encoding='ascii').splitlines()
    )
    # All; without the pages of files and of shared memory, which are not the node's alone.
    resident, own = (int(fields[name].split()[0]) / 1e3 for name in ('VmRSS', 'RssAnon'))
    return {
        'at': round(time.monotonic(), 1),
        'memory_mb': round(resident, 1),
        'own_memory_mb': round(own, 1),
        'threads': len(list((folder / 'task').iterdir())),
        'descriptors': len(list((folder / 'fd').iterdir())),
    }


def run(
    count: int,
    model: str,
    stopped_s: float,
    kinds: tuple[str, ...],
    minutes: float = 0.0,
    kills: int = 45,
) -> dict[str, Any]:
    """Let faults happen; return how many of each kind were followed by right frames.

    What a node uses is that of the first one, which lives until the first kill. An interrupt ends
    the run early.

    Args:
        count: faults other than kills.
        model: model of the node.
        stopped_s: length of a stop.
        kinds: kinds of faults.
        minutes: go on with other faults than kills for so long at least.
        kills: how often the node is killed at the end.
    """
    values = {'model': model, 'fps': 100.0}
    settings = Settings(**values)
    parameters = parameter_options({**LOSSLESS, **values, 'sensor_size': f'{WIDTH}x{HEIGHT}'})
    right: Counter[str] = Counter()
    wrong: list[dict[str, Any]] = []
    begun = time.monotonic()
    order = _order(count, kinds, minutes, kills)
    uses: list[dict[str, float]] = []
    done, kind = 0, next(order, '')
    with ros([]):
        tester = Tester(stopped_s)
        with contextlib.suppress(KeyboardInterrupt):
            while kind:
                with Process('node', '--ros-args', *parameters) as node:
                    tester.wait_for_node()
                    tester.follow(0)
                    while kind:
                        done += 1
                        fault, kind = kind, next(order, '')
                        if fault == KILLED:
                            tester.publish(sound_stream(done))
                            os.kill(node.pid, signal.SIGKILL)
                            right[fault] += 1  # the next fault checks the frames of the new node
                            break
                        tester.fault(fault, done, node)
                        tester.settle()
                        if tester.check(done, settings):
                            right[fault] += 1
                        else:
                            status = tester.statuses[-1]
                            wrong.append({'kind': fault, 'seed': done, 'status': status})
                        if not right[KILLED]:
                            uses.append(_use(node))
                        if node.has_ended():
                            raise node.failure()
        tester.destroy_node()
    return {
        'model': model,
        'faults': sum(right.values()) + len(wrong),
        'followed_by_right_frames': dict(right),
        'wrong': wrong,
        'activations': ACTIVATIONS * right[INACTIVE],
        'seconds': round(time.monotonic() - begun, 1),
        **(use_over_time(uses) if uses else {}),
    }


def main() -> int:
    """Run the faults; return 1 if any was followed by wrong frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-o', '--out', type=Path, help='JSON file to write')
    parser.add_argument('--note', default='', help='what else readers of the file must know')
    parser.add_argument('--count', type=int, default=500, help='faults other than kills')
    parser.add_argument('--minutes', type=float, default=0.0, help='let faults happen for so long')
    parser.add_argument('--kills', type=int, default=45, help='kills at the end')
    parser.add_argument('--model', default='two_scale_gru')
    parser.add_argument('--stopped', type=float, default=10.0, help='seconds of a SIGSTOP')
    parser.add_argument('--kinds', nargs='+', default=KINDS, choices=KINDS)
    args = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randint(1, 101)))
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    others_load = os.getloadavg()[0]
    kinds = tuple(args.kinds)
    result = run(args.count, args.model, args.stopped, kinds, args.minutes, args.kills)
    if args.out is not None:
        write_results(args.out, 'live_faults', [result], others_load, args.note)
    print(json.dumps(result))
    return 1 if result['wrong'] else 0


if __name__ == '__main__':
    sys.exit(main())
