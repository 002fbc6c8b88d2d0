# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""libcaer's polarity events: two 32-bit numbers each, as iniVation's cameras send them.

Comes in: a Packet of encoding `libcaer`. Goes out: Events. Knows nothing about the other
encodings. Bits of the first number: 1 = polarity, 2..16 = y, 17..31 = x. The second is signed:
microseconds after the packet's `time_base`, 31 bits of a counter that wraps.
"""

import numpy as np
from numba import njit

from spike_recon_ros.packets.word_decoder import (
    OUTSIDE_PIXELS,
    TIME_ERRORS,
    UNKNOWN_WORDS,
    WordDecoder,
)

U32 = np.uint32

# A counter that steps back by more than half its range has wrapped.
LOOP_US = 1 << 31

# What is carried on between the parts of a packet: the loop's start, and the last event's counter.
START_US, LAST_US = range(2)


@njit(nogil=True, cache=True)
def _capacity(words):
    return len(words) // 2, 0


@njit(nogil=True, cache=True)
def _fill(words, base_ns, state, counts, width, height, x, y, p, t_ns, _trigger_t, _p, _id):
    columns, rows = U32(width), U32(height)
    start_us, last_us = state[START_US], state[LAST_US]
    n = np.uint64(0)
    for i in range(len(words) // 2):
        word, time_us = U32(words[2 * i]), np.int64(np.int32(words[2 * i + 1]))
        if time_us < last_us:
            if time_us < 0:
                counts[UNKNOWN_WORDS] += 1
                continue
            if last_us - time_us > LOOP_US // 2:
                start_us += LOOP_US
            else:
                counts[TIME_ERRORS] += 1
        last_us = time_us
        column, row = word >> U32(17), word >> U32(2) & U32(0x7FFF)
        if column >= columns or row >= rows:
            counts[OUTSIDE_PIXELS] += 1
            continue
        x[n], y[n], p[n] = column, row, word >> U32(1) & U32(1)
        t_ns[n] = base_ns + 1000 * (start_us + time_us)
        n += np.uint64(1)
    state[START_US], state[LAST_US] = start_us, last_us
    return np.int64(n), 0


class LibcaerDecoder(WordDecoder):
    """Decodes `libcaer`; sensor time is the sender's `time_base` plus the device's counter."""

    word_type = np.uint32
    word_bytes = 8
    relative_to_time_base = True
    fresh_state = (0, 0)
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)
