# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""CPU time of a frame of a 1280x720 event camera, at full size, binned, in a region, and at rest.

Packets of 4 ms in EVT 3.0, of synthetic moving edges or of a scene that rests, one thread, no ROS.
CPU seconds are reported, because wall seconds mean nothing on a shared machine; `fps_one_core` is
their inverse.

    python benchmarks/hd.py -o benchmarks/results/hd.json
"""

import argparse
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.benchmarking.streams import ENCODERS, moving_edges
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

WIDTH, HEIGHT, FPS = 1280, 720, 25.0
PACKET_NS = 4_000_000
WARM_UP_FRAMES = 8
"""Frames before the measurement: in the first .3 s, networks take two steps per frame."""
PATCH, NOISE_HZ, PATCH_HZ, SWING_PX = 100, 1.0, 20.0, 60.0
RESTING_WARM_UP = 40
"""Frames until the noise gate has closed what the first events opened, and parts are stepped."""
ROWS: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ('fibar', 10e6, {}),
    ('fibar', 10e6, {'scale': 2}),
    ('fibar', 25e6, {}),
    ('fibar', 25e6, {'scale': 2}),
    ('two_scale_gru_small', 10e6, {}),
    ('two_scale_gru_small', 10e6, {'scale': 2}),
    ('two_scale_gru_small', 25e6, {}),
    ('two_scale_gru_small', 25e6, {'max_event_rate': 10e6}),
    ('two_scale_gru_small', 25e6, {'scale': 2}),
    ('two_scale_gru_small', 25e6, {'scale': 2, 'max_event_rate': 10e6}),
    ('two_scale_gru_small', 10e6, {'roi': '320,180,640,360'}),
    ('two_scale_gru', 10e6, {}),
    ('two_scale_gru', 10e6, {'scale': 2}),
)
RESTING: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ('two_scale_gru', 0, {}),
    ('two_scale_gru', PATCH, {}),
    ('two_scale_gru', PATCH, {'active_part': 'on'}),
    ('two_scale_gru_small', PATCH, {}),
    ('two_scale_gru_small', PATCH, {'active_part': 'on'}),
)
"""Model, side of a patch that moves in a scene that rests, pixels, and settings."""


def main() -> None:
    """Measure all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('-o', '--output', type=Path)
    parser.add_argument('--frames', type=int, default=10)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    rows = []
    for model, rate, settings in ROWS:
        row = {'model': model, 'mega_events_s': rate / 1e6, 'settings': settings}
        stream = packets(moving(rate, args.frames + WARM_UP_FRAMES))
        rows.append(row | measured(model, stream, settings, WARM_UP_FRAMES))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    for model, patch, settings in RESTING:
        row = {'model': model, 'noise_hz': NOISE_HZ, 'patch': patch, 'settings': settings}
        stream = packets(resting(patch, args.frames + RESTING_WARM_UP))
        rows.append(row | measured(model, stream, settings, RESTING_WARM_UP))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if args.output is not None:
        write_results(args.output, 'hd', rows, load)
    print(json.dumps({'rows': len(rows), 'output': str(args.output)}))


def measured(
    model: str, stream: list[Packet], settings: dict[str, Any], warm_up: int
) -> dict[str, float]:
    """Return the CPU time of a frame, ms, without the first frames, and its inverse."""
    chosen = Settings(model=model, fps=FPS, threads=1, tone_time=0.0, **settings)
    reconstructor = Reconstructor(chosen)
    begun, made = 0.0, -warm_up
    for packet in stream:
        made += len(reconstructor.push(packet))
        if made <= 0:
            begun = time.process_time()
    seconds = time.process_time() - begun
    reconstructor.close()
    return {
        'frames': made,
        'cpu_ms': round(seconds / made * 1e3, 1),
        'fps_one_core': round(made / seconds, 1),
    }


def moving(rate: float, frames: int) -> Events:
    """Return events of edges that move in the whole image, at a rate per second."""
    count = round((frames + 0.5) / FPS * rate)
    given = moving_edges(WIDTH, HEIGHT, count)
    t_ns = (np.arange(count) * (1e9 / rate)).astype(np.int64) // 1000 * 1000
    return Events(given.x, given.y, given.p, t_ns, given.triggers)


def resting(patch: int, frames: int) -> Events:
    """Return the noise of a scene that rests, and a striped patch that swings in it.

    In the first .2 s, edges move in the whole image.
    """
    random = np.random.default_rng(0)
    seconds, begin_s = (frames + 0.5) / FPS, 0.2
    first = moving(10e6, round(begin_s * FPS))
    noise = random.poisson(NOISE_HZ * WIDTH * HEIGHT * seconds)
    own = round(PATCH_HZ * patch * patch * seconds)
    t_s = random.uniform(begin_s, seconds, own)
    stripe = random.integers(0, max(patch // 16, 1), own)
    swing = np.abs(t_s % 1.0 - 0.5) * SWING_PX
    own_columns = WIDTH // 3 + stripe * 16 + swing.astype(int)
    columns = first.x, random.integers(0, WIDTH, noise), own_columns
    own_rows = HEIGHT // 3 + random.integers(0, max(patch, 1), own)
    rows = first.y, random.integers(0, HEIGHT, noise), own_rows
    polarities = first.p, random.integers(0, 2, noise), stripe % 2
    times = first.t_ns, random.uniform(0.0, seconds, noise) * 1e9, t_s * 1e9
    x, y, p, t_ns = (np.concatenate(parts) for parts in (columns, rows, polarities, times))
    t_us = t_ns.astype(np.int64) // 1000
    order = np.lexsort((y, t_us))
    return Events(
        x[order].astype(np.uint16),
        y[order].astype(np.uint16),
        p[order].astype(np.uint8),
        t_us[order] * 1000,
        first.triggers,
    )


def packets(events: Events) -> list[Packet]:
    """Return the events in packets, encoded before the clock starts."""
    t_ns = events.t_ns
    borders = np.searchsorted(t_ns, np.arange(0, t_ns[-1] + PACKET_NS, PACKET_NS))
    found = []
    for seq, (start, end) in enumerate(itertools.pairwise(borders)):
        data = np.ascontiguousarray(ENCODERS['evt3'](events[start:end], 0))
        found.append(Packet('evt3', WIDTH, HEIGHT, seq, 0, 0, data.view(np.uint8)))
    return found


if __name__ == '__main__':
    main()
