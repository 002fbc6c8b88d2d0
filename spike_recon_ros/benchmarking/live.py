# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures the live node: latency, losses, processor time, memory."""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.benchmarking.live_processes import (
    BEHIND,
    Process,
    parameter_options,
    run_live,
    wait_options,
)
from spike_recon_ros.reconstructor import ResetReason
from spike_recon_ros.status import RESETS

# Frames per second for each model; other models get the rate of fibar.
FPS = {'fibar': 50.0, 'two_scale_gru': 50.0, 'two_scale_gru_small': 100.0}
SOAK_FPS = 50.0
ROUNDS = 3
# Numba's caches and ROS's history queues fill in the first half minute.
WARM_UP_S = 30.0
SAMPLE_PERIOD_S = 1.0


def live(name: str, recording: Path, model: str) -> dict[str, Any]:
    """Play a recording at its pace through the node, ROUNDS times, each in fresh processes."""
    results = []
    fps = FPS.get(model, FPS['fibar'])
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            out = Path(folder) / 'frames'
            results.append(run_live(recording, out, {'model': model, 'fps': fps}).figures())
    return {
        'stream': name,
        'model': model,
        'fps': fps,
        'rounds': results,
        **{
            f'{key}_median': round(float(np.median([one[key] for one in results])), 3)
            for key in ('latency_p50_ms', 'latency_p99_ms', 'node_cpu_cores')
        },
        **{name: sum(one[name] for one in results) for name in ('packets_lost', *BEHIND)},
    }


def soak(name: str, recording: Path, model: str, minutes: float) -> dict[str, Any]:
    """Loop a recording through the node and watch its memory."""
    samples: list[tuple[float, float]] = []
    parameters = parameter_options({'model': model, 'fps': SOAK_FPS})
    with (
        tempfile.TemporaryDirectory() as folder,
        Process('record', str(Path(folder) / 'frames.mp4'), '--fps', str(SOAK_FPS)) as recorder,
        Process('node', '--ros-args', *parameters) as node,
        Process('play', str(recording), '--loop', *wait_options()) as player,
    ):
        begun = time.monotonic()
        while time.monotonic() - begun < 60 * minutes:
            for process in (recorder, node, player):
                if process.has_ended():
                    raise process.failure()
            samples.append((time.monotonic() - begun, node.memory_mb()))
            time.sleep(SAMPLE_PERIOD_S)
        played = player.stop()
        time.sleep(2 * SAMPLE_PERIOD_S)
        reported = recorder.stop()
        node.stop()
    diagnostics = reported['diagnostics']
    back = RESETS + ResetReason.TIME_BACKWARDS.value
    times, memory = np.array([one for one in samples if one[0] > WARM_UP_S]).T
    return {
        'stream': name,
        'model': model,
        'minutes': minutes,
        'loops': played['loops'],
        'packets_played': played['packets'],
        'packets_received': int(diagnostics['received_packets']),
        'frames': reported['frames'],
        'resets_time_backwards': int(diagnostics.get(back, 0)),
        'memory_mb_after_warm_up': round(float(memory[:10].mean()), 1),
        'memory_mb_at_end': round(float(memory[-10:].mean()), 1),
        'memory_mb_per_hour': round(float(np.polyfit(times, memory, 1)[0] * 3600), 2),
    }
