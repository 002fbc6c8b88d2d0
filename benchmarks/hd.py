# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""CPU time of a frame of a 1280x720 event camera, at full size, binned, and in a region.

Packets of 4 ms of synthetic moving edges in EVT 3.0, one thread, no ROS. CPU seconds are reported,
because wall seconds mean nothing on a shared machine; `fps_one_core` is their inverse.

    python benchmarks/hd.py --output benchmarks/results/hd.json
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
PACKET_NS, WARM_UP_FRAMES = 4_000_000, 2
ROWS: tuple[tuple[str, float, dict[str, Any]], ...] = (
    ('fibar', 10e6, {}),
    ('fibar', 10e6, {'scale': 2}),
    ('fibar', 25e6, {}),
    ('fibar', 25e6, {'scale': 2}),
    ('two_scale_gru_small', 10e6, {}),
    ('two_scale_gru_small', 10e6, {'scale': 2}),
    ('two_scale_gru_small', 25e6, {'scale': 2}),
    ('two_scale_gru_small', 25e6, {'scale': 2, 'max_event_rate': 10e6}),
    ('two_scale_gru_small', 10e6, {'roi': '320,180,640,360'}),
    ('two_scale_gru', 10e6, {}),
    ('two_scale_gru', 10e6, {'scale': 2}),
)


def main() -> None:
    """Measure all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--output', type=Path)
    parser.add_argument('--frames', type=int, default=10)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    rows = []
    for model, rate, settings in ROWS:
        row = {'model': model, 'mega_events_s': rate / 1e6, 'settings': settings}
        row |= measured(model, rate, settings, args.frames)
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    if args.output is not None:
        write_results(args.output, 'hd', rows, load)
    print(json.dumps({'rows': len(rows), 'output': str(args.output)}))


def measured(model: str, rate: float, settings: dict[str, Any], frames: int) -> dict[str, float]:
    """Return the CPU time of a frame, ms, without the first frames, and its inverse."""
    chosen = Settings(model=model, fps=FPS, threads=1, tone_time=0.0, **settings)
    reconstructor = Reconstructor(chosen)
    begun, made = 0.0, -WARM_UP_FRAMES
    for packet in packets(rate, frames + WARM_UP_FRAMES):
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


def packets(rate: float, frames: int) -> list[Packet]:
    """Return packets for so many frames, encoded before the clock starts."""
    count = round((frames + 0.5) / FPS * rate)
    given = moving_edges(WIDTH, HEIGHT, count)
    t_ns = (np.arange(count) * (1e9 / rate)).astype(np.int64) // 1000 * 1000
    events = Events(given.x, given.y, given.p, t_ns, given.triggers)
    borders = np.searchsorted(t_ns, np.arange(0, t_ns[-1] + PACKET_NS, PACKET_NS))
    found = []
    for seq, (start, end) in enumerate(itertools.pairwise(borders)):
        data = np.ascontiguousarray(ENCODERS['evt3'](events[start:end], 0))
        found.append(Packet('evt3', WIDTH, HEIGHT, seq, 0, 0, data.view(np.uint8)))
    return found


if __name__ == '__main__':
    main()
