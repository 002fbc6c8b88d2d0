# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon convert`: writes a recording as a bag, or spike planes as a `.dat`."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_facts
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.offline.conversion import Images, convert
from spike_recon_ros.offline.new_recording import DAT
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.offline.stream_warnings import order_warnings
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.sources.open_source import open_source

DESCRIPTION = """\
Write the packets of a recording as a rosbag2 (mcap) with the topic /event_camera/events, or
those of a spike camera as a file of packed planes, with size and period in a text file beside it.
The copy gives the same frames as the original.

  spike-recon convert car.dat -o car                  a bag
  spike-recon convert car -o car.dat                  ... and back
  spike-recon convert recording.raw -o recording      a recording of an event camera

The frames of a data set or of an AEDAT4 file become the topic /event_camera/ground_truth/image_raw
(mono8), which evaluate finds by itself. Of the other topics of a bag, only the ground truth is
kept. Packets without host time are stamped with their sensor time. OUT is written as a whole: it
appears only when it is complete.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('source', metavar='SOURCE', help='recording to read')
    parser.add_argument(
        '-o', '--out', metavar='OUT', type=Path, required=True,
        help='folder of the bag to make, or x.dat',
    )  # fmt: skip
    parser.add_argument(
        '--overwrite', action='store_true', help='replace OUT if it is a recording'
    )
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only if there are several'
    )
    parser.add_argument(
        '--truth-topic', metavar='TOPIC',
        help='topic of images of a bag to keep as ground truth (default: that of simulate)',
    )  # fmt: skip
    add_size_options(parser)
    add_plane_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Convert one recording.

    Returns: what the main program prints as JSON.

    Raises:
        UserError: the recording cannot be read, or the output not written.
    """
    console = Console(stderr=True)
    if args.truth_topic is not None and args.out.suffix == DAT:
        raise UserError(
            'a .dat holds no images; leave out --truth-topic, or name a folder with -o, which '
            'becomes a bag'
        )
    with open_source(args.source, args.topic, **given_facts(args)) as source:
        counts = convert(
            source,
            args.out,
            images=_images(args),
            overwrite=args.overwrite,
            console=console,
        )
    if args.out.suffix == DAT:
        if counts['gaps']:
            gaps = counted(counts['gaps'], 'gaps')
            print_warning(console, f'{gaps} in time lost: a .dat holds no times')
        names = 'packets', 'lost_packets', 'repeated_packets', 'unordered_packets'
        numbers = (counts[name] for name in names)
        for sentence in order_warnings(*numbers, kind=SensorKind.SPIKE):
            print_warning(console, sentence)
    return {'source': str(args.source), 'out': str(args.out), **counts}


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    frames = f' and {counted(result["frames"], "frames")}' if result['frames'] else ''
    return f'{counted(result["packets"], "packets")}{frames} -> {result["out"]}'


def _images(args: argparse.Namespace) -> Images | None:
    """Return the ground truth of a recording; None = it has none."""
    topic = args.truth_topic or truth_topic(args.source, args.size, args.topic)
    return None if topic is None else open_images(args.source, topic, args.size)
