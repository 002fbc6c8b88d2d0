# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon build`: engines for the backend `tensorrt`, once for each machine and sensor.

Comes in: the command line. Goes out: files in the user's cache. Knows nothing about TensorRT.
"""

import argparse
from typing import Any

from rich.console import Console

from spike_recon_ros.backends.backend import FULL_PRECISION, PRECISIONS
from spike_recon_ros.backends.tensorrt.engine_request import build_requested

DESCRIPTION = """\
Build what the backend tensorrt runs: one engine for the size of the sensor, and a small one with
which the network is checked against its golden output at every start. It takes from seconds to
many minutes, and has to be done again after TensorRT, the GPU or the network has changed; the node
then says so.

  spike-recon build two_scale_gru --size 346x260

Engines lie in $XDG_CACHE_HOME/spike_recon_ros/engines (by default in ~/.cache), or in the folder
that SPIKE_RECON_ENGINES names. An engine is code: load none that somebody else built.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument('name', metavar='NAME', help='a network of the zoo, or the path of one')
    parser.add_argument(
        '--size', required=True, metavar='WxH', help='size of the sensor in pixels, as 346x260'
    )
    parser.add_argument(
        '--precision',
        choices=PRECISIONS,
        default=FULL_PRECISION,
        help='what the network computes in; half precision needs the library onnx (%(default)s)',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Build; return what was written.

    Raises:
        UserError: there is no such network, the size is none, there is no TensorRT or no GPU, or
            no engine can be made.
    """
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, highlight=False, markup=False)

    written = build_requested(args.name, args.size, args.precision, say)
    return {
        'model': args.name,
        'precision': args.precision,
        'engines': [str(path) for path in written],
    }
