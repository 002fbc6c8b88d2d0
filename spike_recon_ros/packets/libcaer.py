# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Polarity events of libcaer, the library of iniVation's cameras: two 32-bit numbers each.

Bits of the first number: 1 = polarity, 2..16 = y, 17..31 = x. The second number is signed:
microseconds after the packet's `time_base`, a counter of 31 bits that wraps.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.word_decoder import (
    LATEST_START_US,
    OUTSIDE_PIXELS,
    TIME_ERRORS,
    UNKNOWN_WORDS,
    WordDecoder,
)

U32 = np.uint32

# A step back of the counter by more than half its range is a rollover.
LOOP_US = 1 << 31

# State carried between the parts of a packet: start of the loop, and counter of the last event.
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
                if start_us > LATEST_START_US:
                    start_us = 0
                    counts[TIME_ERRORS] += 1
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
    """Decodes `libcaer`; sensor time is `time_base` plus the counter of the device."""

    word_type = np.uint32
    word_bytes = 8
    relative_to_time_base = True
    fresh_state = (0, 0)
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)
