# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The windows of planes between which motion is estimated, as images."""

from itertools import pairwise

import cv2
import numpy as np

from spike_recon_ros.spike_history.scene_path import ScenePath, warped_means

WINDOW_ENDS = 30, 16, 4, -4, -16, -30
"""Borders of the windows in planes after the instant."""
LEAST_WINDOW = 4
"""Windows with fewer planes are not used."""
BRIGHT = 3.0
"""White level of the compared images, in standard deviations above the mean."""


class PlaneWindows:
    """Means of the windows, the oldest first.

    Args:
        images: float32 [spans, h, w], rates of the spans, the newest first.
        cuts: int64 [spans + 1], see PlaneMotion.path.

    Attributes:
        nodes: float32 [windows], centres in planes after the instant.
        reference: index of the window around the instant; -1 if it is not there.
    """

    def __init__(self, images: np.ndarray, cuts: np.ndarray) -> None:
        self._images = images
        self._times, self._lengths = (cuts[:-1] + cuts[1:]) / 2, -np.diff(cuts)
        borders = np.searchsorted(-cuts, [-planes for planes in WINDOW_ENDS])
        borders = np.clip(borders, 0, len(images))
        pairs = [
            (first, end)
            for first, end in pairwise(borders)
            if self._lengths[first:end].sum() >= LEAST_WINDOW
        ]
        self._bounds = np.array(pairs[::-1], np.int64).reshape(-1, 2)
        centres = [(cuts[first] + cuts[end]) / 2 for first, end in self._bounds]
        self.nodes = np.array(centres, np.float32)
        near = [index for index, node in enumerate(centres) if abs(node) < WINDOW_ENDS[2]]
        self.reference = near[0] if near else -1

    def unwarped(self, out: np.ndarray) -> None:
        """Write the means as they are, float32 [windows, h, w]."""
        for (first, end), mean in zip(self._bounds, out, strict=True):
            share = self._lengths[first:end] / self._lengths[first:end].sum()
            np.einsum('s,shw->hw', share.astype(np.float32), self._images[first:end], out=mean)

    def warped(self, shift: np.ndarray, out: np.ndarray) -> None:
        """Write the means of the images warped to the reference, float32 [windows, h, w]."""
        path = ScenePath(self.nodes, shift)
        weights = np.zeros((len(self.nodes), len(self._images)))
        for row, (first, end) in zip(weights, self._bounds, strict=True):
            row[first:end] = self._lengths[first:end]
        warped_means(self._images, self._times, weights, path, out)


def comparable(smooth: list[np.ndarray], reference: int) -> list[np.ndarray]:
    """Return means of planes as 8-bit images on a common scale.

    The square root makes the variance of the noise independent of the brightness.
    """
    mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(smooth[reference]))
    white = max(mean + BRIGHT * deviation, 1e-3)
    return [
        cv2.convertScaleAbs(cv2.sqrt(cv2.min(one, white)), alpha=255 / np.sqrt(white))
        for one in smooth
    ]
