# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""When the pixels around a pixel fired last; events of noise have no recent neighbour."""

from spike_recon_ros.jit import njit

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
    latest = max(last_ns[y + 1, x], last_ns[y + 1, x + 2])
    for column in range(x, x + 3):
        latest = max(latest, last_ns[y, column], last_ns[y + 2, column])
    return latest
