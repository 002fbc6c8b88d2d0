# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Writes the packets and frames of a recording into a bag, or its spike planes into a `.dat`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.new_recording import DAT, new_recording
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.packet_sequence import Place
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import SpikePlanesDecoder
from spike_recon_ros.recording_clock import RecordingClock
from spike_recon_ros.sinks.output_path import check_not_source
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.open_images import grey_image
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_file import write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout
from spike_recon_ros.stream_decoder import StreamDecoder
from spike_recon_ros.topics import GROUND_TRUTH

Images = Iterable[tuple[int, np.ndarray]]
"""Stamps (ns) and images, in the order of recording."""


def convert(
    source: Source,
    out: Path,
    *,
    images: Images | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> dict[str, int]:
    """Write a copy of a recording. Packets without host time are stamped with sensor time.

    Args:
        source: an open recording.
        out: folder of the bag to make, or `x.dat` for spike planes.
        images: ground truth to write beside the packets of a bag, as mono8; None = there is none.
        overwrite: replace a recording that is there.
        console: for the progress bar and warnings; None = stderr.

    Returns: `packets`; `lost_packets`, which are missing; `repeated_packets` and
        `unordered_packets` among them, of which a `.dat` holds none; `frames`: images of the
        ground truth; and `gaps`: how often spike planes do not follow each other at their period.
        A `.dat` holds neither frames nor times, so gaps are lost there.

    Raises:
        UserError: `out` must not be replaced or cannot be written, or a `.dat` cannot hold the
            recording.
    """
    check_not_source(source.path, out)
    packets = _Stamped(source, console or Console(stderr=True))
    frames = 0
    with new_recording(out, overwrite) as incomplete:
        if out.suffix == DAT:
            _to_dat(packets, incomplete)
        else:
            frames = _to_bag(packets, images or (), incomplete)
    return {
        'packets': packets.packets,
        'lost_packets': packets.lost,
        'repeated_packets': packets.repeated,
        'unordered_packets': packets.unordered,
        'frames': frames,
        'gaps': packets.gaps,
    }


class _Stamped:
    """The packets of a source, each with a stamp, and their events or planes.

    Attributes:
        packets: how many were read.
        lost: how many are missing.
        repeated: those of them that came a second time; they have no events or planes.
        unordered: those that came after a later one; they have events, but no planes.
        gaps: how often planes do not follow each other at their period.
    """

    def __init__(self, source: Source, console: Console) -> None:
        self.packets = self.lost = self.repeated = self.unordered = self.gaps = 0
        self._source, self._console = source, console
        self._stream = StreamDecoder()

    def __iter__(self) -> Iterator[tuple[Packet, Any]]:
        """Yield each packet with a stamp, and its events or planes."""
        t_ns, following_ns = 0, None
        for packet in with_progress(self._source, self._console):
            if not isinstance(packet, Packet):
                continue
            content = self._stream.decode(packet)
            if len(content):
                t_ns = int(content.t_ns[0])
                if isinstance(self._stream.decoders[-1], SpikePlanesDecoder):
                    self.gaps += following_ns not in (None, t_ns)
                    following_ns = int(content.t_ns[-1]) + self.period_ns
            self.packets += 1
            found = self._stream.found
            self.lost += found.lost
            self.repeated += found.place is Place.REPEATED
            self.unordered += found.place is Place.LATE
            yield replace(packet, stamp_ns=packet.stamp_ns or t_ns), content

    @property
    def period_ns(self) -> int:
        """Time between two planes."""
        decoder = self._stream.decoders[-1]
        assert isinstance(decoder, SpikePlanesDecoder)
        return decoder.period_ns


def _to_bag(packets: _Stamped, images: Images, out: Path) -> int:
    """Write packets and images in the order of their stamps; return how many images there are."""
    waiting, frames, clock = iter(images), 0, RecordingClock()
    following = next(waiting, None)

    def write_truth(stamp_ns: int, image: np.ndarray) -> None:
        recorded_ns = clock.time_of(stamp_ns)
        writer.write_image(GROUND_TRUTH, grey_image(image), stamp_ns, recorded_ns=recorded_ns)

    with BagWriter(out) as writer:
        for packet, _ in packets:
            while following is not None and following[0] <= packet.stamp_ns:
                write_truth(*following)
                following, frames = next(waiting, None), frames + 1
            writer.write_packet(packet, clock.time_of(packet.stamp_ns))
        while following is not None:
            write_truth(*following)
            following, frames = next(waiting, None), frames + 1
    return frames


def _to_dat(packets: _Stamped, out: Path) -> None:
    parts = iter(packets)
    begin = next(parts, None)
    if begin is None or sensor_kind_of(begin[0].encoding) is not SensorKind.SPIKE:
        raise UserError(
            f'a .dat holds spike planes, and the source has none; name a folder, not {out}'
        )
    first, planes = begin
    layout = SpikeLayout(width=first.width, height=first.height, period_ns=packets.period_ns)
    write_dat(out, _of_one_sensor(planes, first, parts), layout)


def _of_one_sensor(
    planes: SpikePlanes, first: Packet, rest: Iterator[tuple[Packet, SpikePlanes]]
) -> Iterator[SpikePlanes]:
    yield planes
    for packet, content in rest:
        if packet.sensor != first.sensor:
            raise UserError('the sensor or its period changes, which a .dat cannot hold')
        yield content
