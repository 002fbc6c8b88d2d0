# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Options that name a bundle, and those of commands that run its network to change it."""

import argparse
import os
from pathlib import Path

from spike_recon_ros.bundles.zoo import find_bundle


def bundle_path(given: str) -> Path:
    """Return the path of a bundle or of its weights; a name of the zoo is that of its bundle."""
    path = Path(given)
    return path if os.path.exists(path) else find_bundle(given) or path


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Declare the bundle."""
    parser.add_argument(
        'name', metavar='BUNDLE', help='folder of a bundle, or a network of the zoo'
    )


def add_bundle_options(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Declare the bundle and the recordings.

    Args:
        parser: of the command.
        purpose: of the recordings, for the help: `learn from`.
    """
    add_bundle(parser)
    parser.add_argument(
        '-d', '--dataset', metavar='RECORDING', type=Path, action='append', required=True,
        help=f'recording to {purpose} (may be given several times)',
    )  # fmt: skip
