# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""EVT 2.0: one 32-bit word per event.

The format is described on Prophesee's public page on EVT 2.0.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.word_decoder import (
    BEFORE_FIRST_TIME,
    LATEST_START_US,
    OUTSIDE_PIXELS,
    TIME_ERRORS,
    UNKNOWN_WORDS,
    WordDecoder,
)

U32 = np.uint32

# Word types, bits 31..28. OTHERS and CONTINUED are vendor data, which is skipped.
CD_ON, TIME_HIGH, EXT_TRIGGER, OTHERS, CONTINUED = U32(1), U32(8), U32(10), U32(14), U32(15)

LOOP_US = 1 << 34
NO_TIME = -1

# State carried from packet to packet: start of the loop and the last TIME_HIGH, microseconds.
START_US, HIGH_US = range(2)


@njit(nogil=True, cache=True)
def advance(word, state, counts):
    """Follow a TIME_HIGH word and return the time in microseconds.

    The counter wraps after 4.8 hours. A step back by half the range or more is a rollover. A
    smaller one is a bit error or a restarted camera; it is followed as sent, and counted.
    """
    high_us = np.int64(word & U32(0x0FFFFFFF)) << 6
    if high_us < state[HIGH_US]:
        if state[HIGH_US] - high_us >= LOOP_US // 2:
            state[START_US] += LOOP_US
            if state[START_US] > LATEST_START_US:
                state[START_US] = 0
                counts[TIME_ERRORS] += 1
        else:
            counts[TIME_ERRORS] += 1
    state[HIGH_US] = high_us
    return state[START_US] + high_us


@njit(nogil=True, cache=True)
def _capacity(words):
    events, triggers = 0, 0
    for i in range(len(words)):
        kind = U32(words[i]) >> U32(28)
        events += kind <= CD_ON
        triggers += kind == EXT_TRIGGER
    return events, triggers


@njit(nogil=True, cache=True)
def _fill(
    words, _base, state, counts, width, height, x, y, p, t_ns, trigger_t, trigger_p, trigger_id
):
    columns, rows = U32(width), U32(height)
    time_us, no_time = state[START_US] + state[HIGH_US], state[HIGH_US] == NO_TIME
    n, edges = np.uint64(0), 0
    for i in range(len(words)):
        word = U32(words[i])
        kind, now_us = word >> U32(28), time_us + np.int64(word >> U32(22) & U32(0x3F))
        if kind <= CD_ON:
            column, row = word >> U32(11) & U32(0x7FF), word & U32(0x7FF)
            if no_time:
                counts[BEFORE_FIRST_TIME] += 1
            elif column < columns and row < rows:
                x[n], y[n], p[n], t_ns[n] = column, row, kind, 1000 * now_us
                n += np.uint64(1)
            else:
                counts[OUTSIDE_PIXELS] += 1
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


class Evt2Decoder(WordDecoder):
    """Decodes `evt2`; sensor time is the time of the camera, unwrapped beyond its 34 bits."""

    word_type = np.uint32
    word_bytes = 4
    relative_to_time_base = False
    fresh_state = (0, NO_TIME)
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)
