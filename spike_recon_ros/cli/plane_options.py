# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options that tell what a file of spike planes does not say about itself.

Comes in: an argument parser. Goes out: what was given. Knows nothing about files.
"""

import argparse
from typing import Any

from spike_recon_ros.sources.spike_layout import LAYOUTS


def add_plane_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group(
        'files of spike planes (.dat, raw), instead of what NAME.dat.yaml beside NAME.dat says'
    )
    group.add_argument(
        '--plane-size', type=_size, metavar='WxH', help='pixels of the sensor (400x250)'
    )
    group.add_argument(
        '--plane-period-ns', type=int, metavar='NS', help='time between two planes (50000)'
    )
    group.add_argument(
        '--plane-flip', action=argparse.BooleanOptionalAction,
        help='whether the bottom row is stored first (400x250: yes, other sizes: no)',
    )  # fmt: skip
    group.add_argument(
        '--plane-layout', choices=LAYOUTS,
        help='packed rows, or what a camera of that name sends (planes)',
    )  # fmt: skip


def planes_told(args: argparse.Namespace) -> dict[str, Any]:
    """Return what was given, as `open_source` takes it."""
    width, height = args.plane_size or (None, None)
    told = {
        'layout': args.plane_layout,
        'width': width,
        'height': height,
        'period_ns': args.plane_period_ns,
        'flip': args.plane_flip,
    }
    return {name: value for name, value in told.items() if value is not None}


def _size(text: str) -> tuple[int, int]:
    """Parse `1000x1000`."""
    width, _, height = text.lower().partition('x')
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f'{text!r} is not a size like 400x250')
    return int(width), int(height)
