# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compressed events of libcaer: 16-bit words that send only what changed.

The format resembles EVT 3.0 with columns and rows exchanged: the address of a row emits an event,
vectors run along a column, and time counts from the packet's `time_base`.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import popcount, select
from spike_recon_ros.packets.packed_events import MAX_SIDE, U32, U64, UNKNOWN, on_sensor, unpack
from spike_recon_ros.packets.word_decoder import OUTSIDE_PIXELS, UNKNOWN_WORDS, WordDecoder

# Word types, bits 15..12.
TIME_HIGH, TIME_LOW, ADDR_X, ADDR_Y, VECT_BASE_Y, VECT_8 = (U32(kind) for kind in range(6))

# State carried between the parts of a packet.
HIGH, LOW, COLUMN, BASE_Y, BASE_P = range(5)


@njit(nogil=True, cache=True)
def _capacity(words):
    events = U32(0)
    for i in range(len(words)):
        word = U32(words[i])
        kind = word >> U32(12)
        mask = word & U32(0xFF) if kind == VECT_8 else U32(0)
        mask = U32(1) if kind == ADDR_Y else mask
        events += popcount(U32(mask))
    return np.int64(events), 0


@njit(nogil=True, cache=True)
def _pack(words, state, counts, rows, packed):
    """Pack all events and return their number.

    The type of the next word cannot be predicted, so there is no branch for the common types: the
    state is updated with selects and an event is always stored, but counted only if the word is
    one.
    """
    high, low, column = U32(state[HIGH]), U32(state[LOW]), U32(state[COLUMN])
    base_y, base_p = U32(state[BASE_Y]), U32(state[BASE_P])
    n = U64(0)
    for i in range(len(words)):
        word = U32(words[i])
        kind, value = word >> U32(12), word & U32(0xFFF)
        high = select(kind == TIME_HIGH, value, high)
        low = select(kind == TIME_LOW, value, low)
        column = select(kind == ADDR_X, value, column)
        event = (U64(high) << U64(12) | U64(low)) << U64(32) | U64(column) << U64(16)
        packed[n] = event | U64(value)
        n += U64(kind == ADDR_Y)
        if kind <= ADDR_Y:
            continue
        if kind == VECT_BASE_Y:
            base_y, base_p = value & U32(0x7FF), value >> U32(11)
        elif kind == VECT_8:
            mask = on_sensor(value & U32(0xFF), base_y, rows)
            event |= U64(base_p) << U64(11) | U64(base_y)
            for bit in range(8):
                packed[n] = event + U64(bit)
                n += U64(mask >> U32(bit) & U32(1))
            base_y = U32(min(base_y + U32(8), U32(UNKNOWN)))
        else:
            counts[UNKNOWN_WORDS] += 1
    state[HIGH], state[LOW], state[COLUMN] = high, low, column
    state[BASE_Y], state[BASE_P] = base_y, base_p
    return n


@njit(nogil=True, cache=True)
def _fill(words, base_ns, state, counts, width, height, x, y, p, t_ns, _trigger_t, _p, _id):
    columns, rows = U32(min(width, MAX_SIDE)), U32(min(height, MAX_SIDE))
    n = _pack(words, state, counts, rows, t_ns)
    n = unpack(base_ns, U64(0), n, rows, columns, y, x, p, t_ns)
    counts[OUTSIDE_PIXELS] += len(x) - np.int64(n)
    return np.int64(n), 0


class LibcaerCmpDecoder(WordDecoder):
    """Decodes `libcaer_cmp`; sensor time is `time_base` plus the time in the words.

    Time and addresses restart in every packet of a driver. The parts of a cut packet repeat its
    `time_base`, so a new `time_base` marks a new packet; see WordDecoder for why this is safe.
    """

    word_type = np.uint16
    word_bytes = 2
    relative_to_time_base = True
    fresh_state = (0, 0, UNKNOWN, UNKNOWN, 0)
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)
