# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Thins events evenly over pixels and time while they come faster than a limit.

A token bucket counts how much of the limit is left: it fills at the limit, holds BUCKET_S of it,
and loses one token with each event that is kept. The share of events to keep falls with the level
of the bucket, so it settles where as many events pass as the limit allows, without steps. The
level is computed once per slice of sensor time: with each event it would cost more than all that
follows. In any time t, at most limit * (t + BUCKET_S) events pass.

Each pixel keeps that share of its own ON events, and of its own OFF events, by accumulating it: an
event passes when the sum reaches one. So the image of a thinned stream is that of a sensor with
larger thresholds. A random choice would add noise.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.prefetch import AHEAD, prefetch

U32, U64 = np.uint32, np.uint64
BUCKET_S = 0.01
"""Capacity of the bucket, in seconds at the limit. Half of it passes before thinning begins."""
_WHOLE = U32(1 << 16)
"""One event, in the accumulators."""
_NEVER_NS = -(2**62)
SLICE_BITS = 16
"""Logarithm of the length of a slice, ns. Slices begin at its multiples, wherever packets do."""


class RateLimit:
    """The limit, with an accumulator of 2 bytes for each pixel and polarity.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        events_s: limit, events per second; 0 = none.
    """

    def __init__(self, width: int, height: int, events_s: float) -> None:
        self.events_s = events_s
        self._shares = np.empty((height, width, 2), np.uint16)
        # Level of the bucket at the beginning of this slice, and the share that is kept.
        self._bucket = np.empty(2, np.float64)
        # Latest beginning of a slice, ns, the number of this one, and events kept in it so far.
        self._slice = np.empty(3, np.int64)
        self.reset()

    def apply(self, events: Events) -> int:
        """Move the events that are kept to the front of the arrays; return their number."""
        arrays = events.x, events.y, events.p, events.t_ns
        kept: int = _thin(arrays, self._shares, self._bucket, self._slice, self.events_s)
        return kept

    def reset(self) -> None:
        """Fill the bucket; let the pixels begin at different phases."""
        count = np.arange(self._shares.size, dtype=np.uint32)
        # Multiplicative hashing with the golden ratio spreads neighbours evenly.
        phases = (count * np.uint32(2_654_435_769)) >> np.uint32(16)
        self._shares[:] = phases.astype(np.uint16).reshape(self._shares.shape)
        self._bucket[:] = 1.0, 0.0
        self._slice[:] = _NEVER_NS, _NEVER_NS, 0


@njit(nogil=True, cache=True)
def _thin(events, shares, bucket, slice_, events_s):
    xs, ys, ps, ts_ns = events
    fill_per_ns, cost = 1e-9 / BUCKET_S, 1.0 / (events_s * BUCKET_S)
    level, share, then_ns, number = bucket[0], U32(bucket[1]), slice_[0], slice_[1]
    kept = U64(0)
    first_kept = -slice_[2]
    most = first_kept + np.int64(level / cost)
    for i in range(xs.size):
        x, y, p, t_ns = xs[i], ys[i], ps[i], ts_ns[i]
        if t_ns >> SLICE_BITS != number:
            number = t_ns >> SLICE_BITS
            level -= cost * (np.int64(kept) - first_kept)
            level = min(1.0, level + max(t_ns - then_ns, 0) * fill_per_ns)
            then_ns = max(t_ns, then_ns)
            share = U32(min(1.0, 2.0 * level) * _WHOLE)
            first_kept = np.int64(kept)
            most = first_kept + np.int64(level / cost)
        total = U32(shares[U64(y), U64(x), U64(p)]) + share
        shares[U64(y), U64(x), U64(p)] = np.uint16(total)
        xs[kept], ys[kept], ps[kept], ts_ns[kept] = x, y, p, t_ns
        kept += U64((total >= _WHOLE) & (np.int64(kept) < most))
        ahead = min(i + AHEAD, xs.size - 1)
        prefetch(shares, (U64(ys[ahead]), U64(xs[ahead]), U64(0)))
    bucket[0], bucket[1] = level, share
    slice_[0], slice_[1], slice_[2] = then_ns, number, np.int64(kept) - first_kept
    return np.int64(kept)
