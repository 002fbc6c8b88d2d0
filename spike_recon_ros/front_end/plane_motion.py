# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the scene moves across spike planes, and planes as they would be if it stood still.

Comes in: a SpikeHistory. Goes out: velocities around its instant, and means over groups of planes
that are carried along with the scene to where it is at the instant. Knows nothing about what is
made of them.

A pixel fires every few planes, and in that time the scene has moved on: what one pixel tells is
either coarse or blurred. All planes together tell it finely, once each is moved by how far the
scene went until the instant. Dense inverse search (Kroeger et al., "Fast Optical Flow Using Dense
Inverse Search", ECCV 2016) finds how far, from the means of the earlier and of the later half; all
that is assumed is a velocity that does not change for the few milliseconds in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from spike_recon_ros.front_end.spike_history import SpikeHistory

REACH = 31
"""Planes on either side of the instant from which the motion is told, if they have been seen."""
LEAST_PLANES = 16
"""With fewer nothing moves: they tell more about noise than about the scene."""
SMOOTHED_PX = 1.0
"""Standard deviation of the blur of what is compared: single spikes are no texture."""
FLOW_SMOOTHED_PX = 2.0
"""That of the blur of the flow."""
SMALLEST_SIDE = 16
"""Of a sensor in which motion can be told, pixels."""
BRIGHT = 3.0
"""Standard deviations above the mean that are white in what is compared."""
SPIKE = 80
"""What a spike counts in the bytes that are moved; three of them must fit."""
MOST_COUNTED = 255 // SPIKE


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV work in one thread: with others its flow is another, and no core is left."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class PlaneMotion:
    """Finds velocities and moves groups of planes along.

    Args:
        history: of the pixels; is read whenever something is asked for.
    """

    def __init__(self, history: SpikeHistory) -> None:
        self._history = history
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        rows, columns = np.mgrid[: history.height, : history.width].astype(np.float32)
        self._places = np.stack([columns, rows], -1)

    def velocity(self) -> np.ndarray | None:
        """Return pixels a plane to the right and down: float32 [height, width, 2].

        Returns: None where it cannot be told: of a tiny sensor, or of too few planes.
        """
        history = self._history
        newest = max(0, history.lookahead - REACH)
        oldest = min(history.lookahead + REACH + 1, history.end)
        half = (oldest - newest) // 2
        if 2 * half < LEAST_PLANES or min(history.width, history.height) < SMALLEST_SIDE:
            return None
        later = history.count(newest, newest + half)
        earlier = history.count(oldest - half, oldest)
        apart = oldest - newest - half
        flow = self._flow.calc(*_comparable(earlier, later), None)  # type: ignore[call-overload]
        flow = cv2.GaussianBlur(flow, (0, 0), FLOW_SMOOTHED_PX)
        velocity = flow * np.float32(1 / apart)
        # The flow is told where the scene was in the middle of the earlier half.
        since = oldest - (half + 1) / 2 - history.lookahead
        return self._moved(velocity, velocity, -since)

    def count(self, first: int, planes: int, velocity: np.ndarray | None) -> np.ndarray:
        """Return the mean of some planes, moved to the instant: float32 [height, width].

        Args:
            first: planes before the newest at which to begin, 0 = the newest itself.
            planes: how many, 1 to MOST_COUNTED.
            velocity: as `velocity` returns it; None = nothing moves.
        """
        counted = self._history.count(first, first + planes)
        later = self._history.lookahead - (first + (planes - 1) / 2)
        if velocity is None or not later:
            return counted * np.float32(1 / planes)
        moved = self._moved(cv2.multiply(counted, SPIKE), velocity, later)
        return moved * np.float32(1 / (SPIKE * planes))

    def _moved(self, image: np.ndarray, velocity: np.ndarray, planes: float) -> np.ndarray:
        """Return at each place what lies where its scene is so many planes later."""
        there = cv2.scaleAdd(velocity, planes, self._places)
        return cv2.remap(image, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _comparable(earlier: np.ndarray, later: np.ndarray) -> list[np.ndarray]:
    """Return two sums of planes as bytes in which the same light has the same value.

    Noise is as strong in the dark of their square root as in the bright.
    """
    smooth = [
        cv2.GaussianBlur(one.astype(np.float32), (0, 0), SMOOTHED_PX) for one in (earlier, later)
    ]
    mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(smooth[0]))
    white = max(mean + BRIGHT * deviation, 1.0)
    return [
        cv2.convertScaleAbs(cv2.sqrt(cv2.min(one, white)), alpha=255 / np.sqrt(white))
        for one in smooth
    ]
