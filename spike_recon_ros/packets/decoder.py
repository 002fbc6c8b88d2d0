# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of all decoders."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes

Samples = TypeVar('Samples', Events, SpikePlanes)
"""Content of a packet: Events of an event camera, or SpikePlanes of a spike camera."""


UNKNOWN_SHARE = 0.2
"""Some cameras pad their packets with unknown words, but not with more than this share: more means
that the packets have another encoding."""
MISREAD_SHARE = 0.5
"""Share of events outside the sensor that a wrong size alone hardly explains: addresses are then
those of another encoding."""


@dataclass(slots=True)
class DecoderStatistics:
    """Counts of what a decoder left out since its construction.

    Attributes:
        unknown_words: words of a type that the encoding does not define.
        outside_pixels: events whose pixel is outside the sensor.
        before_first_time: events before the first valid time of the stream.
        truncated_words: words cut off by the end of a packet that nothing continued, and words
            dropped to restore the alignment after lost bytes.
        time_errors: time words that stepped backwards by less than a rollover.
        reversed_planes: spike planes that seem to have the bits of each byte in reverse order.
    """

    unknown_words: int = 0
    outside_pixels: int = 0
    before_first_time: int = 0
    truncated_words: int = 0
    time_errors: int = 0
    reversed_planes: int = 0


UNUSABLE = {
    'unknown_words': 'words of unknown type',
    'outside_pixels': 'events outside the sensor',
    'before_first_time': 'events before the first time stamp',
    'truncated_words': 'incomplete words',
    'time_errors': 'time stamps that step back',
    'reversed_planes': 'planes with reversed bits',
}
"""What each count of DecoderStatistics is, for people."""


class Decoder(ABC, Generic[Samples]):
    """Turns the bytes of one encoding into Events or SpikePlanes.

    A decoder carries state from packet to packet (time, row, a word cut in two by the end of the
    packet), so it must see the packets of one stream in order. It never raises on bad bytes: it
    skips them and counts them in `statistics`.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height

    @property
    @abstractmethod
    def statistics(self) -> DecoderStatistics:
        """Snapshot of the counts so far."""

    @abstractmethod
    def decode(self, packet: Packet) -> Samples:
        """Return the content of one packet, inside the sensor and in the order sent."""

    @abstractmethod
    def reset(self) -> None:
        """Drop the carried state, as before the first packet of a stream."""
