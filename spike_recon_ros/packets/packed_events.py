# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events as one integer each, on their way from a decoder's word loop to the arrays.

Comes in: packed events, in the array that is to hold their times. Goes out: x, y, p, t. Knows
nothing about the words they were read from. The loop that reads words has to be scalar; with one
store an event it is short, and the spreading here is left to the compiler to vectorise.

Layout: time in microseconds << 32 | across << 16 | p << 11 | along, where `along` is the address
that comes with the event (and along which vectors run) and `across` the one sent before.
"""

import numpy as np
from numba import njit

U32, U64 = np.uint32, np.uint64

MAX_SIDE = 2048
"""Addresses have 11 bits."""
UNKNOWN = 0xFFFF
"""An address that was never sent: on no sensor, however large."""
_ACROSS = U64(0xF7FF)  # bit 11 is not the address's, the higher ones tell UNKNOWN


@njit(nogil=True, cache=True)
def on_sensor(mask, base, side):
    """Return the bits of a vector of up to 12 whose address, counted from `base`, is < `side`."""
    if base >= side:
        return U32(0)
    room = side - base
    return U32(mask & ((U32(1) << room) - U32(1))) if room < U32(12) else U32(mask)


@njit(nogil=True, cache=True)
def unpack(start_ns, first, end, side_along, side_across, along, across, p, t_ns):
    """Spread the events `first` to `end` of `t_ns` over the arrays, without those off the sensor.

    Returns: the end of those that are left.
    """
    outside = False
    for i in range(first, end):
        event = U64(t_ns[i])
        a, b = U32(event & U64(0x7FF)), U32(event >> U64(16) & _ACROSS)
        outside |= (a >= side_along) | (b >= side_across)
        along[i], across[i], p[i] = a, b, event >> U64(11) & U64(1)
        t_ns[i] = start_ns + 1000 * np.int64(event >> U64(32))
    if not outside:
        return end
    kept = first
    for i in range(first, end):
        a, b = along[i], across[i]
        along[kept], across[kept], p[kept], t_ns[kept] = a, b, p[i], t_ns[i]
        kept += U64((a < side_along) & (b < side_across))
    return kept
