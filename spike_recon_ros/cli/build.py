# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon build`: build engines for the backend `tensorrt` on this machine."""

import argparse
from typing import Any

from rich.console import Console

from spike_recon_ros.backends.backend import FULL_PRECISION, PRECISIONS
from spike_recon_ros.backends.tensorrt.engine_request import build_requested

DESCRIPTION = """\
Build the engines that the backend tensorrt runs: one for the size of the sensor, and a small one
that compares the network with its golden output at every start. This takes from seconds to many
minutes. Build again after TensorRT, the GPU or the network has changed; the node then asks for it.

  spike-recon build two_scale_gru --size 346x260

Engines are stored in $XDG_CACHE_HOME/spike_recon_ros/engines (by default below ~/.cache), or in
the folder that SPIKE_RECON_ENGINES names. An engine is code: load none that somebody else built.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument(
        'name', metavar='NAME', help='a network of the zoo, or the path of a bundle'
    )
    parser.add_argument(
        '--size', required=True, metavar='WxH', help='size of the sensor in pixels, as 346x260'
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default=FULL_PRECISION,
        help='number format of the network; half precision needs the library onnx '
        '(default: %(default)s)',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build; return what was written.

    Raises:
        UserError: there is no such network, the size is malformed, TensorRT or a GPU is missing,
            or the engine cannot be built.
    """
    console = Console(stderr=True)

    def report(line: str) -> None:
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    written = build_requested(args.name, args.size, args.precision, report)
    return {
        'model': args.name,
        'precision': args.precision,
        'engines': [str(path) for path in written],
    }
