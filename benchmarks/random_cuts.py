# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Cut one stream into packets in many random ways; the frames must always be the same.

    python benchmarks/random_cuts.py 2000 7 > benchmarks/results/random_cuts.json

Arguments: number of cuts, seed. The stream is EVT 3.0, cut at any byte (also inside a word), or
spike planes, cut between planes. Prints one JSON object; exit status 1 if any frame differs.
"""

import argparse
import hashlib
import json
import sys
import time
from collections import Counter

import numpy as np

from spike_recon_ros.benchmarking.streams import ENCODERS, moving_edges
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

WIDTH, HEIGHT = 64, 48
EVENTS, PLANES = 20_000, 400
PERIOD_NS = 50_000
PLANE_BYTES = WIDTH * HEIGHT // 8
SETTINGS = {
    'fibar, free running': Settings(model='fibar', fps=10_000.0),
    'fibar, by count': Settings(model='fibar', sync_mode='by_count', window_events=777),
    'leaky_integrator, free running': Settings(model='leaky_integrator', fps=10_000.0),
    'spike_intervals': Settings(model='spike_intervals', fps=1000.0),
}


def main() -> int:
    """Compare the frames of random cuts with those of one packet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('count', type=int, help='number of cuts')
    parser.add_argument('seed', type=int)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    events = np.ascontiguousarray(ENCODERS['evt3'](moving_edges(WIDTH, HEIGHT, EVENTS), 0))
    planes = (rng.random((PLANES, PLANE_BYTES, 8)) < 0.3).astype(np.uint8)
    spikes = np.packbits(planes, axis=-1, bitorder='little').reshape(-1)
    begun = time.monotonic()
    expected = {name: _checksum(name, _packets(name, events, spikes, [])) for name in SETTINGS}
    cuts: Counter[str] = Counter()
    different: list[dict[str, object]] = []
    for index in range(args.count):
        name = list(SETTINGS)[index % len(SETTINGS)]
        units = PLANES if name == 'spike_intervals' else len(events)
        borders = sorted(set(rng.integers(1, units, rng.integers(1, 60)).tolist()))
        if _checksum(name, _packets(name, events, spikes, borders)) != expected[name]:
            different.append({'settings': name, 'borders': borders})
        cuts[name] += 1
    result = {
        'seed': args.seed,
        'cuts': dict(cuts),
        'frames': {name: int(found.partition(' ')[0]) for name, found in expected.items()},
        'different': different,
        'seconds': round(time.monotonic() - begun, 1),
    }
    print(json.dumps(result, indent=1))
    return 1 if different else 0


def _packets(
    name: str, events: np.ndarray, spikes: np.ndarray, borders: list[int]
) -> list[Packet]:
    if name != 'spike_intervals':
        parts = np.split(events, borders)
        return [Packet('evt3', WIDTH, HEIGHT, seq, 0, 0, part) for seq, part in enumerate(parts)]
    starts = [0, *borders]
    parts = np.split(spikes, [border * PLANE_BYTES for border in borders])
    encoding = f'spike_planes;period_ns={PERIOD_NS}'
    return [
        Packet(encoding, WIDTH, HEIGHT, seq, starts[seq] * PERIOD_NS, 0, part)
        for seq, part in enumerate(parts)
    ]


def _checksum(name: str, packets: list[Packet]) -> str:
    """Return the number of frames and the SHA-256 of their times and pixels."""
    reconstructor = Reconstructor(SETTINGS[name])
    frames = [frame for packet in packets for frame in reconstructor.push(packet)]
    frames += reconstructor.flush()
    reconstructor.close()
    total = hashlib.sha256()
    for frame in frames:
        assert frame.image is not None
        total.update(f'{frame.t_ns} {frame.image.shape}'.encode())
        total.update(frame.image.tobytes())
    return f'{len(frames)} {total.hexdigest()}'


if __name__ == '__main__':
    sys.exit(main())
