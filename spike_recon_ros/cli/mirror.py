# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon mirror`: writes a bundle whose images are the mean over reflections."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.bundles.new_bundle import check_output, new_bundle
from spike_recon_ros.cli.bundle_options import add_bundle
from spike_recon_ros.model_choice import network_of
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Write a bundle that runs a network for events on four reflections of its input and publishes the
mean of the four images. The images have less noise and finer detail, without any training. On a
CPU it takes nearly five times as long, so it is for GPUs and for recordings:

  spike-recon mirror bundles/mine -o bundles/mine_mirrored
  spike-recon run drive.mcap -o images -m bundles/mine_mirrored

It can also be the teacher of a training (`spike-recon train --teacher`).
MIRRORED appears when it is complete.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    add_bundle(parser)
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='MIRRORED', help='folder to write'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace the bundle at MIRRORED')


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Mirror; return what was written.

    Raises:
        UserError: there is no such bundle, its network cannot be mirrored, MIRRORED must not be
            replaced, or PyTorch is not installed.
    """
    check_output(args.output, overwrite=args.overwrite)
    bundle = network_of(args.name)
    with training_installed():
        from spike_recon_training.mirror_bundle import mirrored_bundle  # noqa: PLC0415
    console = Console(stderr=True)
    with (
        console.status('mirroring') as status,
        new_bundle(args.output, overwrite=args.overwrite) as folder,
    ):
        mirrored_bundle(bundle, folder, args.output.resolve().name, status.update)
    return {'bundle': str(args.output), 'network': bundle.name}


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    return f'mean over four reflections of {result["network"]} -> {result["bundle"]}'
