# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks on a GPU: milliseconds per image, parity with the CPU, and whether the state works.

    python benchmarks/gpu.py -o benchmarks/results/gpu.json

It needs an NVIDIA GPU and TensorRT, or ONNX Runtime or PyTorch with CUDA. The last line on stdout
is the result, one JSON object. Engines are built in a temporary folder. `--dry-run` runs the same
code on a CPU at a tiny size.

It has not been run on a GPU yet, because none was available: no published figure comes from it.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from gpu_row import LIBRARIES, TENSORRT, One, Steps, Way, modules, say, windows
from roofline import peaks

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.tensorrt.engine_cache import FOLDER_VARIABLE
from spike_recon_ros.bundles.bundle import Bundle, read_bundle
from spike_recon_ros.bundles.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import padded_size

SIZES = {'event': ('346x260', '640x480', '1280x720'), 'spike': ('400x250', '1000x1000')}
DRY_SIZE = '64x48'


def main() -> int:
    """Measure everything that this machine can run; return the exit status."""
    args = _arguments()
    try:
        ways, left_out = _ways(args)
        with tempfile.TemporaryDirectory() as folder:
            os.environ[FOLDER_VARIABLE] = folder
            rates = peaks(args.dry_run)
            result = {
                'dry_run': args.dry_run,
                'machine': _machine(),
                'peaks': rates,
                'left_out': left_out,
                'results': measure(ways, args, rates),
            }
    except UserError as error:
        print(f'gpu.py: {error}', file=sys.stderr)
        return 1
    if args.output is not None:
        args.output.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
    print(json.dumps(result))
    return 0


def measure(
    ways: list[Way], args: argparse.Namespace, rates: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return one row for each network, size, way and precision."""
    steps = Steps(4, 1, 4) if args.dry_run else Steps()
    device = 'cpu' if args.dry_run else 'gpu'
    rows = []
    for name in args.models or zoo_names():
        found = find_bundle(name)
        if found is None:
            raise UserError(f'there is no network {name!r}; available: {", ".join(zoo_names())}')
        bundle = read_bundle(found)
        sizes = (DRY_SIZE,) if args.dry_run else SIZES[bundle.description['sensor']]
        for size in args.sizes or sizes:
            width, height = map(int, size.split('x'))
            placement = Placement(*padded_size(height, width, bundle.pad_multiple), device)
            expected = _on_cpu(bundle, placement, steps)
            for way in ways:
                for precision in way.precisions(args.precisions):
                    say(f'{name} {size} {way.name} {precision}')
                    row = {'model': name, 'size': size, 'way': way.name, 'precision': precision}
                    one = One(bundle, way, placement, (height, width), precision, steps)
                    with way.selected():
                        rows.append(row | one.row(expected, rates))
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Measure networks on the GPU.')
    parser.add_argument('-o', '--output', type=Path, metavar='JSON', help='file to write')
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help=f'try the script on the CPU at {DRY_SIZE}; its figures mean nothing',
    )
    for name, metavar, what in (
        ('models', 'NAME', 'networks (default: all of the zoo)'),
        ('sizes', 'WxH', 'sizes of the sensor (default: some for its kind)'),
        ('ways', 'WAY', 'tensorrt, tensorrt_rtx, onnxruntime, torch (default: all)'),
        ('precisions', 'PRECISION', 'of engines: fp32, fp16, bf16 (default: all)'),
    ):
        parser.add_argument(f'--{name}', action='extend', nargs='+', metavar=metavar, help=what)
    return parser.parse_args()


def _ways(args: argparse.Namespace) -> tuple[list[Way], dict[str, str]]:
    """Return the ways that work here, and why the others do not."""
    found, left_out = [], {}
    for candidate in CANDIDATES:
        if candidate.name == 'openvino':
            continue  # it runs on GPUs of Intel only
        for library in LIBRARIES if candidate.name == TENSORRT else ('',):
            name = library or candidate.name
            if args.ways and name not in args.ways:
                continue
            try:
                found.append(_way(candidate.name, library, args.dry_run))
            except UserError as error:
                left_out[name] = str(error).partition(';')[0]
    if not found:
        kind = 'backend' if args.dry_run else 'NVIDIA GPU that a backend can use'
        reasons = '; '.join(f'{name}: {reason}' for name, reason in left_out.items())
        raise UserError(f'there is no {kind} ({reasons}); --dry-run tries the script on a CPU')
    return found, left_out


def _way(backend: str, library: str, dry_run: bool) -> Way:
    if library and not any(find_spec(module) for module in LIBRARIES[library]):
        raise UserError(f'{library} is not installed')
    if not library:
        return Way(choose_backend(backend, 'cpu' if dry_run else 'gpu'))
    with modules(LIBRARIES[library]):
        return Way(choose_backend(backend, 'gpu'), library)


def _on_cpu(bundle: Bundle, placement: Placement, steps: Steps) -> np.ndarray:
    """Return the images of ONNX Runtime on the CPU, float32 [steps, rows, columns]."""
    rows, columns = placement.height, placement.width
    load = choose_backend('onnxruntime', 'cpu').load
    backend = load(bundle, Placement(rows, columns, 'cpu', os.cpu_count() or 1))
    try:
        return np.stack(
            [backend.step(window) for window in windows(bundle, steps.parity, rows, columns)]
        )
    finally:
        backend.close()


def _machine() -> dict[str, str]:
    """Return the machine and the versions of the libraries."""
    found = {'python': platform.python_version(), 'processor': platform.machine()}
    try:
        cuda = import_module('spike_recon_ros.backends.cuda.cuda_device')
        found['compute_capability'] = cuda.compute_capability()
        found |= cuda.versions()
    except (ImportError, UserError):
        pass  # another backend may still use a GPU
    return found


if __name__ == '__main__':
    sys.exit(main())
