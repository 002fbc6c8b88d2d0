# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Find the part of the image in which something happens, and merge its results into the whole.

A network that steps only this part costs in proportion to it. At the border of the part the result
is wrong, because the network does not see what is beyond. So it is merged with weights that fall
to zero towards the border.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

ALIGNMENT = 8
"""Parts begin at multiples of it, so that they fit the strides of the states."""
INNER, HALO = 16, 48
"""Distances from the events, pixels: up to the first, results are taken as they are; from there to
the second, their weight falls to zero."""
STEADY_STEPS = 16
"""Steps in a row whose events fit into a part before the first one of a part: copying the state
from the whole network takes one and a half steps, and as much back."""

SMALLEST_IMAGE = 640 * 480
"""Pixels of the smallest image for which parts are worth their halo."""
FRACTIONS = ((2.5, 2.5), (2, 2), (2, 1), (1, 2))
"""Whole images per part, down and across, from the smallest to the largest part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of the padded image, pixels.

    Attributes:
        top: first row.
        left: first column.
        height: rows.
        width: columns.
        rows: float32 [height], weights of its rows.
        columns: float32 [width], weights of its columns; the weight of a pixel is the product.
    """

    top: int
    left: int
    height: int
    width: int
    rows: np.ndarray
    columns: np.ndarray

    def cut(self, array: np.ndarray, stride: int = 1) -> np.ndarray:
        """Return a view of the part of an array [..., rows, columns] with a stride."""
        top, left = self.top // stride, self.left // stride
        return array[..., top : top + self.height // stride, left : left + self.width // stride]

    def merge(self, new: np.ndarray, whole: np.ndarray, stride: int = 1) -> None:
        """Merge results of the part into the whole, in place.

        Args:
            new: float32 [channels, rows, columns] of the part.
            whole: float32 [channels, rows, columns] of the padded image.
            stride: pixels per element.
        """
        rows = self.rows.reshape(-1, stride).mean(1)
        columns = self.columns.reshape(-1, stride).mean(1)
        _merge(new, self.cut(whole, stride), rows, columns)


def part_sizes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Return rows and columns of the parts of an image, the smallest first; () = none."""
    if height * width < SMALLEST_IMAGE:
        return ()
    return tuple((_aligned(height / down), _aligned(width / across)) for down, across in FRACTIONS)


def _aligned(length: float) -> int:
    return round(length / ALIGNMENT) * ALIGNMENT


class PartChooser:
    """Chooses the part for each step, from the events alone.

    Args:
        height: rows of the padded image.
        width: columns of the padded image.
        sizes: rows and columns of the parts that can be stepped, the smallest first.
    """

    def __init__(self, height: int, width: int, sizes: Sequence[tuple[int, int]]) -> None:
        self._height, self._width, self._sizes = height, width, sizes
        self._fitting = 0
        _bounds(Events.empty().x)

    def choose(self, events: Events) -> Part | None:
        """Return the part for a step; None = the whole image.

        Args:
            events: all events since the last update of the state, on the image.
        """
        part = self._fit(events) if len(events) else None
        self._fitting = 0 if part is None else self._fitting + 1
        return part if self._fitting > STEADY_STEPS else None

    def reset(self) -> None:
        """Forget the steps before."""
        self._fitting = 0

    def _fit(self, events: Events) -> Part | None:
        """Return the smallest part that holds the events and the halo; None = there is none."""
        first_y, last_y = _bounds(events.y)
        first_x, last_x = _bounds(events.x)
        for height, width in self._sizes:
            top = _start(first_y, last_y, height, self._height)
            left = _start(first_x, last_x, width, self._width)
            if top is not None and left is not None:
                rows = _weights(first_y - top, last_y - top, height)
                columns = _weights(first_x - left, last_x - left, width)
                return Part(top, left, height, width, rows, columns)
        return None


def _start(first: int, last: int, length: int, whole: int) -> int | None:
    """Return where a part of this length begins that holds a range and its halo, if it can."""
    low, high = max(first - HALO, 0), min(last + 1 + HALO, whole)
    if high - low > length:
        return None
    start = (low + high - length) // 2 // ALIGNMENT * ALIGNMENT
    start = min(max(start, 0), whole - length)
    return start if start <= low and high <= start + length else None


def _weights(first: int, last: int, length: int) -> np.ndarray:
    """Return the weights along one side of a part."""
    places = np.arange(length)
    distance = np.maximum(np.maximum(first - places, places - last), 0)
    falling = (HALO - distance) / (HALO - INNER)
    return np.clip(falling, 0.0, 1.0).astype(np.float32)


@njit(nogil=True, cache=True)
def _bounds(values):
    low, high = np.int64(1 << 16), np.int64(-1)
    for value in values:
        low, high = min(low, np.int64(value)), max(high, np.int64(value))
    return low, high


@njit(nogil=True, cache=True)
def _merge(new, whole, rows, columns):
    for c in range(new.shape[0]):
        for y in range(new.shape[1]):
            row = rows[y]
            for x in range(new.shape[2]):
                weight = row * columns[x]
                whole[c, y, x] += weight * (new[c, y, x] - whole[c, y, x])
