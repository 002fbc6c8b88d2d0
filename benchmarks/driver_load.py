# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The live node behind a publisher that works like a driver of an event camera.

EVT 3.0 in packets of 1 ms, best effort, at the pace of a camera whatever the node does. The events
are those of a simulated board with AprilTags, repeated. For each camera and model, in processes of
their own: frames, resets, losses and latency, as JSON.

  python benchmarks/driver_load.py -o benchmarks/results/driver_load.json --seconds 60
  python benchmarks/driver_load.py --cameras 1280x720 --models two_scale_gru_small \
    --parameters scale=2 threads=2 -o hd_live.json
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from spike_recon_ros.benchmarking.live_processes import Process, parameter_options
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.benchmarking.ros_domain import isolate_from_other_nodes
from spike_recon_ros.benchmarking.streams import ENCODERS
from spike_recon_ros.nodes.messages import time_message, time_ns
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.status import RESETS
from spike_recon_ros.topics import EVENTS, IMAGE

CAMERAS = {'346x260': 2.8, '640x480': 9.6, '1280x720': 10.0, '1280x720 fast': 25.0}
"""Events a second, in millions, of each camera. The first word is the size."""
USUAL_CAMERAS = ('346x260', '640x480')
MODELS = ('fibar', 'leaky_integrator', 'hybrid', 'two_scale_gru_small', 'two_scale_gru')
PACKET_US, PERIOD_US = 1000, 250 * 4096
TIME_HIGH, HIGHS_IN_PERIOD = 8, 250
FPS = 50.0
QUIET_S = 60.0
SETTLED_S = 3.0


def make_stream(camera: str, path: Path) -> None:
    """Write the packets of PERIOD_US of a camera as `.npz`: words, and where each packet ends."""
    size = camera.split(maxsplit=1)[0]
    width, height = (int(side) for side in size.split('x'))
    with tempfile.TemporaryDirectory() as folder:
        bag = Path(folder) / 'board'
        seconds = PERIOD_US / 1e6 + 0.1
        simulate_board(bag, size=(width, height), duration_s=seconds, truth_hz=10.0)
        with open_source(bag) as source:
            packets = list(source)
        decoder = decoder_for(packets[0].encoding, width, height)
        events = Events.concatenate([decoder.decode(packet) for packet in packets])
    wanted = round(CAMERAS[camera] * PERIOD_US)
    t_us = (events.t_ns - events.t_ns[0]) // 1000
    inside = np.flatnonzero(t_us < PERIOD_US)
    generator = np.random.default_rng(0)
    if len(inside) < wanted:
        raise SystemExit(f'{camera}: the board gives {len(inside)} of {wanted} events')
    kept = np.sort(generator.choice(inside, wanted, replace=False))
    kept = kept[np.lexsort((events.y[kept], t_us[kept]))]  # rows in order, as a sensor reads them
    parts = []
    borders = np.searchsorted(t_us[kept], np.arange(0, PERIOD_US + 1, PACKET_US))
    for start, stop in itertools.pairwise(borders):
        chosen = kept[start:stop]
        part = Events(
            events.x[chosen], events.y[chosen], events.p[chosen], t_us[chosen] * 1000,
            events.triggers[:0],
        )  # fmt: skip
        parts.append(ENCODERS['evt3'](part, 0).view(np.uint16))
    ends = np.cumsum([len(part) for part in parts])
    np.savez(path, words=np.concatenate(parts), ends=ends, width=width, height=height)


def drive(stream: Path, seconds: float) -> dict[str, Any]:
    """Publish a stream for some time; return how many packets went out and how late."""
    with np.load(stream) as file:
        words, ends = file['words'], file['ends']
        width, height = int(file['width']), int(file['height'])
    packets = np.split(words, ends[:-1])
    highs = [np.flatnonzero(packet >> 12 == TIME_HIGH) for packet in packets]
    late = []
    with ros([]):
        node = Node('driver', start_parameter_services=False)
        qos = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)
        publisher = node.create_publisher(EventPacket, EVENTS, qos)
        give_up = time.monotonic() + QUIET_S
        while not publisher.get_subscription_count() and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(1.0)
        count = round(seconds * 1e6 / PACKET_US)
        begun = time.monotonic()
        for seq in range(count):
            data = packets[seq % len(packets)].copy()
            places = highs[seq % len(packets)]
            high = (data[places] & 0xFFF) + seq // len(packets) * HIGHS_IN_PERIOD
            data[places] = TIME_HIGH << 12 | (high & 0xFFF)
            message = EventPacket(encoding='evt3', width=width, height=height, seq=seq)
            message.events.frombytes(data.view(np.uint8).data)
            wait = begun + (seq + 1) * PACKET_US / 1e6 - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            message.header.stamp = time_message(time.time_ns() - PACKET_US * 1000)
            publisher.publish(message)
            late.append(-wait * 1e3)
        took = time.monotonic() - begun
        time.sleep(0.5)
        node.destroy_node()
    return {
        'published': count,
        'took_s': round(took, 3),
        'late_p99_ms': round(float(np.percentile(late, 99)), 2),
    }


class Viewer(Node):
    """Receives images and the node's status, and keeps nothing but figures."""

    def __init__(self) -> None:
        super().__init__('viewer')
        # Stamp, ns, and latency, ms, of each image.
        self.images: list[tuple[int, float]] = []
        self.statuses: list[dict[str, str]] = []
        qos = QoSProfile(depth=1000, reliability=ReliabilityPolicy.RELIABLE)
        self.create_subscription(Image, IMAGE, self._on_image, qos)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_image(self, message: Image) -> None:
        stamp_ns = time_ns(message.header.stamp)
        self.images.append((stamp_ns, (time.time_ns() - stamp_ns) / 1e6))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.statuses.append({item.key: item.value for item in status.values})

    def latencies(self, after_s: float = 0.0) -> dict[str, float]:
        """Return percentiles of the latency, ms, of images this long after the first one."""
        stamps_ns, late_ms = np.array(self.images).T
        late_ms = late_ms[stamps_ns >= stamps_ns[0] + after_s * 1e9]
        return {
            f'{name}_ms': round(float(np.percentile(late_ms, percent)), 2)
            if len(late_ms)
            else -1.0
            for name, percent in (('p50', 50), ('p99', 99), ('largest', 100))
        }

    def has_settled(self) -> bool:
        """Whether the last two statuses agree that nothing waits."""
        if len(self.statuses) < 2:
            return False
        before, now = self.statuses[-2:]
        keys = ('received_packets', 'published_frames')
        return now['waiting_packets'] == '0' and all(now[key] == before[key] for key in keys)


def measure(
    stream: Path, camera: str, model: str, seconds: float, more: dict[str, str]
) -> dict[str, Any]:
    """Return the figures of one camera with one model and more parameters of the node."""
    size = camera.split(maxsplit=1)[0]
    parameters: dict[str, Any] = {'model': model, 'fps': FPS, 'sensor_size': size, **more}
    fps = float(parameters['fps'])
    load_before = os.getloadavg()[0]
    with Process('node', '--ros-args', *parameter_options(parameters)) as node, ros([]):
        viewer = Viewer()
        executor = SingleThreadedExecutor()
        executor.add_node(viewer)
        command = [sys.executable, __file__, '--drive', str(stream), '--seconds', str(seconds)]
        driver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        while driver.poll() is None and not node.has_ended():
            executor.spin_once(timeout_sec=0.1)
        output, _ = driver.communicate()
        viewer.statuses.clear()
        give_up = time.monotonic() + QUIET_S
        while not (viewer.has_settled() or node.has_ended()) and time.monotonic() < give_up:
            executor.spin_once(timeout_sec=0.1)
        viewer.destroy_node()
        if node.has_ended():
            raise node.failure()
    driven = json.loads(output.splitlines()[-1])
    status = viewer.statuses[-1]
    received = int(status['received_packets'])
    return {
        'camera': size,
        'mega_events_per_s': CAMERAS[camera],
        'model': status['model'],
        'seconds': seconds,
        'parameters': more,
        'fps': fps,
        **driven,
        'lost_before_the_node': driven['published'] - received,
        **{
            key: int(status[key])
            for key in (
                'received_packets', 'decoded_packets', 'dropped_packets', 'failed_packets',
                'waiting_packets', 'frames', 'merged_windows', 'late_frames', 'published_frames',
            )
        },
        'frames_due': round(seconds * fps) - 1,
        'frames_arrived': len(viewer.images),
        'latency': viewer.latencies(),
        'latency_settled': {'after_s': SETTLED_S, **viewer.latencies(SETTLED_S)},
        'processing_p50_ms': float(status['processing_p50_ms']),
        'processing_p99_ms': float(status['processing_p99_ms']),
        'resets': {
            key.removeprefix(RESETS): int(value)
            for key, value in status.items()
            if key.startswith(RESETS)
        },
        'load_before': round(load_before, 2),
        'load_after': round(os.getloadavg()[0], 2),
    }  # fmt: skip


def main() -> None:
    """Measure all cameras with all models, or publish a stream (`--drive`, for a child)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-o', '--output', type=Path, help='JSON file to write')
    parser.add_argument('--note', default='', help='what else readers of the file must know')
    parser.add_argument('--seconds', type=float, default=60.0, help='of each stream')
    parser.add_argument('--models', nargs='+', default=MODELS)
    parser.add_argument('--cameras', nargs='+', default=USUAL_CAMERAS, choices=list(CAMERAS))
    parser.add_argument(
        '--parameters', nargs='+', default=[], metavar='NAME=VALUE', help='others of the node'
    )
    parser.add_argument('--drive', type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.drive is not None:
        print(json.dumps(drive(args.drive, args.seconds)))
        return
    isolate_from_other_nodes()
    others_load = os.getloadavg()[0]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        more = dict(pair.split('=', 1) for pair in args.parameters)
        for camera in args.cameras:
            stream = Path(folder) / f'{camera}.npz'
            make_stream(camera, stream)
            for model in args.models:
                results.append(measure(stream, camera, model, args.seconds, more))
                print(json.dumps(results[-1]), file=sys.stderr)
    if args.output is not None:
        write_results(args.output, 'driver_load', results, others_load, args.note)
    print(json.dumps({'results': len(results)}))


if __name__ == '__main__':
    main()
    rclpy.try_shutdown()
