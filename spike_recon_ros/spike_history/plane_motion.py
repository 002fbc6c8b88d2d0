# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Optical flow of spike planes, and warping of images along it.

The flow is computed between the means of the earlier and the later half of the planes by dense
inverse search (Kroeger et al., "Fast Optical Flow Using Dense Inverse Search", ECCV 2016). The
velocity is assumed to be constant for the few milliseconds in between.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory

REACH = 31
"""Planes on either side of the instant that are used for the flow, if available."""
LEAST_PLANES = 16
"""With fewer planes no flow is computed, because noise would dominate."""
SMOOTHED_PX = 1.0
"""Standard deviation of the blur of the two means: single spikes are not texture."""
FLOW_SMOOTHED_PX = 2.0
"""Standard deviation of the blur of the flow."""
SMALLEST_SIDE = 16
"""Smallest width and height of a sensor for which flow is computed."""
PATCH_STRIDE_PX, DESCENTS, REFINEMENTS = 4, 12, 2
"""Parameters of dense inverse search. OpenCV's medium preset (3, 25, 5) takes 1.5 times as long
and gives the same quality on simulated planes."""
BRIGHT = 3.0
"""White level of the compared images, in standard deviations above the mean."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Run OpenCV in one thread: its flow depends on the number of threads."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class PlaneMotion:
    """Computes the velocity of the scene and warps images along it.

    Args:
        history: spikes of the pixels; read at each call.
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
        """Return the velocity at the instant.

        Returns: float32 [height, width, 2], pixels per plane to the right and down; None if the
            sensor is too small or there are too few planes.
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
        # The flow is given at the positions of the scene in the middle of the earlier half.
        since = oldest - (half + 1) / 2 - history.lookahead
        return self._sampled(velocity, velocity, -since, cv2.INTER_LINEAR)

    def move(self, image: np.ndarray, velocity: np.ndarray, planes: float) -> None:
        """Warp an image of the scene at another time to the instant, in place.

        Args:
            image: float32 [height, width].
            velocity: return value of `velocity`.
            planes: time of the image in planes after the instant; may be negative.
        """
        image[:] = self._sampled(image, velocity, planes, cv2.INTER_CUBIC)

    def _sampled(
        self, image: np.ndarray, velocity: np.ndarray, planes: float, interpolation: int
    ) -> np.ndarray:
        there = cv2.scaleAdd(velocity, planes, self._places)
        return cv2.remap(image, there, None, interpolation, borderMode=cv2.BORDER_REPLICATE)


def _comparable(earlier: np.ndarray, later: np.ndarray) -> list[np.ndarray]:
    """Return two sums of planes as 8-bit images on a common scale.

    The square root makes the variance of the noise independent of the brightness.
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
