# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Paths of the scene points around an instant, estimated from rates of spike planes.

The planes are divided into five windows: one around the instant, two before it and two after it.
Dense inverse search (Kroeger et al., "Fast Optical Flow Using Dense Inverse Search", ECCV 2016)
gives the displacement from the instant to each of the others; the search for an outer window
starts from the motion to the inner one. Then all planes are warped along the paths, which removes
the motion blur of the windows, and what is left of the displacement is solved for (Lucas and
Kanade, "An Iterative Image Registration Technique", IJCAI 1981), damped where there is no texture.

Five points can describe corners, reversals, rotation and acceleration, but follow noise where the
motion is uniform. So each region is compared with the straight line of constant velocity, and
keeps its own path only as far as that fits the planes better.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import cv2
import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.scene_path import ScenePath, warped_means

WINDOW_ENDS = 30, 16, 4, -4, -16, -30
"""Borders of the windows in planes after the instant."""
LEAST_PLANES = 16
"""With fewer planes no motion is estimated, because noise would dominate."""
LEAST_WINDOW = 4
"""Windows with fewer planes are not used."""
SMALLEST_SIDE = 32
"""Smallest width and height of a sensor for which motion is estimated."""
SMOOTHED_PX = 0.7
"""Standard deviation of the blur of the windows, in pixels of half resolution."""
FLOW_SMOOTHED_PX = 1.0
"""Standard deviation of the blur of the flow, in the same pixels."""
VELOCITY_SMOOTHED_PX = 2.0
"""The same for the constant velocity."""
PATCH_STRIDE_PX, DESCENTS, FINEST_SCALE = 5, 4, 0
"""Parameters of dense inverse search, without variational refinement: the refinement below is
faster."""
BRIGHT = 3.0
"""White level of the compared images, in standard deviations above the mean."""
REGIONS_PX = 9, 5
"""Width of the region that shares a displacement, of each refinement, in the same pixels."""
MOST_PX = 2.0
"""Largest step of one refinement along each axis, in the same pixels."""
DAMPING = 1e-3
"""Added to the mean squared gradient of the refinement, in spikes per plane per squared pixel."""
COMPARED_PX = 15
"""Width of the region in which a path and a line are compared."""
LEAST_GAIN = 0.1
"""Relative decrease of the squared error from which on a path is preferred to a line; from twice
this on it is used alone."""
NOISE_FLOOR = 1e-4
"""Squared error below which a decrease is meaningless, in spikes per plane."""


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
    """Estimates the paths of the scene points. Its work is done at half resolution.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        spans: maximum number of spans.
    """

    def __init__(self, width: int, height: int, spans: int) -> None:
        self._size = width, height
        self._half = (width + 1) // 2, (height + 1) // 2
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setPatchStride(PATCH_STRIDE_PX)
        self._flow.setGradientDescentIterations(DESCENTS)
        self._flow.setVariationalRefinementIterations(0)
        self._flow.setFinestScale(FINEST_SCALE)
        columns, rows = self._half
        axes = np.meshgrid(np.arange(columns), np.arange(rows))
        self._places = np.stack(axes, -1).astype(np.float32)
        # Kept, because touching new memory takes longer than the work on it.
        self._images = np.empty((spans, rows, columns), np.float32)
        self._shift = np.empty((len(WINDOW_ENDS) - 1, 2, height, width), np.float32)

    def path(self, rates: np.ndarray, cuts: np.ndarray) -> ScenePath | None:
        """Return the path at the instant; call it within `one_thread`.

        Args:
            rates: float32 [spans, height, width], mean rates over consecutive spans of planes, the
                newest first, in spikes per plane.
            cuts: int64 [spans + 1], borders of the spans in planes after the instant.

        Returns: valid until the next call; None if the sensor is too small or there are too few
            planes.
        """
        if min(self._size) < SMALLEST_SIDE or cuts[0] - cuts[-1] < LEAST_PLANES:
            return None
        images = self._images[: len(rates)]
        for rate, image in zip(rates, images, strict=True):
            cv2.resize(rate, self._half, image, interpolation=cv2.INTER_AREA)
        windows = _Windows(images, cuts)
        if len(windows.nodes) < 2 or windows.reference < 0:
            return None
        means = windows.unwarped()
        shift = self._first_shift(windows, means)
        for region_px in REGIONS_PX:
            _refine(shift, windows, region_px)
        line = self._line(shift, windows.nodes - windows.nodes[windows.reference])
        shift = line + self._trust(means, windows.reference, shift, line) * (shift - line)
        return self._at_instant(windows.nodes, shift)

    def _first_shift(self, windows: '_Windows', means: np.ndarray) -> np.ndarray:
        """Return the displacements from the reference to each window, [windows, 2, h, w]."""
        compared = _comparable(means, windows.reference)
        reference, nodes = windows.reference, windows.nodes - windows.nodes[windows.reference]
        shift = np.zeros((len(nodes), 2, *means.shape[1:]), np.float32)
        for order in (range(reference + 1, len(nodes)), range(reference - 1, -1, -1)):
            # Without a start, OpenCV would use that of the previous call.
            start = np.zeros((*means.shape[1:], 2), np.float32)
            for window in order:
                flow = self._flow.calc(compared[reference], compared[window], start)
                flow = cv2.GaussianBlur(flow, (0, 0), FLOW_SMOOTHED_PX)
                shift[window] = flow.transpose(2, 0, 1)
                following = window + (1 if window > reference else -1)
                if 0 <= following < len(nodes):
                    start = flow * (nodes[following] / nodes[window])
        return shift

    def _line(self, shift: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        """Return the displacements of the constant velocity that fits best.

        Args:
            shift: float32 [windows, 2, h, w].
            elapsed: float32 [windows], planes since the reference.
        """
        velocity = np.einsum('n,nchw->chw', elapsed / (elapsed @ elapsed), shift)
        smooth = [cv2.GaussianBlur(axis, (0, 0), VELOCITY_SMOOTHED_PX) for axis in velocity]
        return elapsed[:, None, None, None] * np.stack(smooth)

    def _trust(
        self, means: np.ndarray, reference: int, path: np.ndarray, line: np.ndarray
    ) -> np.ndarray:
        """Return how far to use a path instead of a line, float32 [h, w], 0 to 1."""
        smooth = [cv2.GaussianBlur(mean, (0, 0), SMOOTHED_PX) for mean in means]
        errors = []
        for shift in (path, line):
            error = np.zeros(means.shape[1:], np.float32)
            for window, image in enumerate(smooth):
                if window != reference:
                    difference = self._moved(image, shift[window]) - smooth[reference]
                    cv2.accumulateSquare(difference, error)
            errors.append(cv2.blur(error, (COMPARED_PX, COMPARED_PX)) / (len(means) - 1))
        gain = (errors[1] - errors[0]) / (errors[1] + NOISE_FLOOR)
        return np.clip(gain / LEAST_GAIN - 1, 0, 1)

    def _at_instant(self, nodes: np.ndarray, shift: np.ndarray) -> ScenePath:
        """Return the path at full resolution, from the positions at the instant."""
        path = ScenePath(nodes, shift)
        since = path.at(0)
        if since.any():  # the reference is not in the middle where planes are missing
            moved = [[self._moved(axis, -since) for axis in axes] for axes in (*shift, since)]
            shift = np.array(moved[:-1]) - np.array(moved[-1])
        full = self._shift[: len(shift)]
        for side in range(2):
            scale = self._size[side] / self._half[side]
            for node, axes in enumerate(shift):
                cv2.resize(axes[side] * np.float32(scale), self._size, full[node, side])
        return ScenePath(nodes, full)

    def _moved(self, image: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """Return an image at displaced positions."""
        there = self._places + shift.transpose(1, 2, 0)
        return cv2.remap(image, there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class _Windows:
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

    def unwarped(self) -> np.ndarray:
        """Return the means as they are, float32 [windows, h, w]."""
        out = np.empty((len(self.nodes), *self._images.shape[1:]), np.float32)
        for (first, end), mean in zip(self._bounds, out, strict=True):
            share = self._lengths[first:end] / self._lengths[first:end].sum()
            np.einsum('s,shw->hw', share.astype(np.float32), self._images[first:end], out=mean)
        return out

    def warped(self, shift: np.ndarray) -> np.ndarray:
        """Return the means of the images warped to the reference, float32 [windows, h, w]."""
        out = np.empty((len(self.nodes), *self._images.shape[1:]), np.float32)
        path = ScenePath(self.nodes, shift)
        weights = np.zeros((len(self.nodes), len(self._images)))
        for row, (first, end) in zip(weights, self._bounds, strict=True):
            row[first:end] = self._lengths[first:end]
        warped_means(self._images, self._times, weights, path, out)
        return out


def _comparable(means: np.ndarray, reference: int) -> list[np.ndarray]:
    """Return means of planes as 8-bit images on a common scale.

    The square root makes the variance of the noise independent of the brightness.
    """
    smooth = [cv2.GaussianBlur(mean, (0, 0), SMOOTHED_PX) for mean in means]
    mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(smooth[reference]))
    white = max(mean + BRIGHT * deviation, 1e-3)
    return [
        cv2.convertScaleAbs(cv2.sqrt(cv2.min(one, white)), alpha=255 / np.sqrt(white))
        for one in smooth
    ]


def _refine(shift: np.ndarray, windows: _Windows, region_px: int) -> None:
    """Add what is left of the displacements, in place; float32 [windows, 2, h, w]."""
    # Sharpening may give values below 0.
    roots = [
        cv2.GaussianBlur(cv2.sqrt(cv2.max(mean, 0)), (0, 0), SMOOTHED_PX)
        for mean in windows.warped(shift)
    ]
    reference = roots[windows.reference]
    for window, image in enumerate(roots):
        if window == windows.reference:
            continue
        products = np.empty((*image.shape, 5), np.float32)
        _products(image, reference, products)
        cv2.blur(products, (region_px, region_px), products)
        _add_solution(products, np.float32(DAMPING), np.float32(MOST_PX), shift[window])


@njit(nogil=True, cache=True, error_model='numpy')
def _products(image, reference, out):
    """Write the products of the gradient (gx, gy) and the error: xx, xy, yy, xe, ye."""
    height, width = image.shape
    half = np.float32(0.5)
    for y in range(height):
        above, below = image[max(y - 1, 0)], image[min(y + 1, height - 1)]
        for x in range(width):
            gx = half * (image[y, min(x + 1, width - 1)] - image[y, max(x - 1, 0)])
            gy = half * (below[x] - above[x])
            error = reference[y, x] - image[y, x]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = gx * gx, gx * gy, gy * gy
            out[y, x, 3], out[y, x, 4] = gx * error, gy * error


@njit(nogil=True, cache=True, error_model='numpy')
def _add_solution(means, damping, most, shift):
    """Add the damped least squares solution to a displacement, at most `most` per axis."""
    height, width, _ = means.shape
    for y in range(height):
        for x in range(width):
            xx, xy, yy = means[y, x, 0] + damping, means[y, x, 1], means[y, x, 2] + damping
            xe, ye = means[y, x, 3], means[y, x, 4]
            scale = np.float32(1) / (xx * yy - xy * xy)
            shift[0, y, x] += min(max((yy * xe - xy * ye) * scale, -most), most)
            shift[1, y, x] += min(max((xx * ye - xy * xe) * scale, -most), most)
