# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon quantize`: write a copy of a bundle with int8 convolutions, for CPUs."""

import argparse
import importlib
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeRemainingColumn

from spike_recon_ros.bundles.new_bundle import check_output
from spike_recon_ros.cli.bundle_options import add_bundle_options
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import network_of
from spike_recon_ros.offline import network_inputs

DESCRIPTION = """\
Measure the value ranges inside a network on recordings, and write a new bundle with a second graph
whose convolutions compute in int8. The backend openvino runs that graph on CPUs with instructions
for it (VNNI); `precision:=bf16` or `fp32` selects the float graph again.

The recordings must resemble what the network will see in light, speed and sensor, up to the
fastest motion: values beyond those that were measured are clipped. Two seconds of each are enough,
and simulated recordings work well:

  spike-recon simulate photos/ -o walk
  spike-recon simulate photos/ --speed 6 --contrast 0.15 -o run
  spike-recon quantize bundles/mine -d walk -d run -o bundles/mine_int8

The given bundle is not changed. An export writes float graphs only: quantize its result again.
"""
COLUMNS = '{task.description}', BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    add_bundle_options(parser, 'measure value ranges on')
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='FOLDER', help='bundle to write'
    )
    parser.add_argument(
        '--windows', type=int, default=40, metavar='N',
        help='number of windows to measure, spread over the recordings (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument('--overwrite', action='store_true', help='replace the bundle at FOLDER')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Quantise; return what was written.

    Raises:
        UserError: there is no such bundle, FOLDER must not be replaced, a recording cannot be read
            or is of another kind of sensor, a library is missing, or int8 is too coarse for the
            network.
    """
    if args.windows < 1:
        raise UserError('--windows must be 1 or more')
    check_output(args.output, overwrite=args.overwrite)
    bundle = network_of(args.name)
    try:
        quantise = importlib.import_module('spike_recon_ros.bundles.quantise')
    except ImportError as error:
        raise UserError(
            f'{error.name} is not installed; run: pip install onnxruntime onnx'
        ) from None
    console = Console(stderr=True)
    sequences = network_inputs.tensors_of(bundle, args.dataset, console)
    with Progress(*COLUMNS, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(phase, total=total)
            bars.update(tasks[phase], completed=done)

        report = quantise.quantise_bundle(
            bundle,
            sequences,
            args.output,
            windows=args.windows,
            recordings=[path.name for path in args.dataset],
            overwrite=args.overwrite,
            progress=show,
        )
    return {'bundle': str(args.output), **report}


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    return f'network in int8 -> {result["bundle"]}'
