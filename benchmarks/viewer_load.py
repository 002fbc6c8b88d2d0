# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the web page costs: CPU time of `spike-recon view` with no, one and two browsers.

A publisher stands for the node: images and drawn samples at 25 Hz, /diagnostics each second. The
browsers are WebSocket clients that acknowledge every round, as the page does. Each runs in a
process of its own; only that of `spike-recon view` is measured, with all its threads.

  python benchmarks/viewer_load.py -o benchmarks/results/viewer.json
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image

from spike_recon_ros.benchmarking.live_processes import Process
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.benchmarking.ros_domain import isolate_from_other_nodes
from spike_recon_ros.nodes.messages import image_message
from spike_recon_ros.nodes.middleware import ros
from spike_recon_ros.nodes.qos import image_qos
from spike_recon_ros.status import status_name

SIZES = ('346x260', '640x480', '1280x720')
FPS = 25.0
NODE = '/event_camera/recon'
SHARE_WITH_EVENTS = 0.1
START_S, SETTLE_S = 60.0, 3.0


def publish(size: str) -> None:
    """Publish what a node would, until interrupted."""
    width, height = (int(side) for side in size.split('x'))
    chance = np.random.default_rng(0)
    noise = chance.normal(size=(height, width)).astype(np.float32)
    scene = cv2.GaussianBlur(noise, (0, 0), 4) * 400 + noise * 3 + 128
    images = [np.clip(np.roll(scene, 3 * n, 1), 0, 255).astype(np.uint8) for n in range(20)]
    drawn = np.full((20, height, width), 128, np.uint8)
    fired = chance.random(drawn.shape) < SHARE_WITH_EVENTS
    drawn[fired] = 255 * chance.integers(0, 2, int(fired.sum()), np.uint8)
    with ros([]):
        node = rclpy.create_node('recon', namespace='event_camera')
        topics = [
            node.create_publisher(Image, f'{NODE}/{name}', image_qos())
            for name in ('image_raw', 'samples_image')
        ]
        diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        begun, number = time.monotonic(), 0
        while rclpy.ok():
            stamp_ns = node.get_clock().now().nanoseconds
            for topic, pictures in zip(topics, (images, drawn), strict=True):
                topic.publish(image_message(pictures[number % 20], stamp_ns, 'camera'))
            if number % round(FPS) == 0:
                values = [KeyValue(key=f'count_{n}', value=str(number)) for n in range(45)]
                status = DiagnosticStatus(name=status_name(NODE), values=values)
                diagnostics.publish(DiagnosticArray(status=[status]))
            number += 1
            time.sleep(max(0.0, begun + number / FPS - time.monotonic()))


async def browse(port: int, seconds: float) -> dict[str, float]:
    """Show pictures as the page does; return how many of each pane came, per second."""
    address = f'http://127.0.0.1:{port}'
    counts: dict[str, int] = {}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f'{address}/socket', origin=address) as websocket,
    ):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            received = await websocket.receive()
            if received.type is not aiohttp.WSMsgType.BINARY:
                continue
            header = json.loads(received.data.partition(b'\n')[0])
            counts[header['pane']] = counts.get(header['pane'], 0) + 1
            if 'round' in header:
                await websocket.send_json({'seen': header['round']})
    return {pane: round(count / seconds, 1) for pane, count in counts.items()}


async def measure(view: Process, port: int, browsers: int, seconds: float) -> dict[str, Any]:
    """Return the share of a core that the process takes while browsers are connected."""
    visits = [asyncio.ensure_future(browse(port, seconds + 2 * SETTLE_S)) for _ in range(browsers)]
    await asyncio.sleep(SETTLE_S)
    begun, before = time.monotonic(), view.cpu_s()
    await asyncio.sleep(seconds)
    share = (view.cpu_s() - before) / (time.monotonic() - begun)
    rates = [await visit for visit in visits]
    return {
        'browsers': browsers,
        'percent_of_a_core': round(100 * share, 2),
        'pictures_per_s': rates[0] if rates else {},
        'load': round(os.getloadavg()[0], 2),
    }


async def wait_for(port: int, process: Process) -> None:
    """Wait until the page is served."""
    give_up = time.monotonic() + START_S
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f'http://127.0.0.1:{port}/'):
                    return
            except aiohttp.ClientConnectionError:
                if process.has_ended() or time.monotonic() > give_up:
                    raise
                await asyncio.sleep(0.2)


def rows_of(size: str, seconds: float) -> list[dict[str, Any]]:
    """Return a row for each number of browsers."""
    port = random.randint(20_000, 30_000)
    publisher = subprocess.Popen([sys.executable, __file__, '--publish', size])
    try:
        with Process('view', '--port', str(port)) as view:
            asyncio.run(wait_for(port, view))
            rows = [asyncio.run(measure(view, port, n, seconds)) for n in (0, 1, 2, 0)]
    finally:
        publisher.terminate()
        publisher.wait()
    return [{'size': size, 'fps': FPS, 'seconds': seconds, **row} for row in rows]


def main() -> None:
    """Measure all sizes, or publish one (`--publish`, for a child)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-o', '--output', type=Path, help='JSON file to write')
    parser.add_argument('--seconds', type=float, default=20.0, help='of each measurement')
    parser.add_argument('--publish', metavar='SIZE', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.publish:
        publish(args.publish)
        return
    isolate_from_other_nodes()
    others_load = os.getloadavg()[0]
    results = []
    for size in SIZES:
        for row in rows_of(size, args.seconds):
            results.append(row)
            print(json.dumps(row), file=sys.stderr)
    if args.output is not None:
        write_results(args.output, 'viewer_load', results, others_load)
    print(json.dumps({'results': len(results)}))


if __name__ == '__main__':
    main()
    rclpy.try_shutdown()
