# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events packed into one integer each, between the loop that reads words and the arrays.

The loop that reads words must be scalar; with one store per event it is short, and the compiler
can vectorise the loop that unpacks. The packed events are in the array that will hold the times.

Layout: time in microseconds << 32 | across << 16 | p << 11 | along. `along` is the address in the
word of the event, along which vectors run; `across` is the address sent before it.
"""

import numpy as np

from spike_recon_ros.jit import njit

U32, U64 = np.uint32, np.uint64

MAX_SIDE = 2048
"""Limit of an address of 11 bits."""
UNKNOWN = 0xFFFF
"""An address that has not been sent yet; outside any sensor."""
_ACROSS = U64(0xF7FF)  # bit 11 is not part of the address; the higher bits mark UNKNOWN


@njit(nogil=True, cache=True)
def on_sensor(mask, base, side):
    """Return the bits of a vector of up to 12 pixels from `base` whose address is below `side`."""
    if base >= side:
        return U32(0)
    room = side - base
    return U32(mask & ((U32(1) << room) - U32(1))) if room < U32(12) else U32(mask)


@njit(nogil=True, cache=True)
def unpack(start_ns, first, end, side_along, side_across, along, across, p, t_ns):
    """Unpack the events `first` to `end` of `t_ns`, and remove those outside the sensor.

    Returns: the end of the remaining events.
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
