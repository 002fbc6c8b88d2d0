# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon play`: publishes a recording on live topics, for machines without `ros2 bag`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_facts
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.errors import UserError, counted

TAKES_ROS_ARGS = True
LATE_MS = 100.0
"""Packets that are published later than this are worth a word."""
DESCRIPTION = """\
Publish every topic of a rosbag2 bag whose message type is known and installed, or the packets of
any other recording on /event_camera/events, at the recorded pace. More than a minute without any
message, as after a damaged time, is shortened to a second.

  spike-recon play recording/
  spike-recon play recording/ --loop --clock --ros-args -r /event_camera/events:=/my/events
  spike-recon play camera.raw --ros-args -r __ns:=/cam0          on /cam0/events
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument('source', metavar='SOURCE', type=Path, help='bag or recording to publish')
    parser.add_argument(
        '--rate', metavar='R', type=float, default=1.0, help='speed (default: 1 = as recorded)'
    )
    parser.add_argument(
        '--topic', metavar='TOPIC',
        help='play these events alone, on /event_camera/events (default: all topics of a ROS 2 '
        'bag; otherwise the only events)',
    )  # fmt: skip
    parser.add_argument('--loop', action='store_true', help='begin again at the end')
    parser.add_argument('--clock', action='store_true', help='publish the recorded time on /clock')
    parser.add_argument(
        '--restamp',
        action='store_true',
        help='shift the header stamps to now, as a camera would stamp them (always with files '
        'without host time, such as RAW, unless --clock or --rate is given)',
    )
    parser.add_argument(
        '--wait-for', metavar='TOPIC', action='append', default=[],
        help='begin once TOPIC has a subscriber (may be given several times)',
    )  # fmt: skip
    parser.add_argument(
        '--wait-timeout', metavar='S', type=float,
        help='wait at most S seconds (default: 60)',
    )  # fmt: skip
    add_size_options(parser)
    add_plane_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play until the end or an interrupt.

    Raises:
        UserError: there is no ROS, or the recording cannot be played.
    """
    ros_or_cure()
    if args.wait_timeout is not None and not args.wait_for:
        raise UserError('--wait-timeout is how long --wait-for waits; give both')
    print(f'playing {args.source}{" in a loop" * args.loop}; Ctrl-C stops', file=sys.stderr)
    from spike_recon_ros.nodes.play_node import play  # noqa: PLC0415 -- needs ROS

    return play(
        args.source,
        rate=args.rate,
        loop=args.loop,
        clock=args.clock,
        restamp=args.restamp,
        wait_for=args.wait_for,
        **({} if args.wait_timeout is None else {'wait_timeout': args.wait_timeout}),
        facts={'topic': args.topic, **given_facts(args)},
        ros_args=args.ros_args,
    )


def in_words(result: dict[str, Any]) -> str:
    """Return what was published, as a line for people."""
    late = result['late_p99_ms'] or 0.0
    text = f'{counted(result["packets"], "packets")} published in {result["seconds"]:.1f} s'
    return text + (f', p99 {late:.0f} ms late: this machine is busy' if late > LATE_MS else '')
