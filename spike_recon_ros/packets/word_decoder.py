# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Common part of all decoders of fixed-size words.

It restores the alignment after lost bytes, allocates the arrays, and calls the two numba kernels
of the encoding.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from spike_recon_ros.packets.cut_word import CutWord
from spike_recon_ros.packets.decoder import Decoder, DecoderStatistics
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet

MAX_TIME_BASE_NS = 2**62
"""A time base after the year 2116 is damage; it is limited to this, so that sums of nanoseconds do
not overflow."""
LATEST_START_US = 2**51
"""Start of a loop of the camera's time counter (71 years) after which time restarts at 0, so that
sums do not overflow. Only a damaged stream wraps that often."""

MOST_LATE = 2**16
"""A packet whose `seq` is lower than the newest one by less comes late, as one that is no restart
of the sender does; see `packet_sequence`."""
GAPS_KEPT = 8
"""Gaps in `seq` whose packets are decoded in their place if they come late."""

# Indices of the counts in the kernels: the fields of DecoderStatistics in their order.
UNKNOWN_WORDS, OUTSIDE_PIXELS, BEFORE_FIRST_TIME, TRUNCATED_WORDS, TIME_ERRORS = range(5)

_NO_TRIGGERS = Triggers.empty()

# Alignment is restored only on clear evidence, from a sample of words at the start of a packet:
# many errors as the words are, and hardly any from another byte on.
_SAMPLE_WORDS = 512
_FEWEST_WORDS = 32
_MISALIGNED_ERRORS = 0.1
_ALIGNED_ERRORS = 0.01
# Random times make large steps; those of a camera do not.
_LARGE_STEP_NS = 100_000_000


class WordDecoder(Decoder[Events]):
    """A decoder of fixed-size words: two kernels, and a vector of int64 that they carry on.

    A stream may be cut into packets anywhere, even inside a word: the bytes left over at the end
    of a packet are put before the next one, if its `seq` follows and, for encodings relative to
    `time_base`, if that is the same. Otherwise they are dropped and counted.

    A packet with a lower `seq`, unless `reset` comes before it, is one that was missing. It is
    decoded with what the packets before the gap carried on.

    Lost bytes shift the words of all later packets. Where a packet has many errors, the next one
    is therefore tested for a better alignment (`_aligned`).

    Encodings relative to `time_base` restart when it changes, and only then: the parts of a cut
    packet repeat the time base. This is safe with the packets of drivers. A driver uses the time
    of the first event as `time_base`, so two packets have the same one only if all events of the
    first have this time, and then the carried state equals the fresh one.

    Attributes:
        word_type: little-endian integer type in which the kernels read the bytes.
        word_bytes: size of a whole word, a multiple of the size of `word_type`.
        relative_to_time_base: whether times count from the packet's `time_base`.
        fresh_state: state of the kernels before the first word.
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
        self._cut = CutWord(self.word_bytes)
        self._time_base = -1
        self._sound_state = self._state.copy()
        self._is_suspect = False
        self._newest_seq = -1
        self._before: dict[int, tuple[Any, ...]] = {}
        self._fresh = self._carried()
        # Compiles the kernels, or loads them from the cache, so that the first packet is not late.
        self._decode_next(Packet('', width, height, 0, -1, 0, np.empty(0, np.uint8)))

    @property
    def statistics(self) -> DecoderStatistics:
        """Snapshot of the counts so far."""
        found = DecoderStatistics(*self._counts.tolist())
        found.truncated_words += self._cut.lost
        return found

    def decode(self, packet: Packet) -> Events:
        """Return the events of one packet, inside the sensor and in the order sent."""
        ahead = packet.seq - self._newest_seq
        if ahead != 1 and self._newest_seq >= 0:
            if -MOST_LATE < ahead < 0:
                return self._decode_late(packet)
            if ahead:
                self._keep_for_late(self._newest_seq + 1)
        self._newest_seq = packet.seq
        return self._decode_next(packet)

    def _decode_late(self, packet: Packet) -> Events:
        """Decode a packet in its place, before later ones; what they carry on stays as it is."""
        later = self._carried()
        places = [seq for seq in self._before if seq <= packet.seq]
        self._carry_on(self._before[max(places)] if places else self._fresh)
        events = self._decode_next(packet)
        self._keep_for_late(packet.seq + 1)
        self._carry_on(later)
        return events

    def _keep_for_late(self, seq: int) -> None:
        """Keep what is carried on, for a missing packet that may come late."""
        self._before[seq] = self._carried()
        if len(self._before) > GAPS_KEPT:
            del self._before[next(iter(self._before))]

    def _carried(self) -> tuple[Any, ...]:
        states = self._state.copy(), self._sound_state.copy()
        return *states, self._is_suspect, self._time_base, *self._cut.carried

    def _carry_on(self, carried: tuple[Any, ...]) -> None:
        self._state[:], self._sound_state[:], self._is_suspect, self._time_base, *cut = carried
        self._cut.carried = tuple(cut)

    def _decode_next(self, packet: Packet) -> Events:
        was_cut = self._cut.kept is not None
        time_base_ns = 0
        same_base = not self.relative_to_time_base or packet.time_base == self._time_base
        data = self._cut.joined(packet, may_follow=same_base)
        if self.relative_to_time_base:
            time_base_ns = self._follow_time_base(packet)
        if was_cut or self._is_suspect:
            data = self._aligned(data, time_base_ns)
        words = self._viewed(self._cut.split(data, packet.seq))
        events, errors = self._run(words, time_base_ns, self._state, self._counts)
        self._is_suspect = errors * self.word_bytes > _ALIGNED_ERRORS * len(data)
        if not self._is_suspect and self._cut.kept is None:
            self._sound_state[:] = self._state
        return events

    def _run(
        self, words: np.ndarray, time_base_ns: int, state: np.ndarray, counts: np.ndarray
    ) -> tuple[Events, int]:
        """Return the events in words and the number of errors found, of any kind."""
        errors = sum(counts.tolist())
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
            state,
            counts,
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
        return Events(x, y, p, t_ns[:count], triggers), sum(counts.tolist()) - errors

    def reset(self) -> None:
        """Drop the carried state, as before the first packet of a stream."""
        self._state[:] = self.fresh_state
        self._sound_state[:] = self.fresh_state
        self._is_suspect = False
        self._time_base = -1
        self._cut.drop()
        self._newest_seq = -1
        self._before.clear()

    def _viewed(self, data: np.ndarray) -> np.ndarray:
        """Return bytes as words, read-only and as a view where that is possible."""
        words = data.view(self.word_type)
        flags = words.flags
        if not flags.aligned:
            words = words.copy()
            flags = words.flags
        flags.writeable = False  # one compiled kernel serves messages and files alike
        return words

    def _aligned(self, data: np.ndarray, time_base_ns: int) -> np.ndarray:
        """Return data from its first whole word on, if bytes were lost before.

        The state is set back to the one before the damage, so that time continues.
        """
        sample = data[: (_SAMPLE_WORDS + 1) * self.word_bytes]
        words = sample.size // self.word_bytes - 1
        if words < _FEWEST_WORDS:
            return data
        if self._errors_from(sample, time_base_ns, self._state) < _MISALIGNED_ERRORS * words:
            return data
        for start in range(1, self.word_bytes):
            errors = self._errors_from(sample[start:], time_base_ns, self._sound_state)
            if errors <= _ALIGNED_ERRORS * words:
                self._counts[TRUNCATED_WORDS] += 1
                self._state[:] = self._sound_state
                return data[start:]
        return data

    def _errors_from(self, sample: np.ndarray, time_base_ns: int, state: np.ndarray) -> int:
        """Return how many errors a sample has with this alignment; nothing is changed."""
        whole = sample.size // self.word_bytes * self.word_bytes
        words = self._viewed(sample[:whole])
        events, errors = self._run(words, time_base_ns, state.copy(), np.zeros(5, np.int64))
        steps_ns = np.abs(np.diff(events.t_ns))
        return errors + int(np.count_nonzero(steps_ns > _LARGE_STEP_NS))

    def _follow_time_base(self, packet: Packet) -> int:
        if packet.time_base != self._time_base:
            self._time_base = packet.time_base
            self._state[:] = self.fresh_state
        return min(max(packet.time_base, 0), MAX_TIME_BASE_NS)
