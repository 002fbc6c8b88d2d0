# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Boards of black and white squares, with and without markers in the white ones."""

import contextlib
from collections.abc import Iterator
from itertools import product

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

DICTIONARIES = ('4x4_50', '4x4_100', '5x5_50', '5x5_100', '6x6_100', '6x6_250')
SMALLEST_SEEN = 3
"""Side of a group of corners that any texture may have."""
MARKER_TOLERANCE = 0.2
"""Relative error of the side of a marker above which a corner may be found beside its place."""


class Checkerboard:
    """A checkerboard of `columns` x `rows` inner corners; all of it must be visible.

    A square has the side `square`, m.
    """

    def __init__(self, columns: int, rows: int, square: float) -> None:
        check_board(columns, rows, 3, square=square)
        self._size, self._square = (columns, rows), square
        self.extent = (columns + 1) * square, (rows + 1) * square
        self.origin = square, square
        grid = [(x * square, y * square, 0.0) for y, x in product(range(rows), range(columns))]
        self._points = np.array(grid, np.float32)

    def find(self, image: np.ndarray) -> Corners | None:
        """See Target."""
        found, corners = cv2.findChessboardCornersSB(
            image, self._size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
        )
        if not found:
            return None
        pixels = corners.reshape(-1, 2).astype(np.float32)
        # A board that looks the same after half a turn has no first corner: the upper left one.
        if sum(self._size) % 2 == 0 and pixels[0].sum() > pixels[-1].sum():
            pixels = pixels[::-1].copy()
        return self._points, pixels

    def draw(self, scale: float) -> np.ndarray:
        """See Target."""
        side = whole_pixels(scale * self._square)
        rows, columns = np.indices((self._size[1] + 1, self._size[0] + 1))
        cells = ((rows + columns) % 2 * 255).astype(np.uint8)
        return cells.repeat(side, axis=0).repeat(side, axis=1)

    def hint(self, image: np.ndarray) -> str:
        """See Target."""
        flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_LARGER
        found, _, meta = cv2.findChessboardCornersSBWithMeta(image, (3, 3), flags)
        if not found or meta is None:
            return ''
        rows, columns = meta.shape[:2]
        if min(rows, columns) <= SMALLEST_SEEN:
            return ''
        return f'a checkerboard of {columns}x{rows} inner corners'


class Charuco:
    """A checkerboard with ArUco markers in its white squares; a part of it is enough.

    Args:
        columns: squares in a row.
        rows: squares in a column.
        square: side of a square, m.
        marker: side of a marker, m; 0 = 0.75 of a square.
        dictionary: one of DICTIONARIES.
        legacy: layout of OpenCV before 4.6, for an even number of rows.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        square: float,
        marker: float = 0.0,
        dictionary: str = '4x4_50',
        legacy: bool = False,
    ) -> None:
        marker = marker or 0.75 * square
        check_board(columns, rows, 3, square=square, marker=marker)
        if marker >= square:
            raise UserError(f'a marker of {marker:g} m does not fit into a square of {square:g} m')
        self._markers = cv2.aruco.getPredefinedDictionary(
            getattr(cv2.aruco, f'DICT_{dictionary.upper()}')
        )
        self._n_markers, available = columns * rows // 2, len(self._markers.bytesList)
        if self._n_markers > available:
            raise UserError(
                f'a board of {columns}x{rows} squares has {self._n_markers} markers and the '
                f'dictionary {dictionary} only {available}; choose a larger dictionary'
            )
        self._board = cv2.aruco.CharucoBoard((columns, rows), square, marker, self._markers)
        self._board.setLegacyPattern(legacy)
        self._detector = cv2.aruco.CharucoDetector(self._board)
        self._size, self._marker, self._dictionary = (columns, rows), marker, dictionary
        self._square, self._legacy = square, legacy
        self.extent, self.origin = (columns * square, rows * square), (0.0, 0.0)

    def find(self, image: np.ndarray) -> Corners | None:
        """See Target."""
        corners, side = self._found(image)
        return corners if abs(side - self._marker) <= MARKER_TOLERANCE * self._marker else None

    def _found(self, image: np.ndarray) -> tuple[Corners | None, float]:
        """Return the corners, and the measured side of a marker in metres."""
        pixels, ids, markers, _ = self._detector.detectBoard(image)
        if ids is None or len(ids) < FEWEST_CORNERS or not markers:
            return None, self._marker
        points = np.asarray(self._board.getChessboardCorners(), np.float32)[ids.ravel()]
        pixels = pixels.reshape(-1, 2).astype(np.float32)
        homography, _ = cv2.findHomography(pixels, points[:, :2])
        if homography is None:
            return None, self._marker
        flat = cv2.perspectiveTransform(
            np.concatenate(markers).reshape(1, -1, 2).astype(np.float32), homography
        ).reshape(-1, 4, 2)
        sides = np.linalg.norm(flat - np.roll(flat, 1, axis=1), axis=2)
        return (points, pixels), float(np.median(sides))

    def draw(self, scale: float) -> np.ndarray:
        """See Target."""
        width, height = (whole_pixels(scale * side) for side in self.extent)
        return self._board.generateImage((width, height), marginSize=0)

    def hint(self, image: np.ndarray) -> str:
        """See Target."""
        corners, side = self._found(image)
        if corners is not None:
            return f'markers of {side:.2g} m in squares of {self._square:g} m: check --marker'
        if self.find(np.ascontiguousarray(image[:, ::-1])) is not None:
            return MIRRORED
        for option, other in self._others():
            if other.find(image) is not None:
                return f'this board {option}'
        ids = ids_of(cv2.aruco.ArucoDetector(self._markers).detectMarkers(image))
        beyond = [number for number in ids if number >= self._n_markers]
        if beyond:
            return f'a marker {max(beyond)}, which a board of this size does not have'
        return (
            f'{len(ids)} of {self._n_markers} markers, but no squares of a board of this size'
            if ids
            else ''
        )

    def _others(self) -> Iterator[tuple[str, 'Charuco']]:
        """Yield boards of this size with another layout or dictionary, and the option of each."""
        sides = self._square, self._marker
        option = 'without --legacy' if self._legacy else 'with --legacy'
        yield option, Charuco(*self._size, *sides, self._dictionary, not self._legacy)
        for name in DICTIONARIES:
            if name.split('_')[0] == self._dictionary.split('_')[0]:
                continue
            with contextlib.suppress(UserError):  # too few markers
                other = Charuco(*self._size, *sides, name, self._legacy)
                yield f'with --dictionary {name}', other
