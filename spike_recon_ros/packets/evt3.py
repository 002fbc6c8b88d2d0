# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""EVT 3.0: 16-bit words that send only what changed, with vectors along a row.

The format is described on Prophesee's public page on EVT 3.0.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import popcount
from spike_recon_ros.packets.packed_events import MAX_SIDE, U32, U64, UNKNOWN, on_sensor, unpack
from spike_recon_ros.packets.word_decoder import (
    BEFORE_FIRST_TIME,
    LATEST_START_US,
    OUTSIDE_PIXELS,
    TIME_ERRORS,
    UNKNOWN_WORDS,
    WordDecoder,
)

# Word types, bits 15..12.
ADDR_Y, ADDR_X, VECT_BASE_X, VECT_12, VECT_8 = U32(0), U32(2), U32(3), U32(4), U32(5)
TIME_LOW, TIME_HIGH, EXT_TRIGGER = U32(6), U32(8), U32(10)
# One bit per type: the common types, and vendor data, which is skipped.
COMMON = U32(1 << 0 | 1 << 2 | 1 << 6 | 1 << 8)
IGNORED = U32(1 << 7 | 1 << 14 | 1 << 15)

# What a word replaces in a packed event (see packed_events.py), by type: the bits, and where they
# begin. An address of x is added to the event instead.
_TIME_HIGH_BIT = 44
_REPLACED, _PLACES = np.zeros(16, np.uint64), np.zeros(16, np.uint64)
for _kind, _place, _bits in (
    (TIME_HIGH, _TIME_HIGH_BIT, 0xFFF), (TIME_LOW, 32, 0xFFF), (ADDR_Y, 16, 0xFFFF)
):  # fmt: skip
    _PLACES[_kind], _REPLACED[_kind] = _place, _bits << _place
_TIME_HIGH = U64(_REPLACED[TIME_HIGH])

# A backward step of more than this many units of 4096 us is a rollover; less is a bit error.
LARGEST_BIT_ERROR = U32(10)
LOOP_US = 1 << 24
# A loop has a TIME_HIGH for each of its units. Other bytes make a loop of every 30 words or so,
# and about every third word of theirs is of no known type.
LEAST_LOOP_WORDS, GARBAGE_SHARE = 4096, 0.1
# Words per block: packed events are unpacked while they are still in the CPU cache.
BLOCK = 4096

# State carried from packet to packet; START_US is the start of the current loop of the time,
# LOOP_WORDS and LOOP_UNKNOWN are its words so far, and how many were unknown before them.
START_US, HIGH, LOW, ROW, BASE_X, BASE_P, LOOP_WORDS, LOOP_UNKNOWN = range(8)


@njit(nogil=True, cache=True)
def _capacity(words):
    events, triggers = U32(0), U32(0)
    for i in range(len(words)):
        word = U32(words[i])
        kind = word >> U32(12)
        mask = U32(0)
        if kind == ADDR_X:
            mask = U32(1)
        if kind == VECT_12:
            mask = word & U32(0xFFF)
        if kind == VECT_8:
            mask = word & U32(0xFF)
        events += popcount(U32(mask))
        triggers += kind == EXT_TRIGGER
    return np.int64(events), np.int64(triggers)


@njit(nogil=True, cache=True)
def _skip_to_first_time(words, state, counts):
    """Update the state until both halves of the time are known; return the next index."""
    for i in range(len(words)):
        word = U32(words[i])
        kind, value = word >> U32(12), word & U32(0xFFF)
        if kind == ADDR_Y:
            state[ROW] = value
        elif kind == TIME_LOW:
            state[LOW] = value
        elif kind == TIME_HIGH:
            state[HIGH] = value
        elif kind == VECT_BASE_X:
            state[BASE_X], state[BASE_P] = value & U32(0x7FF), value >> U32(11)
        elif kind == VECT_12:
            state[BASE_X] = min(state[BASE_X] + 12, UNKNOWN)
        elif kind == VECT_8:
            state[BASE_X] = min(state[BASE_X] + 8, UNKNOWN)
        elif kind not in (ADDR_X, EXT_TRIGGER):
            counts[UNKNOWN_WORDS] += not (IGNORED >> kind & U32(1))
        if state[LOW] != UNKNOWN and state[HIGH] != UNKNOWN:
            return i + 1
    return len(words)


@njit(nogil=True, cache=True)
def _pack(words, i, state, counts, columns, packed, n, trigger_t, trigger_p, trigger_id, edges):
    """Pack events until the time wraps or the words end.

    The type of the next word cannot be predicted, so the inner loop has no branch for the common
    types: it replaces a part of the event, which depends on the type, and always stores the event,
    but advances `n` only if the word is one.

    Returns: the index of the next word, and the number of events and edges so far.
    """
    base_x, base_p = U32(state[BASE_X]), U32(state[BASE_P])
    event = U64(state[HIGH]) << U64(_TIME_HIGH_BIT) | U64(state[LOW]) << U64(32)
    event |= U64(state[ROW]) << U64(16)
    i, end, new_loop = U64(i), U64(len(words)), False
    while i < end and not new_loop:
        word_type, content, previous, rare = U64(0), U64(0), event, False
        while i < end and not rare:
            word = U64(words[i])
            word_type, content = word >> U64(12), word & U64(0xFFF)
            previous, replaced = event, _REPLACED[word_type]
            event = event & ~replaced | content << _PLACES[word_type] & replaced
            packed[n] = event | content
            n += U64(word_type == U64(ADDR_X))
            rare = event < previous & _TIME_HIGH  # the time has wrapped
            rare |= U64(COMMON) >> word_type & U64(1) == U64(0)
            i += U64(1)
        if not rare:
            break
        kind, value = U32(word_type), U32(content)
        if kind in (VECT_12, VECT_8):
            mask = on_sensor(value if kind == VECT_12 else value & U32(0xFF), base_x, columns)
            first = event | U64(base_p) << U64(11) | U64(base_x)
            for bit in range(12):
                packed[n] = first + U64(bit)
                n += U64(mask >> U32(bit) & U32(1))
            base_x = U32(min(base_x + (U32(12) if kind == VECT_12 else U32(8)), U32(UNKNOWN)))
        elif kind == VECT_BASE_X:
            base_x, base_p = value & U32(0x7FF), value >> U32(11)
        elif kind == TIME_HIGH:
            step = (previous >> U64(_TIME_HIGH_BIT)) - (event >> U64(_TIME_HIGH_BIT))
            new_loop = step > U64(LARGEST_BIT_ERROR)
            counts[TIME_ERRORS] += not new_loop
        elif kind == EXT_TRIGGER:
            trigger_t[edges] = 1000 * (state[START_US] + np.int64(event >> U64(32)))
            trigger_p[edges], trigger_id[edges] = value & U32(1), value >> U32(8)
            edges += 1
        else:
            counts[UNKNOWN_WORDS] += not (IGNORED >> kind & U32(1))
    state[HIGH] = event >> U64(_TIME_HIGH_BIT)
    state[LOW], state[ROW] = event >> U64(32) & U64(0xFFF), event >> U64(16) & U64(0xFFFF)
    state[BASE_X], state[BASE_P] = base_x, base_p
    state[START_US] += LOOP_US * new_loop
    if state[START_US] > LATEST_START_US:
        state[START_US] = 0
        counts[TIME_ERRORS] += 1
    return np.int64(i), n, edges


@njit(nogil=True, cache=True)
def _judge_loop(start_us, state, counts):
    """Begin a loop, or go back to the one before if bytes that are no EVT3 made it."""
    unknown = counts[UNKNOWN_WORDS] - state[LOOP_UNKNOWN]
    words = state[LOOP_WORDS]
    if words < LEAST_LOOP_WORDS and unknown > GARBAGE_SHARE * words:
        state[START_US] = start_us
        counts[TIME_ERRORS] += 1
    else:
        state[LOOP_WORDS], state[LOOP_UNKNOWN] = 0, counts[UNKNOWN_WORDS]


@njit(nogil=True, cache=True)
def _fill(
    words, _base, state, counts, width, height, x, y, p, t_ns, trigger_t, trigger_p, trigger_id
):
    columns, rows = U32(min(width, MAX_SIDE)), U32(min(height, MAX_SIDE))
    n, edges, start, expected = U64(0), 0, 0, len(x)
    if state[LOW] == UNKNOWN or state[HIGH] == UNKNOWN:
        start = _skip_to_first_time(words, state, counts)
        expected, expected_edges = _capacity(words[start:])
        counts[BEFORE_FIRST_TIME] += len(x) - expected + len(trigger_t) - expected_edges
    while start < len(words):
        start_us, first, begun = state[START_US], n, start
        block = words[: min(start + BLOCK, len(words))]
        start, n, edges = _pack(
            block, start, state, counts, columns, t_ns, n, trigger_t, trigger_p, trigger_id, edges
        )
        n = unpack(1000 * start_us, first, n, columns, rows, x, y, p, t_ns)
        state[LOOP_WORDS] += start - begun
        if state[START_US] != start_us:
            _judge_loop(start_us, state, counts)
    counts[OUTSIDE_PIXELS] += expected - np.int64(n)
    return np.int64(n), edges


class Evt3Decoder(WordDecoder):
    """Decodes `evt3`; sensor time counts from the start of the first 16.8 s loop.

    Unknown words are counted (Lucid cameras pad with 0x9999); vendor data is skipped.
    """

    word_type = np.uint16
    word_bytes = 2
    relative_to_time_base = False
    fresh_state = (0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0, LEAST_LOOP_WORDS, 0)
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)
