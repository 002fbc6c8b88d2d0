# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Intrinsics and lens distortion from views of a board.

The method is that of Z. Zhang, "A flexible new technique for camera calibration", TPAMI 2000, as
OpenCV implements it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, counted

FEWEST_VIEWS = 10
"""Fewer views give a result that depends on the choice of views."""
OUTLIER = 3.0
"""A view is left out if its error exceeds the median by this factor."""
LARGEST_ERROR_PX, DOUBTFUL_ERROR_PX = 2.0, 1.0
"""Reprojection errors above which the corners are not those of the board, and may not be."""
FEWEST_TILTS, LEAST_TILT = 3, np.radians(3.0)
"""The board must have so many inclinations, which differ by this angle, to determine a camera.
Zhang's method needs two; views of one inclination fit almost any focal length."""
LARGEST_FOCAL_DEVIATION = 0.01
"""Relative standard deviation of the focal length above which the views are too much alike."""

_FIXED = cv2.CALIB_FIX_K1 | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3
DISTORTIONS = {
    'plumb_bob': (cv2.CALIB_FIX_K3, 5),
    'rational_polynomial': (cv2.CALIB_RATIONAL_MODEL, 8),
    'none': (_FIXED | cv2.CALIB_ZERO_TANGENT_DIST, 5),
}
"""Distortion model -> flags of OpenCV, and number of coefficients. `plumb_bob` keeps k3 at zero:
it is seldom determined by corners that do not reach the edges of the image."""


@dataclass(slots=True, eq=False)
class View:
    """The board in one image.

    Attributes:
        points: float32 [n, 3], corners on the board, m.
        pixels: float32 [n, 2], corners in the image, pixels; (0, 0) is the centre of the first.
        t_ns: sensor time of the image.
        rotation: float64 [3], rotation vector from the board to the camera; set by `calibrate`.
        translation: float64 [3], origin of the board in the camera's frame, m; likewise.
        rms_px: root mean square reprojection error, pixels; likewise.
    """

    points: np.ndarray
    pixels: np.ndarray
    t_ns: int
    rotation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    translation: np.ndarray = field(default_factory=lambda: np.zeros(3))
    rms_px: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The result.

    Attributes:
        width: image columns, pixels.
        height: image rows, pixels.
        matrix: float64 [3, 3], the intrinsic matrix K, pixels.
        distortion: float64 [n], coefficients of the model, as ROS orders them.
        model: ROS's name of the distortion model.
        rms_px: root mean square reprojection error over all corners, pixels.
        deviations: float64 [4], standard deviations of fx, fy, cx and cy, pixels.
        views: the views that were used, with their poses and errors.
        left_out: views with a large error, not used.
    """

    width: int
    height: int
    matrix: np.ndarray
    distortion: np.ndarray
    model: str
    rms_px: float
    deviations: np.ndarray
    views: list[View]
    left_out: list[View]

    @property
    def warning(self) -> str:
        """Sentences if the result is doubtful; else ''."""
        return '; moreover, '.join(
            filter(None, (self._warning_of_error, self._warning_of_focal_length))
        )

    @property
    def _warning_of_error(self) -> str:
        if self.rms_px <= DOUBTFUL_ERROR_PX:
            return ''
        return (
            f'the reprojection error of {self.rms_px:.2f} px is large (good ones are below 0.5): '
            'check the options of the board and that the board is flat; move it more slowly'
        )

    @property
    def _warning_of_focal_length(self) -> str:
        shares = self.deviations[:2] / np.diag(self.matrix)[:2]
        if shares.max() <= LARGEST_FOCAL_DEVIATION:
            return ''
        return (
            f'the focal length is known to {100 * shares.max():.1f} % only, because the views are '
            'too much alike; tilt the board by 20 to 40 degrees in all directions and move it to '
            'all corners of the image'
        )


def choose_views(views: Sequence[View], most: int, size: tuple[int, int]) -> list[View]:
    """Choose views that differ most in position, size and inclination of the board.

    The next view is always the one that is farthest from all chosen ones, so the result does not
    depend on how often the board was held in one way.

    Args:
        views: to choose from, in the order of time.
        most: number of views to choose.
        size: image columns and rows, pixels.

    Returns: the chosen views, in the order of time.
    """
    if len(views) <= most:
        return list(views)
    places = np.array([_appearance(view, size) for view in views])
    chosen = [int(np.argmax([len(view.points) for view in views]))]
    nearest = np.full(len(views), np.inf)
    while len(chosen) < most:
        nearest = np.minimum(nearest, np.linalg.norm(places - places[chosen[-1]], axis=1))
        chosen.append(int(nearest.argmax()))
    return [views[index] for index in sorted(chosen)]


def calibrate(
    views: Sequence[View], size: tuple[int, int], model: str = 'plumb_bob'
) -> Calibration:
    """Estimate intrinsics and distortion; views with a large error are left out once.

    Args:
        views: of one camera and one board; their poses and errors are set.
        size: image columns and rows, pixels.
        model: one of DISTORTIONS.

    Raises:
        UserError: there are too few views, or they have no solution.
    """
    if len(views) < FEWEST_VIEWS:
        raise UserError(
            f'the board was found in {counted(len(views), "images")} and {FEWEST_VIEWS} are '
            'needed; move it more slowly and closer to the camera, and record longer'
        )
    first = _solve(list(views), size, model)
    median = float(np.median([view.rms_px for view in first.views]))
    limit = OUTLIER * max(median, 0.05)
    good = [view for view in first.views if view.rms_px <= limit]
    if len(good) == len(first.views) or len(good) < FEWEST_VIEWS:
        return _checked(first)
    left_out = [view for view in first.views if view.rms_px > limit]
    return _checked(replace(_solve(good, size, model), left_out=left_out))


def _checked(calibration: Calibration) -> Calibration:
    """Raise UserError if the views contradict each other or are all alike."""
    if calibration.rms_px > LARGEST_ERROR_PX:
        raise UserError(
            f'the corners do not fit one board: the reprojection error is '
            f'{calibration.rms_px:.1f} px; check --board-size and the other options of the board, '
            'and that the board is flat and fully visible'
        )
    normals = [cv2.Rodrigues(view.rotation)[0][:, 2] for view in calibration.views]
    different: list[np.ndarray] = []
    for normal in normals:
        if all(normal @ other < np.cos(LEAST_TILT) for other in different):
            different.append(normal)
    if len(different) < FEWEST_TILTS:
        raise UserError(
            f'the {len(normals)} views have {len(different)} of the {FEWEST_TILTS} different '
            f'inclinations of the board that are needed; record the board tilted by 20 '
            'to 40 degrees in all directions, near and far, and in all corners of the image'
        )
    return calibration


def _solve(views: list[View], size: tuple[int, int], model: str) -> Calibration:
    flags, count = DISTORTIONS[model]
    try:
        rms, matrix, distortion, rotations, translations, deviations, _, errors = (
            cv2.calibrateCameraExtended(
                [view.points for view in views],
                [view.pixels for view in views],
                size,
                np.eye(3),
                np.zeros(14),
                flags=flags,
            )
        )
    except cv2.error as error:
        reason = ' '.join(str(error).split())[-150:]
        raise UserError(
            f'the views have no solution ({reason}); record the board in more positions'
        ) from None
    plausible = size[0] / 10 < matrix[0, 0] < 50 * size[0] and np.isfinite(rms)
    if not plausible:
        raise UserError(
            'the views do not determine the camera; record the board tilted by 20 to 40 degrees '
            'in all directions, near and far, and in all corners of the image'
        )
    for view, rotation, translation, rms_px in zip(
        views, rotations, translations, errors.ravel(), strict=True
    ):
        view.rotation, view.translation = rotation.ravel(), translation.ravel()
        view.rms_px = float(rms_px)
    return Calibration(
        width=size[0],
        height=size[1],
        matrix=matrix,
        distortion=distortion.ravel()[:count],
        model='plumb_bob' if model == 'none' else model,
        rms_px=float(rms),
        deviations=deviations.ravel()[:4],
        views=views,
        left_out=[],
    )


def _appearance(view: View, size: tuple[int, int]) -> np.ndarray:
    """Return position, size and shape of the board in the image, each roughly 0 to 1.

    The shape is that of the homography from the board: its linear part, which shows the
    inclination and roll, and its perspective part.
    """
    board = view.points[:, :2] - view.points[:, :2].mean(axis=0)
    board /= np.ptp(board, axis=0).max()
    pixels = view.pixels / size[0]
    homography, _ = cv2.findHomography(board, pixels)
    if homography is None:
        return np.zeros(8)
    homography = homography / homography[2, 2]
    linear = homography[:2, :2].ravel()
    return np.concatenate([pixels.mean(axis=0), linear, homography[2, :2]])
