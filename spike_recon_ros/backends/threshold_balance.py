# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measures by how much the ON and OFF thresholds of each pixel differ, under a flickering lamp.

The light of a lamp returns to where it was, so the steps of whole periods must cancel. Those of a
pixel do not, because its two thresholds differ from the nominal ones: hundreds of events a second
would add up to noise. The surplus of one polarity, as a share of all events of the pixel, shows
the difference.

A scene that changes leaves a surplus, too, and its contrast would fade if that were corrected.
Three things tell it from the thresholds:

- Neighbouring pixels see nearly the same scene, while their thresholds differ independently. So a
  pixel is compared with its neighbourhood; only the mean of all pixels is corrected as well,
  because the thresholds of a whole sensor can be set unequal.
- An edge passes a pixel within a few periods and leaves many events of one polarity there, while
  the thresholds leave a part of an event in every period. So the surplus of a short block of
  periods is bounded.
- Edges of both signs pass, so their surplus does not grow with time.
"""

import itertools

import cv2
import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

MEMORY_S = 10.0
"""Time constant of the counts of a pixel's events."""
FEW_EVENTS = 30.0
"""Events of a pixel at which half of its difference from the neighbourhood is corrected."""
SIDE_PX = 13
"""Rows and columns of the neighbourhood."""
MOST_EVENTS, MOST_SHARE = np.float32(1.0), np.float32(0.2)
"""Largest surplus of a pixel in one block: events, and a share of its rarer polarity."""
F32 = np.float32


class ThresholdBalance:
    """The surplus of ON events of each pixel of one sensor.

    Args:
        width: columns, pixels.
        height: rows, pixels.

    Attributes:
        on_weights: weight of an ON event of each pixel, float32 [height, width]; that of an OFF
            event is 2 minus it.
    """

    def __init__(self, width: int, height: int) -> None:
        self._off_on = np.zeros((2, height, width), F32)
        self._in_block = np.zeros((2, height, width), F32)
        self._all_off_on = np.zeros(2)
        self.on_weights = np.ones((height, width), F32)

    def add(self, events: Events, first_ns: int, block_ns: int, blocks: int) -> None:
        """Count the events of some blocks, each of one or more whole periods of the lamp.

        Args:
            events: ordered by time.
            first_ns: start of the first block.
            block_ns: length of a block.
            blocks: number of blocks.
        """
        kept = np.exp(-blocks * block_ns / 1e9 / MEMORY_S)
        self._all_off_on *= kept
        self._all_off_on += np.bincount(events.p, minlength=2)
        off, on = self._all_off_on
        mean = F32((on - off) / max(on + off, 1.0))
        self._off_on *= F32(kept)
        ends = np.searchsorted(events.t_ns, first_ns + block_ns * np.arange(blocks + 1)).tolist()
        for begin, end in itertools.pairwise(ends):
            block = slice(begin, end)
            _count(events.x[block], events.y[block], events.p[block], self._in_block)
            _add_bounded(self._in_block, mean, self._off_on)
        self.on_weights = self._weights(mean)

    def _weights(self, mean: np.float32) -> np.ndarray:
        off, on = self._off_on
        total, surplus = on + off, on - off
        near_total, near_surplus = (cv2.blur(one, (SIDE_PX, SIDE_PX)) for one in (total, surplus))
        unlike = surplus - total * near_surplus / np.maximum(near_total, F32(1e-3))
        unlike *= total / (total * total + F32(FEW_EVENTS**2))
        # ON and OFF events weigh (1 - mean)(1 - unlike) : (1 + mean)(1 + unlike).
        return (F32(1) - mean) * (F32(1) - unlike) / (F32(1) + mean * unlike)


@njit(nogil=True, cache=True)
def _count(xs, ys, ps, off_on):
    for i in range(xs.size):
        off_on[ps[i], ys[i], xs[i]] += F32(1)


@njit(nogil=True, cache=True)
def _add_bounded(in_block, mean, off_on):
    """Add the weighted counts of a block, with a bounded surplus; set the counts to zero."""
    for y in range(off_on.shape[1]):
        for x in range(off_on.shape[2]):
            off = in_block[0, y, x] * (F32(1) + mean)
            on = in_block[1, y, x] * (F32(1) - mean)
            rarer = min(off, on)
            most = rarer + MOST_EVENTS + MOST_SHARE * rarer
            off_on[0, y, x] += min(off, most)
            off_on[1, y, x] += min(on, most)
            in_block[0, y, x] = F32(0)
            in_block[1, y, x] = F32(0)
