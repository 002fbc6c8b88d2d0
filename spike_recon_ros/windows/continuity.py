# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Where sensor time goes back: a bag that loops, a camera that was restarted.

Comes in: events. Goes out: the place of the first step back, and the events on both sides of it.
Knows nothing about what follows from it.
"""

from dataclasses import replace

import numpy as np
from numba import njit

from spike_recon_ros.packets.decoder import Samples

# Bit errors in the high part of EVT3 time stamps make steps of up to 41 ms that are no restart.
BACKWARDS_TOLERANCE_NS = 50_000_000


@njit(nogil=True, cache=True)
def first_step_back(t_ns: np.ndarray, last_t_ns: int) -> int:
    """Return the index of the first event whose time does not continue the stream.

    Args:
        t_ns: int64 [n], event times.
        last_t_ns: time of the event before the first one.

    Returns:
        The first index at which time goes back by more than BACKWARDS_TOLERANCE_NS; n if there
        is none.
    """
    previous = last_t_ns
    for index in range(t_ns.shape[0]):
        if t_ns[index] - previous < -BACKWARDS_TOLERANCE_NS:
            return index
        previous = t_ns[index]
    return t_ns.shape[0]


def split_at(events: Samples, index: int) -> tuple[Samples, Samples]:
    """Return the events before a step back and from it on, trigger edges with the side they fit.

    Args:
        events: of one packet.
        index: of the first event after the step back.
    """
    before, after = events[:index], events[index:]
    edges = events.triggers
    old_ns = int(before.t_ns[-1]) if index else int(after.t_ns[0]) + 2 * BACKWARDS_TOLERANCE_NS
    is_new = np.abs(edges.t_ns - after.t_ns[0]) < np.abs(edges.t_ns - old_ns)
    border = int(is_new.argmax()) if is_new.any() else len(edges)
    return replace(before, triggers=edges[:border]), replace(after, triggers=edges[border:])
