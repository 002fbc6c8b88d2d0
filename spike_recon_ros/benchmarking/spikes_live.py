# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures the live node with spike cameras of several speeds."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from spike_recon_ros.benchmarking.live_processes import run_live
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources.spike_layout import layout_of, write_sidecar

MODEL = 'spike_intervals'
SIMULATED_S, REPEATED = 0.1, 20
SPEEDS = (
    (20_000, 1000.0),
    (20_000, 100.0),
    (20_000, 10.0),
    (10_000, 500.0),
    (10_000, 50.0),
    (5_000, 50.0),
)
"""Planes a second of the camera, in packets of 20, and frames a second of the node."""
PLANES_PER_PACKET = 20


def spikes_live(models: list[str]) -> Iterator[dict[str, Any]]:
    """Play the same planes at the pace of faster and slower cameras, each in fresh processes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'board.dat'
        simulate_board(path, SensorKind.SPIKE, duration_s=SIMULATED_S)
        planes = path.read_bytes()
        with path.open('wb') as file:
            for _ in range(REPEATED):
                file.write(planes)
        layout = layout_of(path)
        for model in models:
            for planes_s, fps in SPEEDS:
                write_sidecar(path, replace(layout, period_ns=10**9 // planes_s))
                yield _live(path, Path(folder) / 'frames.mp4', model, planes_s, fps)


def _live(path: Path, out: Path, model: str, planes_s: int, fps: float) -> dict[str, Any]:
    reported = run_live(path, out, {'sensor': 'spike', 'model': model, 'fps': fps})
    played = reported.player['packets']
    return {
        'size': '400x250',
        'model': model,
        'planes_s': planes_s,
        'fps': fps,
        'packets_played': played,
        'played_late_p99_ms': reported.player['late_p99_ms'],
        # No frame of the last window, because no later plane completes it.
        'frames_due': round(played * PLANES_PER_PACKET / planes_s * fps) - 1,
        **reported.figures(),
    }
