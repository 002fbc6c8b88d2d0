# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tell a scene from noise by its events, so that the contrast of noise is not enlarged.

The image of noise may have any contrast and look like clouds, so the image cannot tell. Events of
a moving edge have neighbours of the same polarity; events of noise are independent, and the number
of their neighbours follows from their density (the idea of the background-activity filter of
Delbruck, "Frame-free dynamic digital vision", 2008).
"""

import math
from typing import NamedTuple

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events

TILE = 32
"""Side of the areas in which the density of events is measured, pixels."""
NOISE_SHARE, SCENE_SHARE = 0.1, 0.25
"""Shares of structure up to which all is noise, and from which all is a scene. Measured over
20 ms: at most .09 in recordings of noise, in recordings of scenes .32 or more (median)."""
_SPAN_NS = 15_000_000  # edges that move for a shorter time are too thin to have neighbours
_FEWEST = 64
_DENSEST = 16  # pixels per event; at a higher density events of noise have neighbours as well
FORGETTING = 50.0
"""How much more slowly a scene is forgotten than the tone adapts: a scene that rests sends noise
only, but its image is still that of a scene."""


class Evidence(NamedTuple):
    """What the events say about the image, each from 0 (noise alone) to 1 (a scene).

    Attributes:
        now: whether the camera sees a scene; of one that rests it falls slowly.
        ever: the highest value of `now` since the state was zeroed.
    """

    now: float
    ever: float


A_SCENE = Evidence(now=1.0, ever=1.0)


class Structure:
    """Whether the image shows a scene or noise, over sensor time."""

    def __init__(self) -> None:
        structured_share(Events.empty(), 1, 1)  # compile before the first image
        self.reset()

    def reset(self) -> None:
        """Forget the scene."""
        self._share: float | None = None
        self._ever = 0.0
        self._waiting: list[Events] = []
        self._waiting_since_ns = 0
        self._t_ns: int | None = None

    def update(
        self, events: Events, size: tuple[int, int], t_ns: int, tone_time_s: float
    ) -> Evidence:
        """Return the evidence for a scene after a window.

        Args:
            events: events of the window, all on the sensor.
            size: rows and columns of the sensor.
            t_ns: end of the window, sensor time.
            tone_time_s: time constant with which a scene is recognised, seconds. Noise is
                recognised FORGETTING times as slowly.
        """
        if self._t_ns is not None and t_ns < self._t_ns:
            self.reset()
        if not self._waiting:
            first_ns = int(events.t_ns[0]) if len(events) else t_ns
            self._waiting_since_ns = first_ns if self._t_ns is None else self._t_ns
        self._waiting.append(events)
        self._t_ns = t_ns
        count, most = sum(map(len, self._waiting)), max(_FEWEST, size[0] * size[1] // _DENSEST)
        elapsed_ns = t_ns - self._waiting_since_ns
        if count < _FEWEST or (elapsed_ns < _SPAN_NS and count < most):
            return Evidence(self._share or 0.0, self._ever)
        latest = Events.concatenate(self._waiting)[-most:]
        self._waiting = []
        structured = structured_share(latest, *size)
        found = (structured - NOISE_SHARE) / (SCENE_SHARE - NOISE_SHARE)
        found = min(max(found, 0.0), 1.0)
        if self._share is None or tone_time_s <= 0.0:
            self._share = found
        else:
            time_s = tone_time_s * (1.0 if found > self._share else FORGETTING)
            self._share = found + (self._share - found) * math.exp(-1e-9 * elapsed_ns / time_s)
        self._ever = max(self._ever, self._share)
        return Evidence(self._share, self._ever)


def structured_share(events: Events, height: int, width: int) -> float:
    """Return the share of events that have more neighbours than independent ones would have.

    The expected number follows from the density of events in each tile, so that noise may be
    stronger in some areas of the image than in others.

    Args:
        events: events of a short time, all on the sensor; few per pixel.
        height: sensor rows, pixels.
        width: sensor columns, pixels.

    Returns: 0 without structure, at most 1.
    """
    hit = np.zeros((2, height + 2, width + 2), np.uint8)
    tiles = np.zeros((2, -(-height // TILE), -(-width // TILE)), np.int64)
    total, supported, expected = _neighbours(events.x, events.y, events.p, hit, tiles)
    return max(0.0, (supported - expected) / (total - expected)) if total > expected else 0.0


@njit(nogil=True, cache=True)
def _neighbours(xs, ys, ps, hit, tiles):
    """Return the pixels with events, those with a neighbour, and how many chance would give."""
    for i in range(xs.size):
        p, y, x = np.int64(ps[i]), np.int64(ys[i]), np.int64(xs[i])
        if not hit[p, y + 1, x + 1]:
            hit[p, y + 1, x + 1] = 1
            tiles[p, y // TILE, x // TILE] += 1
    total, supported, expected = 0, 0, 0.0
    height, width = hit.shape[1] - 2, hit.shape[2] - 2
    for i in range(xs.size):
        p, y, x = np.int64(ps[i]), np.int64(ys[i]), np.int64(xs[i])
        if hit[p, y + 1, x + 1] != 1:
            continue
        hit[p, y + 1, x + 1] = 2  # counted
        total += 1
        found = False
        for v in range(y, y + 3):
            for u in range(x, x + 3):
                found = found or (hit[p, v, u] != 0 and (v != y + 1 or u != x + 1))
        supported += found
        rows = min(TILE, height - y // TILE * TILE)
        columns = min(TILE, width - x // TILE * TILE)
        others = tiles[p, y // TILE, x // TILE] - 1
        expected += 1.0 - (1.0 - others / (rows * columns)) ** 8
    return total, supported, expected
