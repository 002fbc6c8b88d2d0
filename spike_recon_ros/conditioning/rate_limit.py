# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Thins events evenly over pixels and time while they come faster than a limit.

A token bucket counts how much of the limit is left: it fills at the limit, holds BUCKET_S of it,
and loses one token with each event that is kept. The share of events to keep falls with the level
of the bucket, so it settles where as many events pass as the limit allows, without steps. In any
time t, at most limit * (t + BUCKET_S) events pass.

Each pixel keeps that share of its own ON events, and of its own OFF events, by accumulating it: an
event passes when the sum reaches one. So the image of a thinned stream is that of a sensor with
larger thresholds. A random choice would add noise.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

BUCKET_S = 0.01
"""Capacity of the bucket, in seconds at the limit. Half of it passes before thinning begins."""
_WHOLE = 1 << 16
"""One event, in the accumulators."""
_NEVER_NS = -(2**62)


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
        self._bucket = np.empty(1, np.float64)
        self._last_ns = np.empty(1, np.int64)
        self.reset()

    def apply(self, events: Events) -> int:
        """Move the events that are kept to the front of the arrays; return their number."""
        arrays = events.x, events.y, events.p, events.t_ns
        kept: int = _thin(arrays, self._shares, self._bucket, self._last_ns, self.events_s)
        return kept

    def reset(self) -> None:
        """Fill the bucket; let the pixels begin at different phases."""
        count = np.arange(self._shares.size, dtype=np.uint32)
        # Multiplicative hashing with the golden ratio spreads neighbours evenly.
        phases = (count * np.uint32(2_654_435_769)) >> np.uint32(16)
        self._shares[:] = phases.astype(np.uint16).reshape(self._shares.shape)
        self._bucket.fill(1.0)
        self._last_ns.fill(_NEVER_NS)


@njit(nogil=True, cache=True)
def _thin(events, shares, bucket, last_ns, events_s):
    xs, ys, ps, ts_ns = events
    level, then_ns = bucket[0], last_ns[0]
    fill_per_ns, cost = 1e-9 / BUCKET_S, 1.0 / (events_s * BUCKET_S)
    kept = 0
    for i in range(xs.size):
        x, y, p, t_ns = np.int64(xs[i]), np.int64(ys[i]), np.int64(ps[i]), ts_ns[i]
        if t_ns > then_ns:
            level = min(1.0, level + (t_ns - then_ns) * fill_per_ns)
            then_ns = t_ns
        share = np.int64(min(1.0, 2.0 * level) * _WHOLE)
        total = np.int64(shares[y, x, p]) + share
        shares[y, x, p] = np.uint16(total & (_WHOLE - 1))
        if total >= _WHOLE and level >= cost:
            xs[kept], ys[kept], ps[kept], ts_ns[kept] = xs[i], ys[i], ps[i], t_ns
            kept += 1
            level -= cost
    bucket[0], last_ns[0] = level, then_ns
    return kept
