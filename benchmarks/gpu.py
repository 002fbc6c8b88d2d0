# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks on a GPU: milliseconds an image, parity with the CPU, and whether the state lives.

    python benchmarks/gpu.py -o benchmarks/results/gpu.json

Comes in: a machine with an NVIDIA GPU and the extra `tensorrt`, `onnxruntime` with CUDA or `torch`
with CUDA. Goes out: one JSON object, as the last line on stdout too. Builds the engines that it
needs in a folder that it removes again.

NOT YET RUN: there has been no GPU at hand, so no figure of this project comes from it.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.backend import Backend, Placement
from spike_recon_ros.backends.bundle import Bundle, read_bundle
from spike_recon_ros.backends.choice import CANDIDATES, Choice, choose_backend
from spike_recon_ros.backends.engine_cache import FOLDER_VARIABLE
from spike_recon_ros.backends.golden import deviation, load_checked
from spike_recon_ros.backends.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import padded_size

SIZES = (346, 260), (640, 480), (1280, 720)
PRECISIONS = 'fp32', 'fp16', 'bf16'
PARITY_STEPS, WARM_STEPS, TIMED_STEPS = 100, 50, 500
EVENT_SHARE = 0.1


def main() -> int:
    """Measure everything that this machine can run; return the exit status."""
    parser = argparse.ArgumentParser(description='Measure networks on the GPU.')
    parser.add_argument('-o', '--output', type=Path, metavar='JSON', help='file to write')
    args = parser.parse_args()
    try:
        result = {'machine': _machine(), 'results': measure(_choices())}
    except UserError as error:
        print(f'gpu.py: {error}', file=sys.stderr)
        return 1
    text = json.dumps(result)
    if args.output is not None:
        args.output.write_text(json.dumps(result, indent=1) + '\n', encoding='utf-8')
    print(text)
    return 0


def measure(choices: list[Choice]) -> list[dict[str, Any]]:
    """Return one row for each network, size, backend and precision."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ[FOLDER_VARIABLE] = folder
        for name in zoo_names():
            found = find_bundle(name)
            assert found is not None
            bundle = read_bundle(found)
            for width, height in SIZES:
                expected = _on_cpu(bundle, width, height)
                for choice in choices:
                    own = PRECISIONS if choice.candidate.name == 'tensorrt' else ('fp32',)
                    for precision in own:
                        say(f'{name} {width}x{height} {choice.candidate.name} {precision}')
                        row = {'model': name, 'size': f'{width}x{height}', 'precision': precision}
                        row |= _row(bundle, choice, width, height, precision, expected)
                        rows.append(row)
    return rows


def say(line: str) -> None:
    """Tell people how far it is."""
    print(line, file=sys.stderr, flush=True)


def _choices() -> list[Choice]:
    """Return the backends that have an NVIDIA GPU here."""
    choices, reasons = [], []
    for candidate in CANDIDATES:
        if candidate.name == 'openvino':
            continue  # its GPUs are Intel's
        try:
            choices.append(choose_backend(candidate.name, 'gpu'))
        except UserError as error:
            reasons.append(str(error).partition(';')[0])
    if not choices:
        raise UserError(f'there is no NVIDIA GPU that a backend can use ({"; ".join(reasons)})')
    return choices


def _row(
    bundle: Bundle,
    choice: Choice,
    width: int,
    height: int,
    precision: str,
    expected: np.ndarray,
) -> dict[str, Any]:
    """Load with the self-test, compare, time; what fails is said in the row."""
    rows, columns = padded_size(height, width, bundle.pad_multiple)
    try:
        if choice.candidate.name == 'tensorrt':
            builder = import_module('spike_recon_ros.backends.engine_builder')
            builder.build_engines(bundle, width, height, precision, say)
        backend = load_checked(choice.load, bundle, Placement(rows, columns, 'gpu'))
    except UserError as error:
        return {'backend': choice.candidate.name, 'error': str(error)}
    try:
        return {
            'backend': backend.name,
            **_checked(backend, bundle, expected),
            **_timed(backend, bundle, rows, columns),
        }
    finally:
        backend.close()


def _checked(backend: Backend, bundle: Bundle, expected: np.ndarray) -> dict[str, Any]:
    """Compare a hundred recurrent steps with the CPU; look whether state and reset work."""
    size = expected.shape[1:]
    given = np.stack([backend.step(window) for window in _windows(bundle, PARITY_STEPS, *size)])
    (window,) = _windows(bundle, 1, *size)
    backend.reset()
    first, second = backend.step(window), backend.step(window)
    backend.reset()
    again = backend.step(window)
    backend.reset()
    off = deviation(given, expected)
    return {
        'deviation': off,
        'deviation_of_last_ten': deviation(given[-10:], expected[-10:]),
        'parity': off < backend.tolerance,
        'state_is_alive': deviation(second, first) > 2 * backend.tolerance,
        'reset_brings_the_first_back': deviation(again, first) < backend.tolerance,
    }


def _timed(backend: Backend, bundle: Bundle, rows: int, columns: int) -> dict[str, float]:
    """Return the time of a step with its copies to and from the device, milliseconds."""
    windows = list(_windows(bundle, 8, rows, columns))
    for step in range(WARM_STEPS):
        backend.step(windows[step % len(windows)])
    times = []
    for step in range(TIMED_STEPS):
        begun = time.perf_counter()
        backend.step(windows[step % len(windows)])
        times.append(1e3 * (time.perf_counter() - begun))
    times.sort()
    return {'ms_median': statistics.median(times), 'ms_p99': times[int(0.99 * len(times))]}


def _on_cpu(bundle: Bundle, width: int, height: int) -> np.ndarray:
    """Return what the reference on the CPU gives in float32, [steps, rows, columns]."""
    rows, columns = padded_size(height, width, bundle.pad_multiple)
    load = choose_backend('onnxruntime', 'cpu').load
    backend = load(bundle, Placement(rows, columns, 'cpu', os.cpu_count() or 1))
    try:
        return np.stack(
            [backend.step(window) for window in _windows(bundle, PARITY_STEPS, rows, columns)]
        )
    finally:
        backend.close()


def _windows(bundle: Bundle, steps: int, rows: int, columns: int) -> Iterator[np.ndarray]:
    """Yield made-up tensors, float32 [bins, rows, columns], the same at each call."""
    chance = np.random.default_rng(0)
    shape = bundle.bins, rows, columns
    for _ in range(steps):
        drawn = chance.standard_normal(shape, np.float32)
        yield drawn * (chance.random(shape, np.float32) < EVENT_SHARE)


def _machine() -> dict[str, str]:
    """Return what the figures depend on."""
    found = {'python': platform.python_version(), 'processor': platform.machine()}
    try:
        cuda = import_module('spike_recon_ros.backends.cuda_device')
        found['compute_capability'] = cuda.compute_capability()
    except (ImportError, UserError):
        pass  # another backend may still have a GPU
    return found


if __name__ == '__main__':
    sys.exit(main())
