# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""When the pixels around a pixel fired last; events of noise have no recent neighbour."""

import numpy as np

from spike_recon_ros.jit import njit

U64 = np.uint64

NEVER_NS = -(2**62)
"""Time of the latest event of a pixel that has not fired."""


@njit(nogil=True, cache=True)
def latest_around(last_ns, x, y):
    """Return the latest time at which one of the 8 pixels around a pixel fired.

    Args:
        last_ns: int64 [height + 2, width + 2], latest event of each pixel, with a border.
        x: column.
        y: row.
    """
    # Unsigned, because a negative index would count from the end, which costs a test each.
    left, above = U64(x), U64(y)
    middle, right = left + U64(1), left + U64(2)
    beside, below = above + U64(1), above + U64(2)
    latest = max(last_ns[beside, left], last_ns[beside, right])
    for row in (above, below):
        latest = max(latest, last_ns[row, left], last_ns[row, middle], last_ns[row, right])
    return latest
