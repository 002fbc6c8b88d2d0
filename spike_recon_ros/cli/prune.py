# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon prune`: a bundle in, one whose network is narrower inside its blocks out.

Comes in: the command line. Goes out: a bundle to train on from, or to run. Knows nothing about
which channels are worth keeping.
"""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.bundle_options import add_bundle_options
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline import network_inputs
from spike_recon_ros.offline.output_folder import check_free
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Look at what a network computes on recordings, and keep those channels inside its residual blocks
that add most. What is written is a bundle; train on from there and the rest is made good:

  spike-recon simulate photos/ -o walk
  spike-recon prune bundles/mine -d walk --reduction 3 -o bundles/narrow
  spike-recon train my_recipe.yaml --photos photos/ --start-from bundles/narrow -o runs/narrow

The recipe must say the same `reduction` among the arguments of its network. The recordings must be
like what the network will see, as with `spike-recon quantize`.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    add_bundle_options(parser, 'learn from')
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='NARROW', help='folder to write'
    )
    parser.add_argument(
        '--reduction', type=int, default=3, metavar='N',
        help='how many times fewer channels a block has inside than outside (%(default)s)',
    )  # fmt: skip
    parser.add_argument('--overwrite', action='store_true', help='replace what NARROW holds')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Prune; return what was written.

    Raises:
        UserError: there is no such bundle, its network cannot be narrower, a recording cannot be
            read or is of another kind of sensor, NARROW exists, or PyTorch is not installed.
    """
    if args.reduction < 1:
        raise UserError('--reduction must be 1 or more')
    check_free(args.output, overwrite=args.overwrite)
    bundle = network_inputs.bundle_named(args.name)
    with training_installed():
        from spike_recon_training.prune_bundle import narrower_bundle  # noqa: PLC0415
    sequences = network_inputs.tensors_of(bundle, args.dataset, Console(stderr=True))
    recordings = [path.name for path in args.dataset]
    said = narrower_bundle(
        bundle.description, bundle.weights, args.reduction, sequences, recordings, args.output
    )
    return {'bundle': str(args.output), **said}
