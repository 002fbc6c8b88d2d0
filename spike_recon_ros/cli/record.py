# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon record`: writes the images of a live topic to files."""

import argparse
import sys
from pathlib import Path
from typing import Any

from spike_recon_ros.cli.partial_result import PartialResultError
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.errors import counted
from spike_recon_ros.topics import IMAGE_NAME

TAKES_ROS_ARGS = True
LARGEST_LATENCY_MS = 60_000.0
"""More is the age of a recording that was played with its own stamps."""
DESCRIPTION = """\
Subscribe to an image topic and write every image until Ctrl-C, or until N images are written.

  spike-recon record out                 one PNG per image
  spike-recon record out.mp4 --fps 50    a video
  spike-recon record out --ros-args -r __ns:=/cam0      of the node /cam0/recon
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument(
        'out', metavar='OUT', type=Path, help='folder of PNGs, x.mp4, or x.mcap (a bag)'
    )
    parser.add_argument(
        '--topic',
        metavar='TOPIC',
        default=IMAGE_NAME,
        help='image topic, full or in the namespace /event_camera (default: %(default)s)',
    )
    parser.add_argument(
        '--frames', metavar='N', type=int, help='stop after N images (default: at Ctrl-C)'
    )
    parser.add_argument(
        '--fps',
        metavar='FPS',
        type=float,
        default=25.0,
        help='frame rate of a video (default: 25)',
    )
    parser.add_argument('--overwrite', action='store_true', help='replace what OUT holds')
    parser.add_argument(
        '--until-played',
        action='store_true',
        help='also stop once nobody publishes packets and the node has processed all of them',
    )


NOT_WRITTEN = {
    'unreadable': 'malformed or in an encoding that is not supported',
    'dropped': 'dropped because the disk is too slow',
}


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Record until the wanted number of images or an interrupt.

    Raises:
        UserError: there is no ROS, OUT cannot be written, or no image arrived.
    """
    ros_or_cure()
    from spike_recon_ros.nodes.record_node import record  # noqa: PLC0415 -- needs ROS

    def announce(topic: str) -> None:
        print(f'recording {topic} to {args.out}; Ctrl-C stops', file=sys.stderr, flush=True)

    result = record(
        args.out,
        args.topic,
        fps=args.fps,
        frames=args.frames,
        overwrite=args.overwrite,
        until_played=args.until_played,
        announce=announce,
        ros_args=args.ros_args,
    )
    if not result['frames']:
        why = result.get('why_silent') or (
            'start what publishes it, or give another --topic (`ros2 topic list` shows them)'
        )
        topic = result.get('topic', args.topic)
        raise PartialResultError(f'no image arrived on {topic}; {why}', result)
    return result


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    text = counted(result['written'], 'images')
    for name, why in NOT_WRITTEN.items():
        if count := result[name]:
            text += f', {count:,} {why}'
    # With the clock of a player, which steps, images may be a little ahead of it.
    if abs(result['latency_p50_ms']) > LARGEST_LATENCY_MS:
        return f'{text}; no latency, because their stamps are not of today (play --restamp?)'
    p50, p99 = result['latency_p50_ms'], result['latency_p99_ms']
    return f'{text}, latency p50 {p50:g} ms, p99 {p99:g} ms'
