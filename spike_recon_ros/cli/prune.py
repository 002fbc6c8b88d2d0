# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon prune`: writes a bundle whose network has fewer channels inside its blocks."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.bundles.new_bundle import check_output, new_bundle
from spike_recon_ros.cli.bundle_options import add_bundle_options
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import network_of
from spike_recon_ros.offline import network_inputs
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Run a network on recordings and keep those channels inside its residual blocks that contribute
most. The result is a bundle, which is faster on every device; further training recovers the
quality:

  spike-recon simulate photos/ -o walk
  spike-recon prune bundles/mine -d walk --reduction 3 -o bundles/narrow
  spike-recon train my_recipe.yaml --photos photos/ --start-from bundles/narrow -o runs/narrow

The recipe must have the same `reduction` among the arguments of its network. The recordings must
be similar to later input, as with `spike-recon quantize`. NARROW appears when it is complete.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    add_bundle_options(parser, 'learn from')
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='NARROW', help='folder to write'
    )
    parser.add_argument(
        '--reduction', type=int, default=3, metavar='N',
        help='factor between the channels outside and inside a block (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument('--overwrite', action='store_true', help='replace the bundle at NARROW')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Prune; return what was written.

    Raises:
        UserError: there is no such bundle, its network cannot be narrower, a recording cannot be
            read or is of another kind of sensor, NARROW must not be replaced, or PyTorch is not
            installed.
    """
    if args.reduction < 1:
        raise UserError('--reduction must be 1 or more')
    check_output(args.output, overwrite=args.overwrite)
    bundle = network_of(args.name)
    with training_installed():
        from spike_recon_training.prune_bundle import narrower_bundle  # noqa: PLC0415
    console = Console(stderr=True)
    sequences = network_inputs.tensors_of(bundle, args.dataset, console)
    recordings = [path.name for path in args.dataset]
    with (
        console.status('pruning') as status,
        new_bundle(args.output, overwrite=args.overwrite) as folder,
    ):
        report = narrower_bundle(
            bundle,
            args.reduction,
            sequences,
            recordings,
            folder,
            status.update,
        )
    return {'bundle': str(args.output), **report}


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    return f'narrower network -> {result["bundle"]}; now train it again with --start-from'
