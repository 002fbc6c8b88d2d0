# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the decoders of all word-based encodings do alike.

Comes in: a Packet. Goes out: Events. Joins words that a packet's end cut in two, allocates, and
hands the words to the encoding's two numba kernels. Knows nothing about what a word means.
"""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from spike_recon_ros.packets.decoder import Decoder, DecoderStatistics
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet

MAX_TIME_BASE_NS = 2**62
"""A time base after the year 2116 is damage; held here so that adding to it cannot overflow."""

# Where the kernels count what they leave out: the fields of DecoderStatistics in their order.
UNKNOWN_WORDS, OUTSIDE_PIXELS, BEFORE_FIRST_TIME, TRUNCATED_WORDS, TIME_ERRORS = range(5)

_NO_TRIGGERS = Triggers.empty()


class WordDecoder(Decoder[Events]):
    """A decoder of fixed-size words, as two kernels and a vector of int64 that they carry on.

    Cutting a stream into packets anywhere, in the middle of a word too, changes nothing: the bytes
    left over at the end of a packet are put before the next one, if its `seq` follows and, where
    times are relative to `time_base`, if that is the same. Otherwise they are dropped and counted.

    Encodings relative to `time_base` start afresh when it changes, and only then. That is what a
    cut packet needs (its parts repeat the time base) and does no harm to packets as the drivers
    send them: a driver stamps a packet with the time of its first event, so that two packets can
    only share a time base where all of the first one's events are of that very instant, and then
    the state carried over is the fresh one.

    Attributes:
        word_type: little-endian integer as which the kernels read the bytes.
        word_bytes: size of a whole word, a multiple of the size of `word_type`.
        relative_to_time_base: whether times count from the packet's `time_base`.
        fresh_state: what the kernels' state is before the first word.
    """

    word_type: ClassVar[type[np.unsignedinteger]]
    word_bytes: ClassVar[int]
    relative_to_time_base: ClassVar[bool]
    fresh_state: tuple[int, ...]
    _capacity: Callable[[np.ndarray], tuple[int, int]]
    _fill: Callable[..., tuple[int, int]]

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self._state = np.array(self.fresh_state, np.int64)
        self._counts = np.zeros(5, np.int64)
        self._tail: np.ndarray | None = None
        self._tail_seq = 0
        self._time_base = -1
        # Compiles the kernels, or loads them, so that the first packet is not late.
        self.decode(Packet('', width, height, 0, -1, 0, np.empty(0, np.uint8)))

    @property
    def statistics(self) -> DecoderStatistics:
        """What was left out so far, as a snapshot."""
        return DecoderStatistics(*self._counts.tolist())

    def decode(self, packet: Packet) -> Events:
        """Return the events of one packet, all of them on the sensor, in the order sent."""
        words = self._words(packet)
        time_base_ns = self._follow_time_base(packet) if self.relative_to_time_base else 0
        capacity, trigger_capacity = self._capacity(words)
        x, y = np.empty(capacity, np.uint16), np.empty(capacity, np.uint16)
        p, t_ns = np.empty(capacity, np.uint8), np.empty(capacity + 1, np.int64)
        triggers = _NO_TRIGGERS
        if trigger_capacity:
            triggers = Triggers(
                np.empty(trigger_capacity, np.int64),
                np.empty(trigger_capacity, np.uint8),
                np.empty(trigger_capacity, np.uint8),
            )
        count, trigger_count = self._fill(
            words,
            time_base_ns,
            self._state,
            self._counts,
            self.width,
            self.height,
            x,
            y,
            p,
            t_ns,
            triggers.t_ns,
            triggers.p,
            triggers.channel,
        )
        if trigger_count < trigger_capacity:
            triggers = triggers[:trigger_count]
        if count < capacity:
            x, y, p = x[:count], y[:count], p[:count]
        return Events(x, y, p, t_ns[:count], triggers)

    def reset(self) -> None:
        """Forget what was carried over, as for the first packet of a stream."""
        self._state[:] = self.fresh_state
        self._time_base = -1
        self._drop_tail()

    def _words(self, packet: Packet) -> np.ndarray:
        """Return the packet's whole words, read-only; a view of its bytes but for a cut word."""
        data = packet.data
        if self._tail is not None:
            data = self._joined(self._tail, packet)
        left_over = data.size % self.word_bytes
        if left_over:
            self._tail, self._tail_seq = data[-left_over:].copy(), packet.seq
            data = data[:-left_over]
        words = data.view(self.word_type)
        flags = words.flags
        if not flags.aligned:
            words = words.copy()
            flags = words.flags
        flags.writeable = False  # one compiled kernel serves messages and files alike
        return words

    def _joined(self, tail: np.ndarray, packet: Packet) -> np.ndarray:
        follows = packet.seq == (self._tail_seq + 1) % 2**64
        if self.relative_to_time_base and packet.time_base != self._time_base:
            follows = False
        if not follows:
            self._drop_tail()
            return packet.data
        self._tail = None
        return np.concatenate((tail, packet.data))

    def _drop_tail(self) -> None:
        if self._tail is not None:
            self._counts[TRUNCATED_WORDS] += 1
            self._tail = None

    def _follow_time_base(self, packet: Packet) -> int:
        if packet.time_base != self._time_base:
            self._time_base = packet.time_base
            self._state[:] = self.fresh_state
        return min(max(packet.time_base, 0), MAX_TIME_BASE_NS)
