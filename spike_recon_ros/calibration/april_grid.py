# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Boards of AprilTags, as Kalibr prints them."""

from collections import Counter
from itertools import product
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.calibration.target import (
    FEWEST_CORNERS,
    MIRRORED,
    Corners,
    check_board,
    ids_of,
    whole_pixels,
)
from spike_recon_ros.errors import UserError

MISPLACED = 0.1
"""Share of its side by which a tag may lie beside its place in a flat grid: distortion."""
_SUBPIXEL = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.01)


class AprilGrid:
    """A grid of AprilTags 36h11 with black squares between their corners, as Kalibr prints it.

    The ids grow from the bottom left to the right and upwards. Borders of one and two modules are
    both accepted.

    Args:
        columns: tags in a row.
        rows: tags in a column.
        tag: side of a tag's black square, m.
        spacing: space between tags as a share of `tag`.
        squares: whether there are black squares between the corners of the tags.
    """

    def __init__(
        self, columns: int, rows: int, tag: float, spacing: float = 0.3, squares: bool = True
    ) -> None:
        check_board(columns, rows, 1, square=tag)
        if not 0.05 <= spacing <= 2.0:
            raise UserError(f'the spacing of the tags is {spacing:g}; it must lie in 0.05 to 2')
        self._size, self._tag, self._gap = (columns, rows), tag, spacing * tag
        self._markers = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
        if columns * rows > len(self._markers.bytesList):
            raise UserError(f'a grid of {columns}x{rows} tags has more tags than the family 36h11')
        # Comparing each candidate with all ids of the family would take most of the time.
        own = cv2.aruco.Dictionary(
            self._markers.bytesList[: columns * rows],
            self._markers.markerSize,
            self._markers.maxCorrectionBits,
        )
        self._detectors = [_tag_detector(own, border) for border in (2, 1)]
        self._squares = squares
        pitch = tag + self._gap
        self.extent = columns * pitch + self._gap, rows * pitch + self._gap
        self.origin = self._gap, self._gap
        self._points = {
            (rows - 1 - row) * columns + column: np.array(
                [
                    (column * pitch + x, row * pitch + y, 0.0)
                    for x, y in ((0, 0), (tag, 0), (tag, tag), (0, tag))
                ],
                np.float32,
            )
            for row, column in product(range(rows), range(columns))
        }

    def find(self, image: np.ndarray) -> Corners | None:
        """See Target."""
        found = max((self._tags(image, one) for one in self._detectors), key=len)
        if 4 * len(found) < FEWEST_CORNERS:
            return None
        pixels = np.stack([*found.values()])
        points = np.concatenate([self._points[number] for number in found])
        # Libraries disagree on the first corner of a tag: use what makes the board flat.
        turned = [np.roll(pixels, turn, axis=1).reshape(-1, 2) for turn in range(4)]
        flat = [_on_a_plane(points, one) for one in turned]
        distances = [np.hypot(*(one - other).T) for one, other in zip(turned, flat, strict=True)]
        best = int(np.argmin([np.median(one) for one in distances]))
        side_px = float(np.median(np.linalg.norm(pixels[:, 0] - pixels[:, 1], axis=1)))
        allowed_px = 1 + MISPLACED * side_px
        # Tags of a grid of another size have these ids in other places.
        if np.median(distances[best]) > allowed_px:
            return None
        # Where a black square touches a tag, the detector may take it for a part of the tag.
        near = distances[best][:, None] < allowed_px
        start = np.where(near, turned[best], flat[best]).astype(np.float32)
        half = max(2, round(MISPLACED * side_px))
        last = np.array(image.shape[::-1]) - 1
        inside = ((start >= half) & (start <= last - half)).all(axis=1)
        if np.count_nonzero(inside) < FEWEST_CORNERS:
            return None
        start = np.ascontiguousarray(start[inside])
        cv2.cornerSubPix(image, start, (half, half), (-1, -1), _SUBPIXEL)
        return points[inside], start

    def draw(self, scale: float) -> np.ndarray:
        """See Target."""
        side, gap = whole_pixels(scale * self._tag), whole_pixels(scale * self._gap)
        columns, rows = self._size
        pitch = side + gap
        sheet = np.full((rows * pitch + gap, columns * pitch + gap), 255, np.uint8)
        if self._squares:
            for row, column in product(range(rows + 1), range(columns + 1)):
                sheet[row * pitch :, column * pitch :][:gap, :gap] = 0
        for row, column in product(range(rows), range(columns)):
            number = (rows - 1 - row) * columns + column
            tag = cv2.aruco.generateImageMarker(self._markers, number, side, borderBits=2)
            sheet[row * pitch + gap :, column * pitch + gap :][:side, :side] = tag
        return sheet

    def hint(self, image: np.ndarray) -> str:
        """See Target."""
        detectors = (_tag_detector(self._markers, border) for border in (2, 1))
        ids = set[int]().union(*(ids_of(one.detectMarkers(image)) for one in detectors))
        beyond = [number for number in ids if number not in self._points]
        if beyond:
            return f'a tag {max(beyond)}, which a grid of this size does not have'
        if not ids and self.find(np.ascontiguousarray(image[:, ::-1])) is not None:
            return MIRRORED
        if 4 * len(ids) >= FEWEST_CORNERS and self.find(image) is None:
            return f'{len(ids)} tags in other places than those of a grid of this size and spacing'
        return f'{len(ids)} tag, too few for a view' if len(ids) == 1 else ''

    def _tags(self, image: np.ndarray, detector: Any) -> dict[int, np.ndarray]:
        corners, ids, _ = detector.detectMarkers(image)
        numbers = [] if ids is None else [int(number) for number in ids.ravel()]
        once = {number for number, count in Counter(numbers).items() if count == 1}
        return {
            number: corner.reshape(4, 2).astype(np.float32)
            for number, corner in zip(numbers, corners, strict=True)
            if number in once & self._points.keys()
        }


def _tag_detector(dictionary: Any, border: int) -> Any:
    parameters = cv2.aruco.DetectorParameters()
    parameters.markerBorderBits = border
    return cv2.aruco.ArucoDetector(dictionary, parameters)


def _on_a_plane(points: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return where most of the corners say that each corner of a flat board is, pixels."""
    homography, _ = cv2.findHomography(points[:, :2], pixels, cv2.RANSAC, 3.0)
    if homography is None:
        return np.full_like(pixels, np.inf)
    return cv2.perspectiveTransform(points[None, :, :2], homography)[0]
