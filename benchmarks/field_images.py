# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
r"""Measure images in the field: another simulator, rests, rates, noise, lamps, fast motion.

  python benchmarks/field_images.py -m two_scale_gru firenet:firenet.pth --held held_v2e \
    --data data/ -o field_images.json
  python benchmarks/field_images.py -m bundles/mine -p noise wall --data data/ -o mine.json

`--held` is a folder that benchmarks/simulate_with_v2e.py makes. `--data` holds event/ (the
recordings davis346_apriltags, vga_evt3, dvxplorer_libcaer_rollover and hd_evt3_trigger) and
photos/. Figures that OUT already has for other models and parts are kept. The last line on stdout
is JSON; a table of what is wanted is on stderr.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.benchmarking.field_criteria import show_criteria
from spike_recon_ros.benchmarking.field_images import PARTS, Place
from spike_recon_ros.benchmarking.results import write_results
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import contenders
from spike_recon_ros.settings import Settings


def main() -> int:
    """Measure; write the file after each part."""
    options = _options()
    console = Console(stderr=True)
    try:
        rows = _kept(options.output)
        load = round(os.getloadavg()[0], 2)
        with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
            place = Place(
                options.data,
                options.held,
                options.work,
                Settings(threads=options.threads, fps=50.0),
                Console(stderr=True, quiet=options.quiet),
            )
            for model in contenders(options.model, Path(scratch)):
                for part in options.part:
                    started_s = time.monotonic()
                    figures = _rounded(PARTS[part](model, place))
                    took_s = round(time.monotonic() - started_s, 1)
                    row = {'model': model.name, 'part': part, 'note': options.note, **figures}
                    rows = [
                        one for one in rows if (one['model'], one['part']) != (model.name, part)
                    ]
                    rows.append(row)
                    write_results(options.output, 'field_images', rows, load)
                    print(f'{model.name} {part}: {took_s} s', file=sys.stderr, flush=True)
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    show_criteria(console, rows)
    print(json.dumps(rows))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        '-m', '--model', action='extend', nargs='+', required=True, metavar='MODEL'
    )
    parser.add_argument('-p', '--part', nargs='+', choices=PARTS, default=list(PARTS))
    parser.add_argument('--held', type=Path, help='recordings by another simulator')
    data = os.environ.get('SPIKE_RECON_TEST_DATA', 'data')
    parser.add_argument('--data', type=Path, default=Path(data), help='folder (%(default)s)')
    parser.add_argument(
        '--work', type=Path, default=Path(tempfile.gettempdir()) / 'field_recordings',
        help='folder for recordings that are made once (%(default)s)',
    )  # fmt: skip
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--note', default='', help='written beside each figure')
    parser.add_argument('--quiet', action='store_true', help='without progress bars')
    parser.add_argument('-o', '--output', type=Path, required=True, metavar='OUT')
    return parser.parse_args()


def _kept(path: Path) -> list[dict[str, Any]]:
    """Return the rows of an earlier run."""
    if not path.exists():
        return []
    return list(json.loads(path.read_text(encoding='utf-8'))['results'])


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 5) if isinstance(value, float) else value


if __name__ == '__main__':
    sys.exit(main())
