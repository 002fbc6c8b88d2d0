# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One 64-bit word per event with time in nanoseconds, used for simulated and converted events.

Bits: 63 = polarity, 48..62 = y, 32..47 = x, 0..31 = nanoseconds after the packet's `time_base`.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.word_decoder import OUTSIDE_PIXELS, WordDecoder

U32 = np.uint32


@njit(nogil=True, cache=True)
def _capacity(words):
    return len(words) // 2, 0


@njit(nogil=True, cache=True)
def _fill(words, base_ns, _state, counts, width, height, x, y, p, t_ns, _trigger_t, _p, _id):
    columns, rows = U32(width), U32(height)
    n = np.uint64(0)
    for i in range(len(words) // 2):
        word = U32(words[2 * i + 1])
        column, row = word & U32(0xFFFF), word >> U32(16) & U32(0x7FFF)
        if column < columns and row < rows:
            x[n], y[n], p[n] = column, row, word >> U32(31)
            t_ns[n] = base_ns + np.int64(words[2 * i])
            n += np.uint64(1)
        else:
            counts[OUTSIDE_PIXELS] += 1
    return np.int64(n), 0


class MonoDecoder(WordDecoder):
    """Decodes `mono`; sensor time is `time_base` plus the nanoseconds in the word."""

    word_type = np.uint32
    word_bytes = 8
    relative_to_time_base = True
    fresh_state = ()
    _capacity = staticmethod(_capacity)
    _fill = staticmethod(_fill)


def encode_mono(events: Events, time_base: int) -> np.ndarray:
    """Return the events as the bytes of one `mono` packet; trigger edges are not encoded.

    Args:
        events: not before `time_base`, and less than 2^32 ns (4.29 s) after it.
        time_base: `time_base` of the packet, sensor time, ns.

    Returns: uint8 [8 n].

    Raises:
        ValueError: the time or row of an event does not fit.
    """
    after_ns = events.t_ns - np.int64(time_base)
    if len(events) and not (after_ns.min() >= 0 and after_ns.max() < 2**32):
        raise ValueError(
            f'events from {events.t_ns.min()} to {events.t_ns.max()} ns do not fit '
            f'into the 2^32 ns after time_base {time_base}'
        )
    if len(events) and events.y.max() >= 2**15:
        raise ValueError(f'row {events.y.max()} does not fit into 15 bits')
    words = after_ns.astype(np.uint64)
    words |= events.x.astype(np.uint64) << np.uint64(32)
    words |= events.y.astype(np.uint64) << np.uint64(48)
    words |= events.p.astype(np.uint64) << np.uint64(63)
    return words.view(np.uint8)
