# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon convert`: write packets of a recording as a bag, or spike planes as a `.dat`."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_facts
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import SpikePlanesDecoder
from spike_recon_ros.sinks.output_path import check_not_source
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_file import write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout

DESCRIPTION = """\
Writes the packets of any readable recording as a rosbag2 (mcap) with the topic
/event_camera/events, or the packets of a spike camera as a file of packed planes, with its size
and period in a text file beside it. Reconstructing the copy gives the frames of the original.

  spike-recon convert car.dat -o car                  a bag
  spike-recon convert car -o car.dat                  ... and back
  spike-recon convert recording.raw -o recording      of an event camera

Other topics of a bag, and the frames of a data set, are left out. Packets without host time are
stamped with their sensor time.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('source', metavar='SOURCE', help='recording to read')
    parser.add_argument(
        '-o', '--out', metavar='OUT', type=Path, required=True,
        help='folder of the bag to make, or x.dat',
    )  # fmt: skip
    parser.add_argument('--overwrite', action='store_true', help='replace OUT')
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only where there are several'
    )
    add_size_options(parser)
    add_plane_options(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Convert one recording.

    Returns: what the main program prints as JSON.

    Raises:
        UserError: the recording cannot be read, or the output not written.
    """
    console = Console(stderr=True)
    check_not_source(Path(args.source), args.out)
    with open_source(args.source, args.topic, **given_facts(args)) as source:
        converter = _Stamped(source, console)
        (_to_dat if args.out.suffix == '.dat' else _to_bag)(converter, args.out, args.overwrite)
    if converter.gaps and args.out.suffix == '.dat':
        console.print(f'[yellow]{converter.gaps} gaps in time are lost: a .dat stores no times')
    return {
        'source': str(args.source),
        'out': str(args.out),
        'packets': converter.packets,
        'gaps': converter.gaps,
    }


class _Stamped:
    """The packets of a source with their decoded content.

    Attributes:
        packets: packets yielded so far.
        gaps: steps between planes that differ from their period.
    """

    def __init__(self, source: Source, console: Console) -> None:
        self.packets, self.gaps = 0, 0
        self._source, self._console = source, console
        self._decoder: Decoder[Any] | None = None
        self._sensor: tuple[str, int, int] = ('', 0, 0)

    def __iter__(self) -> Iterator[tuple[Packet, Any]]:
        """Yield each packet, stamped, and its events or planes."""
        t_ns, following_ns = 0, None
        for packet in with_progress(self._source, self._console):
            if not isinstance(packet, Packet):
                continue
            content = self._decoded(packet)
            if len(content):
                t_ns = int(content.t_ns[0])
                if isinstance(self._decoder, SpikePlanesDecoder):
                    self.gaps += following_ns not in (None, t_ns)
                    following_ns = int(content.t_ns[-1]) + self._decoder.period_ns
            self.packets += 1
            yield replace(packet, stamp_ns=packet.stamp_ns or t_ns), content

    @property
    def period_ns(self) -> int:
        """Time between two planes."""
        assert isinstance(self._decoder, SpikePlanesDecoder)
        return self._decoder.period_ns

    def _decoded(self, packet: Packet) -> Any:
        sensor = (packet.encoding, packet.width, packet.height)
        if self._decoder is None or sensor != self._sensor:
            self._decoder, self._sensor = decoder_for(*sensor), sensor
        return self._decoder.decode(packet)


def _to_bag(packets: _Stamped, out: Path, overwrite: bool) -> None:
    with BagWriter(out, overwrite) as writer:
        for packet, _ in packets:
            writer.write_packet(packet)


def _to_dat(packets: _Stamped, out: Path, overwrite: bool) -> None:
    if out.exists() and not overwrite:
        raise UserError(f'{out} exists already; choose another name or add --overwrite')
    parts = iter(packets)
    begin = next(parts, None)
    if begin is None or sensor_kind_of(begin[0].encoding) is not SensorKind.SPIKE:
        raise UserError(f'a .dat holds spike planes, and there are none; name a folder, not {out}')
    first, planes = begin
    layout = SpikeLayout(width=first.width, height=first.height, period_ns=packets.period_ns)
    write_dat(out, _of_one_sensor(planes, first, parts), layout)


def _of_one_sensor(
    planes: SpikePlanes, first: Packet, rest: Iterator[tuple[Packet, SpikePlanes]]
) -> Iterator[SpikePlanes]:
    yield planes
    for packet, content in rest:
        sensor = (packet.encoding, packet.width, packet.height)
        if sensor != (first.encoding, first.width, first.height):
            raise UserError('the sensor or its period changes, which a .dat cannot hold')
        yield content
