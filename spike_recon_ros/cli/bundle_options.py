# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of commands that run a bundle's network over recordings to change the network."""

import argparse
from pathlib import Path


def add_bundle_options(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Declare the bundle and the recordings.

    Args:
        parser: of the command.
        purpose: of the recordings, for the help: `learn from`.
    """
    parser.add_argument(
        'name', metavar='BUNDLE', help='folder of a bundle, or a network of the zoo'
    )
    parser.add_argument(
        '-d', '--dataset', metavar='RECORDING', type=Path, action='append', required=True,
        help=f'recording to {purpose} (may be given several times)',
    )  # fmt: skip
