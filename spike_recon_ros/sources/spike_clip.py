# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A clip of spike planes with ground truth at some of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.image_file import read_image_file
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes, bytes_per_row
from spike_recon_ros.sources.spike_file import SpikeDatSource
from spike_recon_ros.sources.spike_layout import SpikeLayout

WHITE_RATE = 0.6
"""Spikes per plane of a white pixel in the data set spike-REDS; the default for others."""


@dataclass(frozen=True, slots=True)
class SpikeTruth:
    """The intensity at one plane.

    Attributes:
        plane: index of the plane, from the beginning of the clip.
        image: file with the size of the planes; white where a pixel has the white rate.
    """

    plane: int
    image: Path


@dataclass(frozen=True, slots=True)
class SpikeClip:
    """Consecutive planes with ground truth.

    Attributes:
        name: unique in its data set.
        files: `.dat` files in the order of time.
        layout: of each file: geometry, period and flip.
        truths: in the order of their planes; none for recordings of real cameras.
        white_rate: spikes per plane of a white pixel.
    """

    name: str
    files: tuple[Path, ...]
    layout: SpikeLayout
    truths: tuple[SpikeTruth, ...] = ()
    white_rate: float = WHITE_RATE

    def packets(self, warn: Callable[[str], None] | None = None) -> list[Packet]:
        """Return the packets of all files as one stream, the first plane at time 0.

        Args:
            warn: called with sentences about data that is guessed or left out; None = not wanted.

        Raises:
            UserError: a file cannot be read.
        """
        packets: list[Packet] = []
        t_start_ns = 0
        for file in self.files:
            with SpikeDatSource(file, self.layout) as source:
                for packet in source:
                    assert isinstance(packet, Packet)
                    time_base = t_start_ns + packet.time_base
                    packets.append(replace(packet, seq=len(packets), time_base=time_base))
                if warn is not None:
                    if file == self.files[0]:  # all have its layout
                        source.check_rows()
                    for sentence in source.warnings:
                        warn(sentence)
            t_start_ns += plane_count(file, self.layout) * self.layout.period_ns
        return packets

    def planes(self) -> SpikePlanes:
        """Return all planes, upright, the first one at time 0.

        Raises:
            UserError: a file cannot be read.
        """
        packets = self.packets()
        decoder = decoder_for(packets[0].encoding, self.layout.width, self.layout.height)
        return SpikePlanes.concatenate([decoder.decode(packet) for packet in packets])


def plane_count(file: Path, layout: SpikeLayout) -> int:
    """Return the number of whole planes in a file."""
    return file.stat().st_size // (layout.height * bytes_per_row(layout.width))


def read_truth(path: Path) -> np.ndarray:
    """Return an image as uint8 [height, width].

    Raises:
        UserError: it cannot be read.
    """
    return read_image_file(path, cv2.IMREAD_GRAYSCALE)
