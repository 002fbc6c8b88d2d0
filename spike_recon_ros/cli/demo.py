# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon demo`: a made-up recording through real nodes, and what came of it.

Comes in: nothing. Goes out: a video, a picture and a summary, made by three processes that speak
over DDS. Knows nothing about packets or filters.
"""

import argparse
import json
import os
import random
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.live_trio import run_live
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.cli.simulate import simulate_board
from spike_recon_ros.settings import Settings

HELP = 'simulate a recording, play it through the live node, show what came out'
DESCRIPTION = """\
Simulates a camera that moves over a board with AprilTags, plays the events as EventPacket messages
from one process, reconstructs them in the node in a second, receives the images in a third, and
writes a video, a picture (events | reconstruction | ground truth) and a summary.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument(
        '-o',
        '--out',
        metavar='FOLDER',
        type=Path,
        default=Path('demo'),
        help='where the files go (default: %(default)s)',
    )
    parser.add_argument(
        '-m', '--model', default=Settings().model, help='what reconstructs (default: %(default)s)'
    )
    parser.add_argument(
        '--fps', type=float, default=50.0, help='frames a second (default: %(default)s)'
    )
    parser.add_argument(
        '--duration',
        metavar='S',
        type=float,
        default=4.0,
        help='length of the recording (default: %(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of the simulation (default: %(default)s)'
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Make the demonstration.

    Returns: the summary that is also written to summary.json.

    Raises:
        UserError: there is no ROS, or one of the processes failed.
    """
    ros_or_cure()
    from spike_recon_ros.cli.demo_report import report, show  # noqa: PLC0415 -- slow to import

    _keep_to_ourselves()
    console = Console(stderr=True)
    bag, frames = args.out / 'recording', args.out / 'frames'
    args.out.mkdir(parents=True, exist_ok=True)
    console.print('[bold]1/3[/] simulate a camera that moves over a board with AprilTags')
    options = {'duration': args.duration, 'seed': args.seed, 'fps-truth': args.fps}
    simulated = simulate_board(bag, **options)
    console.print('[bold]2/3[/] play it through the live node, over DDS, at its real pace')
    heard = run_live(bag, frames, {'model': args.model, 'fps': args.fps})
    console.print('[bold]3/3[/] compare what arrived with the ground truth')
    summary = report(bag, frames, args.out, args.fps, heard)
    summary['simulation'] = simulated
    (args.out / 'summary.json').write_text(json.dumps(summary, indent=2) + '\n', encoding='utf-8')
    show(console, summary, args.out)
    return summary


def _keep_to_ourselves() -> None:
    """Choose a domain of our own, unless the user did: no robot in the house sees the demo."""
    if 'ROS_DOMAIN_ID' not in os.environ:
        os.environ['ROS_DOMAIN_ID'] = str(random.randint(1, 101))
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_LOCALHOST_ONLY', '1')  # the same, before ROS 2 Iron
