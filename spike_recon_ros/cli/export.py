# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon export`: a trained run in, a bundle out.

Comes in: the command line. Goes out: a folder that `model` may name. Knows nothing about networks.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.output_folder import check_free
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Write the averaged weights of a run, finished or interrupted, as a bundle: ONNX, safetensors, a
golden input that the runtime checks itself with, and a model card.

  spike-recon export runs/toy -o bundles/toy
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument('run_folder', type=Path, metavar='RUN', help='folder of the run')
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='BUNDLE', help='folder to write'
    )
    parser.add_argument('--name', help="of the model (the recipe's)")
    parser.add_argument(
        '--figures', type=Path, metavar='FILE', help='figures for the model card, a JSON object'
    )
    parser.add_argument(
        '--average-with',
        type=Path,
        metavar='BUNDLE',
        help='write the mean of these weights and those of a bundle of the same network, such as '
        'the one the run began with',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace what BUNDLE holds')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Export; return what was written.

    Raises:
        UserError: there is no run, BUNDLE exists, the figures are no JSON object, or PyTorch or
            ONNX is not installed.
    """
    check_free(args.output, overwrite=args.overwrite)
    with training_installed():
        from spike_recon_training.export import export_run  # noqa: PLC0415
    figures = None if args.figures is None else _figures(args.figures)
    return export_run(args.run_folder, args.output, args.name, figures, args.average_with)


def _figures(file: Path) -> dict[str, Any]:
    try:
        figures = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise UserError(f'--figures {file} cannot be read as JSON: {error}') from None
    if not isinstance(figures, dict):
        raise UserError(f'--figures {file} must hold a JSON object of names and figures')
    return figures
