# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion blur that is left in a mean of rates which were warped along a path.

Each rate is the mean over a span of planes, in which the scene moves on, and the charge of an
interval is known only as a whole. Both widths follow from the path and the rate, so no image is
needed to measure the blur.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.scene_path import ScenePath

INTERVAL_SHARE = 0.3
"""Share of the variance of an interval's length that stays after its charge was divided by the
predicted light."""
LEAST_RATE = 0.01
"""Smallest rate; darker pixels have the blur of this one, in spikes per plane."""


def write_motion_blur(
    path: ScenePath,
    times: np.ndarray,
    lengths: np.ndarray,
    weights: np.ndarray,
    rate: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write the standard deviation of the motion blur, in pixels along the motion.

    Args:
        path: along which the rates were warped.
        times: [spans], centre of each span in planes after the instant.
        lengths: [spans], planes.
        weights: [spans], weight of each span in the mean; not all 0.
        rate: float32 [height, width], spikes per plane.
        out: float32 [height, width].
    """
    left, _ = path.segments(times)
    share = weights / weights.sum()
    segments = len(path.nodes) - 1
    # A box as long as a span has the variance length^2 / 12.
    by_span = np.bincount(left, share * lengths**2, segments) / 12
    by_interval = np.bincount(left, share, segments) * INTERVAL_SHARE / 12
    duration = np.diff(path.nodes)
    _write_motion_blur(
        path.shift,
        (by_span / duration**2).astype(np.float32),
        (by_interval / duration**2).astype(np.float32),
        rate,
        out,
    )


@njit(nogil=True, cache=True, error_model='numpy')
def _write_motion_blur(shift, by_span, by_interval, rate, out):
    height, width = out.shape
    least, one = np.float32(LEAST_RATE), np.float32(1)
    for y in range(height):
        row, light = out[y], rate[y]
        row[:] = np.float32(0)
        for segment in range(len(by_span)):
            start, end = shift[segment], shift[segment + 1]
            x0, y0, x1, y1 = start[0, y], start[1, y], end[0, y], end[1, y]
            span, interval = by_span[segment], by_interval[segment]
            for x in range(width):
                dx, dy, slow = x1[x] - x0[x], y1[x] - y0[x], one / max(light[x], least)
                row[x] += (dx * dx + dy * dy) * (span + interval * slow * slow)
        for x in range(width):
            row[x] = np.sqrt(row[x])
