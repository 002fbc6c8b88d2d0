# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where sensor time jumps: a bag that loops, a camera that was restarted, a long silence.

Comes in: time stamps. Goes out: the place of the first jump. Knows nothing about what follows
from it.
"""

import numpy as np
from numba import njit

# Some drivers merge event streams with slightly different delays; no restart is as short as this.
BACKWARDS_TOLERANCE_NS = 10_000_000


@njit(nogil=True, cache=True)
def first_jump(t_ns: np.ndarray, start: int, last_t_ns: int, max_gap_ns: int) -> int:
    """Return the index of the first event whose time does not continue the stream.

    Args:
        t_ns: int64 [n], event times.
        start: index of the first event to look at.
        last_t_ns: time of the event before it.
        max_gap_ns: longest silence that still counts as the same stream.

    Returns:
        The first index from `start` on at which time goes back by more than
        BACKWARDS_TOLERANCE_NS or ahead by more than `max_gap_ns`; n if there is none.
    """
    previous = last_t_ns
    for index in range(start, t_ns.shape[0]):
        step = t_ns[index] - previous
        if step < -BACKWARDS_TOLERANCE_NS or step > max_gap_ns:
            return index
        previous = t_ns[index]
    return t_ns.shape[0]
