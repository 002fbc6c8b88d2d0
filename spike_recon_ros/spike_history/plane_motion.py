# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the scene moves across spike planes, and images as they would be if it stood still.

Comes in: a SpikeHistory. Goes out: velocities around its instant, and images that are carried
along with the scene to where it is at the instant. Knows nothing about what is made of them.

Dense inverse search (Kroeger et al., "Fast Optical Flow Using Dense
Inverse Search", ECCV 2016) finds how far, from the means of the earlier and of the later half; all
that is assumed is a velocity that does not change for the few milliseconds in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory

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
PATCH_STRIDE_PX, DESCENTS, REFINEMENTS = 4, 12, 2
"""Of dense inverse search, less than OpenCV's medium preset has (3, 25, 5): two thirds of its
time, and what is moved by it is as good on simulated planes."""
BRIGHT = 3.0
"""Standard deviations above the mean that are white in what is compared."""


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
    """Finds velocities and carries images along.

    Args:
        history: of the pixels; is read whenever something is asked for.
    """

    def __init__(self, history: SpikeHistory) -> None:
        self._history = history
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setPatchStride(PATCH_STRIDE_PX)
        self._flow.setGradientDescentIterations(DESCENTS)
        self._flow.setVariationalRefinementIterations(REFINEMENTS)
        rows, columns = np.mgrid[: history.height, : history.width].astype(np.float32)
        self._places = np.stack([columns, rows], -1)

    def velocity(self) -> np.ndarray | None:
        """Return pixels a plane to the right and down: float32 [height, width, 2].

        Returns: None where it cannot be told: of a tiny sensor, or of too few planes.
        """
        history = self._history
        newest = max(0, history.lookahead - REACH)
        oldest = min(history.lookahead + REACH + 1, history.end, PLANES_KEPT)
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
        return self._sampled(velocity, velocity, -since, cv2.INTER_LINEAR)

    def move(self, image: np.ndarray, velocity: np.ndarray, planes: float) -> None:
        """Put at each place of an image what lies where its scene is so many planes later.

        Args:
            image: float32 [height, width].
            velocity: as `velocity` returns it.
            planes: later than the instant.
        """
        image[:] = self._sampled(image, velocity, planes, cv2.INTER_CUBIC)

    def _sampled(
        self, image: np.ndarray, velocity: np.ndarray, planes: float, interpolation: int
    ) -> np.ndarray:
        there = cv2.scaleAdd(velocity, planes, self._places)
        return cv2.remap(image, there, None, interpolation, borderMode=cv2.BORDER_REPLICATE)


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
