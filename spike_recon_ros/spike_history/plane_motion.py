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
from dataclasses import dataclass

import cv2
import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.plane_windows import WINDOW_ENDS, PlaneWindows, comparable
from spike_recon_ros.spike_history.scene_path import ScenePath

LEAST_PLANES = 16
"""With fewer planes no motion is estimated, because noise would dominate."""
SMALLEST_SIDE = 32
"""Smallest width and height of a sensor for which motion is estimated."""
SMOOTHED_PX = 0.7
"""Standard deviation of the blur of the windows, in pixels of half resolution."""
FLOW_SMOOTHED_PX = 1.0
"""Standard deviation of the blur of the flow, in the same pixels."""
VELOCITY_SMOOTHED_PX = 2.0
"""The same for the constant velocity."""
DESCENTS = 4
"""Steps of dense inverse search. There is no variational refinement: the one below is faster."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Parameters of dense inverse search.

    Attributes:
        patch_stride_px: distance of the patches, pixels of half resolution.
        finest_scales: of the two windows next to the instant, and of the two farther away; 0 is
            half resolution, 1 a quarter.
        normalised: whether the mean of a patch is removed.
    """

    patch_stride_px: int
    finest_scales: tuple[int, int]
    normalised: bool


FINE = Search(patch_stride_px=5, finest_scales=(0, 0), normalised=True)
FAST = Search(patch_stride_px=6, finest_scales=(0, 1), normalised=False)
"""Takes half the time of FINE."""


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
        search: parameters of the search.
    """

    def __init__(self, width: int, height: int, spans: int, search: Search = FINE) -> None:
        self._finest_scales = search.finest_scales
        self._size = width, height
        self._half = (width + 1) // 2, (height + 1) // 2
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._flow.setPatchStride(search.patch_stride_px)
        self._flow.setGradientDescentIterations(DESCENTS)
        self._flow.setVariationalRefinementIterations(0)
        self._flow.setUseMeanNormalization(search.normalised)
        columns, rows = self._half
        axes = np.meshgrid(np.arange(columns), np.arange(rows))
        self._columns, self._rows = (axis.astype(np.float32) for axis in axes)
        # Kept, because touching new memory takes longer than the work on it.
        most = len(WINDOW_ENDS) - 1
        self._images = np.empty((spans, rows, columns), np.float32)
        self._means = np.empty((most, rows, columns), np.float32)
        self._found = np.empty((most, 2, rows, columns), np.float32)
        self._products = np.empty((rows, columns, 5), np.float32)
        self._shift = np.empty((most, 2, height, width), np.float32)

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
        windows = PlaneWindows(images, cuts)
        count, reference = len(windows.nodes), windows.reference
        if count < 2 or reference < 0:
            return None
        means, shift = self._means[:count], self._found[:count]
        windows.unwarped(means)
        smooth = [cv2.GaussianBlur(mean, (0, 0), SMOOTHED_PX) for mean in means]
        self._write_first_shift(smooth, reference, windows.nodes, shift)
        for region_px in REGIONS_PX:
            windows.warped(shift, means)
            self._refine(shift, means, reference, region_px)
        elapsed = windows.nodes - windows.nodes[reference]
        velocity = _velocity(shift, elapsed)
        trust = self._trust(smooth, reference, shift, velocity, elapsed)
        _mix(shift, velocity, elapsed, trust)
        return self._at_instant(windows.nodes, shift)

    def _write_first_shift(
        self, smooth: list[np.ndarray], reference: int, nodes: np.ndarray, shift: np.ndarray
    ) -> None:
        """Write the displacements from the reference to each window, [windows, 2, h, w]."""
        compared = comparable(smooth, reference)
        shift[reference] = 0
        elapsed = nodes - nodes[reference]
        for order in (range(reference + 1, len(nodes)), range(reference - 1, -1, -1)):
            # Without a start, OpenCV would use that of the previous call.
            start = np.zeros((*shift.shape[2:], 2), np.float32)
            for window in order:
                self._flow.setFinestScale(self._finest_scales[abs(window - reference) > 1])
                flow = self._flow.calc(compared[reference], compared[window], start)
                flow = cv2.GaussianBlur(flow, (0, 0), FLOW_SMOOTHED_PX)
                shift[window] = flow.transpose(2, 0, 1)
                following = window + (1 if window > reference else -1)
                if 0 <= following < len(nodes):
                    start = flow * (elapsed[following] / elapsed[window])

    def _refine(
        self, shift: np.ndarray, means: np.ndarray, reference: int, region_px: int
    ) -> None:
        """Add what is left of the displacements, in place; float32 [windows, 2, h, w]."""
        # Sharpening may give values below 0.
        roots = [
            cv2.GaussianBlur(cv2.sqrt(cv2.max(mean, 0)), (0, 0), SMOOTHED_PX) for mean in means
        ]
        for window, image in enumerate(roots):
            if window == reference:
                continue
            products = self._products
            _write_products(image, roots[reference], products)
            cv2.blur(products, (region_px, region_px), products)
            _add_solution(products, np.float32(DAMPING), np.float32(MOST_PX), shift[window])

    def _trust(
        self,
        smooth: list[np.ndarray],
        reference: int,
        shift: np.ndarray,
        velocity: np.ndarray,
        elapsed: np.ndarray,
    ) -> np.ndarray:
        """Return how far to use the path instead of a line, float32 [h, w], 0 to 1."""
        errors = np.zeros((2, *self._half[::-1]), np.float32)
        for window, image in enumerate(smooth):
            if window != reference:
                for error, moved in zip(
                    errors, (shift[window], elapsed[window] * velocity), strict=True
                ):
                    difference = self._moved(image, moved) - smooth[reference]
                    cv2.accumulateSquare(difference, error)
        path, line = (
            cv2.blur(error, (COMPARED_PX, COMPARED_PX)) / (len(smooth) - 1) for error in errors
        )
        return np.clip((line - path) / (line + NOISE_FLOOR) / LEAST_GAIN - 1, 0, 1)

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
        x, y = self._columns + shift[0], self._rows + shift[1]
        return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _velocity(shift: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
    """Return the constant velocity that fits displacements best, float32 [2, h, w].

    Args:
        shift: float32 [windows, 2, h, w].
        elapsed: float32 [windows], planes since the reference.
    """
    velocity = np.einsum('n,nchw->chw', elapsed / (elapsed @ elapsed), shift)
    return np.stack([cv2.GaussianBlur(axis, (0, 0), VELOCITY_SMOOTHED_PX) for axis in velocity])


@njit(nogil=True, cache=True)
def _mix(shift, velocity, elapsed, trust):
    """Replace displacements by those of the constant velocity, as far as they are not trusted."""
    windows, axes, height, width = shift.shape
    for window in range(windows):
        for axis in range(axes):
            for y in range(height):
                row, speed, share = shift[window, axis, y], velocity[axis, y], trust[y]
                for x in range(width):
                    line = elapsed[window] * speed[x]
                    row[x] = line + share[x] * (row[x] - line)


@njit(nogil=True, cache=True, error_model='numpy')
def _write_products(image, reference, out):
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
