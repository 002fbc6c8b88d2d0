# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon export`: writes a training run, or published weights, as a bundle."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.bundles.new_bundle import check_output, new_bundle
from spike_recon_ros.cli.bundle_options import bundle_path
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import published_weights
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Write the averaged weights of a run, finished or interrupted, as a bundle: ONNX, safetensors, a
golden input and output for the self-test of the runtime, and a model card. BUNDLE appears when it
is complete.

  spike-recon export runs/toy -o bundles/toy
  spike-recon export firenet:firenet.pth -o bundles/firenet    weights as FireNet's authors publish
                                                               them; also base, bsf,
                                                               spk2imgnet, ssir, stir, swinsf
                                                               and wgse

The licence of published weights is that of their authors.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument(
        'run_folder', metavar='RUN',
        help='folder of the run; or NAME:FILE.pth, published weights',
    )  # fmt: skip
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='BUNDLE', help='folder to write'
    )
    parser.add_argument('--name', help="name of the model (default: the recipe's)")
    parser.add_argument(
        '--figures',
        type=Path,
        metavar='FILE',
        help='JSON object with further metrics for the model card',
    )
    parser.add_argument(
        '--average-with',
        type=bundle_path,
        metavar='BUNDLE',
        help='average the weights with those of a bundle of the same network, such as the one '
        'that the run started from, or of a network of the zoo',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace the bundle at BUNDLE')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Export; return what was written.

    Raises:
        UserError: there is no run, BUNDLE must not be replaced, the figures are no JSON object,
            or PyTorch or ONNX is not installed.
    """
    check_output(args.output, overwrite=args.overwrite)
    name, weights = published_weights(args.run_folder)
    if name:
        return _export_published(name, Path(weights).expanduser(), args)
    figures = None if args.figures is None else _figures(args.figures)
    with Console(stderr=True).status('loading PyTorch') as status:
        with training_installed():
            from spike_recon_training.export import export_run  # noqa: PLC0415
        with new_bundle(args.output, overwrite=args.overwrite) as folder:
            result = export_run(
                Path(args.run_folder), folder, args.name, figures, args.average_with, status.update
            )
    return {**result, 'bundle': str(args.output)}


def _export_published(name: str, weights: Path, args: argparse.Namespace) -> dict[str, Any]:
    for option in ('name', 'figures', 'average_with'):
        if getattr(args, option) is not None:
            flag = option.replace('_', '-')
            raise UserError(f'--{flag} is for a run of our training; leave it out')
    with Console(stderr=True).status('loading PyTorch') as status:
        with training_installed():
            from spike_recon_training.published_weights import export_published  # noqa: PLC0415
        with new_bundle(args.output, overwrite=args.overwrite) as folder:
            export_published(name, weights, folder, status.update)
    return {'name': name, 'weights': str(weights), 'bundle': str(args.output)}


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    bundle = result['bundle']
    return f'bundle -> {bundle}; use it: spike-recon run SOURCE -m {bundle} -o out.mp4'


def _figures(file: Path) -> dict[str, Any]:
    try:
        figures = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise UserError(f'--figures {file} cannot be read as JSON: {error}') from None
    if not isinstance(figures, dict):
        raise UserError(f'--figures {file} must hold a JSON object of names and numbers')
    return figures
