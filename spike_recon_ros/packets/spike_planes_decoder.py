# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The encoding of spike cameras: packed planes, back to back."""

import numpy as np

from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.packets.cut_word import CutWord
from spike_recon_ros.packets.decoder import Decoder, DecoderStatistics
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.plane_bits import BitOrder
from spike_recon_ros.packets.spike_planes import SpikePlanes, bytes_per_row
from spike_recon_ros.packets.word_decoder import MAX_TIME_BASE_NS

NAME = 'spike_planes'
LONGEST_PERIOD_NS = 10**9


def spike_encoding(period_ns: int) -> str:
    """Return the encoding of packets whose planes are `period_ns` apart."""
    return f'{NAME};period_ns={period_ns}'


class SpikePlanesDecoder(Decoder[SpikePlanes]):
    """Decodes `spike_planes`; one word of this encoding is a whole plane.

    `time_base` is the time of the first plane that begins in the packet; the others follow at the
    period. While `time_base` is the same, times continue from packet to packet, so a stream may be
    cut anywhere, even inside a plane. A plane cut by the end of a packet is joined with the next
    packet if that has the following `seq` and the same `time_base`; otherwise it is dropped and
    counted in `truncated_words`. Bits beyond the width are cleared and counted in
    `outside_pixels`. Planes whose bits the scene shows to be in reverse order are returned as they
    came, and counted in `reversed_planes`.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        period_ns: time between two planes, the option of that name in the encoding.

    Raises:
        UserError: the period is not a number of nanoseconds from 1 to a second.
    """

    def __init__(self, width: int, height: int, period_ns: str | None) -> None:
        super().__init__(width, height)
        self.period_ns = _period(period_ns)
        self._plane_bytes = height * bytes_per_row(width)
        self._padding = np.uint8(256 - 2 ** (width % 8) if width % 8 else 0)
        self._cut = CutWord(self._plane_bytes)
        self._outside_pixels = self._reversed_planes = 0
        self._bit_order = BitOrder(width)
        self._time_base = -1
        self._next_ns = 0

    @property
    def statistics(self) -> DecoderStatistics:
        """Snapshot of the counts so far."""
        return DecoderStatistics(
            outside_pixels=self._outside_pixels,
            truncated_words=self._cut.lost,
            reversed_planes=self._reversed_planes,
        )

    def decode(self, packet: Packet) -> SpikePlanes:
        """Return the planes that end in the packet, as read-only views unless one had been cut."""
        same_base = packet.time_base == self._time_base
        data = self._cut.split(self._cut.joined(packet, may_follow=same_base), packet.seq)
        if not same_base:
            self._time_base = packet.time_base
            self._next_ns = min(max(packet.time_base, 0), MAX_TIME_BASE_NS)
        count = data.size // self._plane_bytes
        bits = self._cleared(data.reshape(count, self.height, -1) if count else self._no_bits())
        if not self._bit_order.is_known:
            self._bit_order.look_at(bits)
        self._reversed_planes += count * self._bit_order.is_reversed
        t_ns = self._next_ns + self.period_ns * np.arange(count, dtype=np.int64)
        self._next_ns += self.period_ns * count
        return SpikePlanes(bits, t_ns)

    def reset(self) -> None:
        """Drop the carried state, as before the first packet of a stream."""
        self._time_base = -1
        self._cut.drop()

    def _no_bits(self) -> np.ndarray:
        return SpikePlanes.empty(self.height, self.width).bits

    def _cleared(self, bits: np.ndarray) -> np.ndarray:
        if self._padding:
            outside = np.unpackbits(bits[..., -1] & self._padding).sum()
            if outside:
                self._outside_pixels += int(outside)
                bits = bits.copy()
                bits[..., -1] &= ~self._padding
        bits = bits.view()
        bits.flags.writeable = False
        return bits


def spikes_in_padding(spikes: int, cure: str, of_sensor: str = '', of_time: str = '') -> str:
    """Return a sentence about spikes right of the last column, which a wrong width gives.

    Args:
        spikes: their number, the decoder's `outside_pixels`.
        cure: what to do about it.
        of_sensor: the size of the sensor for people, such as ' of 640x480 pixels'.
        of_time: the time in which they came, such as ' of the last second'.
    """
    # A row is padded to whole bytes, and bits there are no pixels.
    return (
        f'{counted(spikes, "spikes")}{of_time} right of the last column of the sensor{of_sensor}, '
        f'in the padding of the rows, left out; {cure}'
    )


def parts_of_planes(packets: int, cure: str, of_sensor: str = '', of_time: str = '') -> str:
    """Return a sentence about packets that end inside a plane, as a wrong size makes them.

    Args:
        packets: their number, the decoder's `truncated_words`.
        cure: see `spikes_in_padding`.
        of_sensor: see there.
        of_time: see there.
    """
    return (
        f'{counted(packets, "packets")}{of_time} end inside a plane{of_sensor}, which is left '
        f'out; {cure}'
    )


def bits_reversed(planes: int, cure: str, of_time: str = '') -> str:
    """Return a sentence about planes with the bits of each byte in reverse order.

    Args:
        planes: their number, the decoder's `reversed_planes`.
        cure: what to do about it.
        of_time: see `spikes_in_padding`.
    """
    return (
        f'{counted(planes, "planes")}{of_time} seem to have the bits of each byte in reverse '
        'order (the leftmost pixel in bit 7), so the image is mirrored in groups of 8 columns; '
        f'{cure}'
    )


def _period(text: str | None) -> int:
    if text and text.isascii() and text.isdecimal() and 0 < len(text) <= 10:
        period_ns = int(text)
        if 0 < period_ns <= LONGEST_PERIOD_NS:
            return period_ns
    raise UserError(
        f'{NAME} with period_ns={text and text[:40]} cannot be decoded; the encoding must give '
        f'the nanoseconds between two planes, for example {spike_encoding(50_000)}'
    )


def encode_spike_planes(planes: SpikePlanes) -> np.ndarray:
    """Return the bytes of planes that are a period apart: uint8 [n * height * ceil(width / 8)].

    The `time_base` of their packet is the time of the first plane.
    """
    return np.ascontiguousarray(planes.bits).reshape(-1)
