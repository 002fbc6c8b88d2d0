# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""EVT 2.1: 64-bit words, each a vector of 32 pixels along a row, in either byte order.

The upper half of a word has the layout of an EVT 2.0 word, so the time is decoded as there. The
lower half is the mask of the pixels. The format is described on Prophesee's public page on EVT
2.1.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import lowest_bit, popcount
from spike_recon_ros.packets.evt2 import (
    CD_ON,
    CONTINUED,
    EXT_TRIGGER,
    HIGH_US,
    NO_TIME,
    OTHERS,
    START_US,
    TIME_HIGH,
    advance,
)
from spike_recon_ros.packets.word_decoder import (
    BEFORE_FIRST_TIME,
    OUTSIDE_PIXELS,
    UNKNOWN_WORDS,
    WordDecoder,
)

U32 = np.uint32

# State after the two values of EVT 2.0: 1 if the upper half of a word comes first in memory
# (legacy order), 0 if the lower half does (little endian).
LEGACY_ORDER = 2


@njit(nogil=True, cache=True)
def _capacity(words):
    # Either half may be the mask, so the larger count is an upper bound for both byte orders.
    even, odd, triggers = 0, 0, 0
    for i in range(0, len(words), 2):
        even += popcount(U32(words[i]))
        odd += popcount(U32(words[i + 1]))
        triggers += (words[i] >> U32(28) == EXT_TRIGGER) | (words[i + 1] >> U32(28) == EXT_TRIGGER)
    return max(even, odd), triggers


@njit(nogil=True, cache=True)
def _fill(
    words, _base, state, counts, width, height, x, y, p, t_ns, trigger_t, trigger_p, trigger_id
):
    columns, rows = U32(width), U32(height)
    time_us, no_time = state[START_US] + state[HIGH_US], state[HIGH_US] == NO_TIME
    upper, lower = (0, 1) if state[LEGACY_ORDER] else (1, 0)
    n, edges = np.uint64(0), 0
    for i in range(0, len(words), 2):
        word, mask = U32(words[i + upper]), U32(words[i + lower])
        kind, now_us = word >> U32(28), time_us + np.int64(word >> U32(22) & U32(0x3F))
        if kind <= CD_ON:
            if no_time:
                counts[BEFORE_FIRST_TIME] += popcount(mask)
                continue
            first, row = word >> U32(11) & U32(0x7FF), word & U32(0x7FF)
            while mask:
                column = first + lowest_bit(mask)
                if column < columns and row < rows:
                    x[n], y[n], p[n], t_ns[n] = column, row, kind, 1000 * now_us
                    n += np.uint64(1)
                else:
                    counts[OUTSIDE_PIXELS] += 1
                mask = U32(mask & (mask - U32(1)))
        elif kind == TIME_HIGH:
            time_us, no_time = advance(word, state, counts), False
        elif kind == EXT_TRIGGER:
            if no_time:
                counts[BEFORE_FIRST_TIME] += 1
            else:
                trigger_t[edges], trigger_p[edges] = 1000 * now_us, word & U32(1)
                trigger_id[edges] = word >> U32(8) & U32(0x1F)
                edges += 1
        elif kind not in (OTHERS, CONTINUED):
            counts[UNKNOWN_WORDS] += 1
    return np.int64(n), edges


class Evt21Decoder(WordDecoder):
    """Decodes `evt21`; with `legacy=True` the upper half of a word comes first in memory."""

    word_type = np.uint32
    word_bytes = 8
    relative_to_time_base = False
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)

    def __init__(self, width: int, height: int, *, legacy: bool = False) -> None:
        self.fresh_state = (0, NO_TIME, int(legacy))
        super().__init__(width, height)
