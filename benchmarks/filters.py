# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the event filters remove, and how many AprilTags are read without and with them.

A camera of 240x180 pixels moves over a board of tags, or stands still. A lamp lights the left half
of it, a sine or a PWM with edges of 5 % of the period; the luminance is sampled every 0.25 ms. The
reference is the same scene in steady light.

    python benchmarks/filters.py -o benchmarks/results/filters.json
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import spike_recon_ros as sr
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.conditioning.conditioner import Conditioner
from spike_recon_ros.conditioning.region import region_of
from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.events import Events
from spike_recon_ros.stream_statistics import Statistics
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel
from spike_recon_training.simulation.scene import BoardScene

WIDTH, HEIGHT, FPS, SEED = 240, 180, 50.0, 3
STEP_NS, START_NS = 250_000, 1_000_000_000
SKIPPED_FRAMES = 10
PACKET_EVENTS = 20_000


class Case(NamedTuple):
    """One recording and the settings to compare on it."""

    name: str
    settings: dict[str, float]
    wave: str = 'steady'
    hz: float = 100.0
    depth: float = 0.0
    noise_hz: float = 0.3
    moves: bool = True


CASES = (
    Case('steady light', {}),
    Case('sine 100 Hz, 35 %', {'flicker_frequency': 100.0}, 'sine', 100.0, 0.35),
    Case('PWM 200 Hz, 50 %', {'flicker_frequency': 200.0}, 'pwm', 200.0, 0.5),
    Case(
        'sine 100 Hz, 35 %, still', {'flicker_frequency': 100.0}, 'sine', 100.0, 0.35, 0.3, False
    ),
    Case('noise 5 Hz', {'noise_filter_time': 0.005}, noise_hz=5.0),
    Case('noise 5 Hz, still', {'noise_filter_time': 0.005}, noise_hz=5.0, moves=False),
    Case('steady light, noise filter', {'noise_filter_time': 0.005}, noise_hz=0.0),
    Case('steady light, limit 0.5 Mev/s', {'max_event_rate': 500_000.0}),
)


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('-o', '--output', type=Path)
    parser.add_argument('--seconds', type=float, default=1.2)
    parser.add_argument('--models', nargs='*', default=['fibar', 'two_scale_gru_small'])
    args = parser.parse_args()
    load = os.getloadavg()[0]
    results = []
    for case in CASES:
        events, truth = record(case, args.seconds)
        for settings in ({}, case.settings) if case.settings else ({},):
            row = {'case': case.name, 'settings': settings, **filtered(events, settings)}
            if case.moves:
                row |= {model: tags(events, truth, model, settings) for model in args.models}
            results.append(row)
            print(json.dumps(row), file=sys.stderr, flush=True)
    if args.output is not None:
        write_results(args.output, 'filters', results, load)
    print(json.dumps({'rows': len(results), 'output': str(args.output)}))


def record(case: Case, seconds: float) -> tuple[Events, list[np.ndarray]]:
    """Simulate a case; return its events and the image of the scene at each frame."""
    scene = BoardScene(WIDTH, HEIGHT, SEED)
    model = SensorModel(noise_hz=case.noise_hz, response_ns=300_000)
    camera = EventCamera(WIDTH, HEIGHT, model, SEED)
    lit = 1 / (1 + np.exp((np.arange(WIDTH) - 0.55 * WIDTH) / 12)) * case.depth
    parts = []
    for step in range(int(seconds * 1e9) // STEP_NS + 1):
        t_s = step * STEP_NS / 1e9
        luminance = scene.luminance(t_s if case.moves else 0.0)
        dimming = (1 - lit * darkness(case, t_s)).astype(np.float32)
        parts.append(camera.step(luminance * dimming, START_NS + step * STEP_NS))
    images = [scene.luminance(k / FPS) * 255 for k in range(int(seconds * FPS) + 1)]
    return Events.concatenate(parts), [image.clip(0, 255).astype(np.uint8) for image in images]


def darkness(case: Case, t_s: float) -> float:
    """Return how dark the lamp is, 0 to 1."""
    phase = t_s * case.hz % 1
    if case.wave == 'pwm':
        return float(np.clip(20 * min(phase, 1 - phase) - 4.5, 0, 1))
    return float((1 - np.cos(2 * np.pi * phase)) / 2)


def filtered(events: Events, settings: dict[str, float]) -> dict[str, Any]:
    """Count what the settings remove, and how fast that is, in packets of PACKET_EVENTS."""
    chosen, statistics = sr.Settings(**settings), Statistics()
    conditioner = Conditioner(chosen, region_of(chosen, WIDTH, HEIGHT), statistics)
    parts = [events[k : k + PACKET_EVENTS] for k in range(0, len(events), PACKET_EVENTS)]
    copies = [Events(p.x.copy(), p.y.copy(), p.p.copy(), p.t_ns.copy(), p.triggers) for p in parts]
    begun = time.perf_counter()
    kept = sum(len(conditioner.apply(part)) for part in copies)
    seconds = time.perf_counter() - begun
    row: dict[str, Any] = {'events': len(events), 'kept': kept}
    row |= {'flicker': statistics.flicker_events, 'noise': statistics.noise_events}
    row |= {'thinned': statistics.thinned_events}
    return row | ({'mega_events_s': round(len(events) / seconds / 1e6, 1)} if settings else {})


def tags(
    events: Events, truth: list[np.ndarray], model: str, settings: dict[str, float]
) -> float | None:
    """Return the share of the tags in view that are read in the frames."""
    score = TagScore()
    for frame in sr.reconstruct(
        events, size=(WIDTH, HEIGHT), model=model, fps=FPS, threads=1, **settings
    ):
        index = round((frame.t_ns - START_NS) * FPS / 1e9)
        if SKIPPED_FRAMES <= index < len(truth):
            score.add(frame.image, truth[index])
    share = score.share_in_view
    return None if share is None else round(share, 3)


if __name__ == '__main__':
    main()
