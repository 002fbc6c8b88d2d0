# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The demonstration, several times: whether every frame and packet is accounted for, as JSON.

python benchmarks/demos.py -o benchmarks/results/demos.json --count 5
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from spike_recon_ros.benchmarking.demo_report import COUNTS
from spike_recon_ros.benchmarking.results import write_results

KEYS = (
    'model', 'frames', 'frames_expected', 'latency_p50_ms', 'latency_p99_ms', 'packets_played',
    'packets_lost', 'images_lost', 'node_cpu_cores', *COUNTS,
)  # fmt: skip


def demonstrate(folder: Path) -> dict[str, Any]:
    """Run `spike-recon demo` once; return its counts, status and error."""
    load_before = os.getloadavg()[0]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, '-m', 'spike_recon_ros.cli.main', 'demo', '-o', folder],
        capture_output=True,
        text=True,
        check=False,
    )
    path = folder / 'summary.json'
    summary = json.loads(path.read_text(encoding='utf-8')) if path.exists() else {}
    return {
        'status': done.returncode,
        'error': (done.stderr.strip().splitlines() or [''])[-1] if done.returncode else '',
        **{key: summary[key] for key in KEYS if key in summary},
        'seconds': round(time.monotonic() - begun, 1),
        'load_before': round(load_before, 2),
        'load_after': round(os.getloadavg()[0], 2),
    }


def main() -> int:
    """Run the demonstrations; return 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('-o', '--output', type=Path, help='JSON file to write')
    parser.add_argument('--note', default='', help='what else readers of the file must know')
    parser.add_argument('--count', type=int, default=5, help='demonstrations')
    args = parser.parse_args()
    others_load = os.getloadavg()[0]
    results = []
    for _ in range(args.count):
        with tempfile.TemporaryDirectory() as folder:
            results.append(demonstrate(Path(folder)))
        print(json.dumps(results[-1]), file=sys.stderr)
    if args.output is not None:
        write_results(args.output, 'demos', results, others_load, args.note)
    failed = sum(result['status'] != 0 for result in results)
    print(json.dumps({'demonstrations': len(results), 'failed': failed}))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
