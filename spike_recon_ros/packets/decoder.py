# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every decoder promises.

Comes in: a Packet. Goes out: Events or SpikePlanes. Knows nothing about where packets come from.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes

Samples = TypeVar('Samples', Events, SpikePlanes)
"""What a packet holds: the events of one kind of camera, or the planes of the other."""


@dataclass(slots=True)
class DecoderStatistics:
    """What a decoder left out since it was made; nothing is dropped without being counted.

    Attributes:
        unknown_words: words of a type that the encoding does not define.
        outside_pixels: events whose pixel is not on the sensor.
        before_first_time: events that came before the stream's first valid time.
        truncated_words: words cut off by the end of a packet that nothing continued.
        time_errors: time words that stepped backwards by less than a rollover.
    """

    unknown_words: int = 0
    outside_pixels: int = 0
    before_first_time: int = 0
    truncated_words: int = 0
    time_errors: int = 0


class Decoder(ABC, Generic[Samples]):
    """Turns the bytes of one encoding into Events or SpikePlanes.

    A decoder keeps what its encoding carries from packet to packet (time, row, a word that the
    packet's end cut in two), so it must see the packets of one stream in order. It never raises on
    bad bytes: it skips and counts them in `statistics`.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height

    @property
    @abstractmethod
    def statistics(self) -> DecoderStatistics:
        """What was left out so far, as a snapshot."""

    @abstractmethod
    def decode(self, packet: Packet) -> Samples:
        """Return what one packet holds, all of it on the sensor, in the order sent."""

    @abstractmethod
    def reset(self) -> None:
        """Forget what was carried over, as for the first packet of a stream."""
