# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Time from the start of a process to the first frame, with warm caches, phase by phase.

A process imports the node's modules, warms up, loads the model for the sensor and makes one frame
of synthetic events. CPU seconds of the process are reported beside wall seconds, because only they
mean something on a machine that is shared.

    python benchmarks/startup.py -o benchmarks/results/startup.json
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from spike_recon_ros.benchmarking.results import write_results

RUNS = (
    ('fibar', 346, 260),
    ('two_scale_gru_small', 346, 260),
    ('two_scale_gru', 346, 260),
    ('auto', 346, 260),
    ('two_scale_gru_small', 1280, 720),
)

CHILD = """
import json, sys, time
phases, last = {}, [time.process_time(), time.perf_counter()]
phases['python'] = [last[0], None]
def done(name):
    now = [time.process_time(), time.perf_counter()]
    phases[name] = [now[0] - last[0], now[1] - last[1]]
    last[:] = now
import numpy, numba
done('import numba')
import spike_recon_ros.reconstructor
done('import the pipeline')
import spike_recon_ros.nodes.recon_process
done('import the node')
from spike_recon_ros.benchmarking.streams import ENCODERS, moving_edges
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up
model, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = ENCODERS['evt3'](moving_edges(width, height, 100_000), 0)
settings = Settings(model=model, fps=1000.0)
last[:] = time.process_time(), time.perf_counter()
warm_up(settings, [SensorKind.EVENT], networks=False)
done('warm up')
reconstructor = Reconstructor(settings)
reconstructor.prepare(width, height, SensorKind.EVENT)
done('load the model')
next(iter(reconstructor.stream(Packet('evt3', width, height, 0, 0, 0, data))))
done('first frame')
print(json.dumps(phases))
"""


def main() -> None:
    """Measure all rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('-o', '--output', type=Path)
    parser.add_argument('--repeats', type=int, default=3)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    rows = []
    for model, width, height in RUNS:
        one = [measured(model, width, height) for _ in range(args.repeats + 1)][1:]  # warm caches
        best = min(one, key=lambda phases: sum(cpu for cpu, _ in phases.values()))
        row: dict[str, Any] = {'model': model, 'size': f'{width}x{height}'}
        row['cpu_s'] = round(sum(cpu for cpu, _ in best.values()), 3)
        row['wall_s'] = round(min(sum(wall or cpu for cpu, wall in p.values()) for p in one), 3)
        row['cpu_s_by_phase'] = {name: round(cpu, 3) for name, (cpu, _) in best.items()}
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    if args.output is not None:
        write_results(args.output, 'startup', rows, load)
    print(json.dumps({'rows': len(rows), 'output': str(args.output)}))


def measured(model: str, width: int, height: int) -> dict[str, list[float]]:
    """Run one process; return CPU and wall seconds of each phase."""
    command = [sys.executable, '-c', CHILD, model, str(width), str(height)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    phases: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return phases


if __name__ == '__main__':
    main()
