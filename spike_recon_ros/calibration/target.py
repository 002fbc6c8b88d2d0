# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a calibration board is.

The coordinates of a board are metres in its plane, x right and y down in the printed board, with
z = 0. The origin is the first inner corner of a checkerboard, and the top left corner of the first
square or tag of the other boards.
"""

from typing import Any, Protocol, TypeAlias

import numpy as np

from spike_recon_ros.errors import UserError

Corners: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Corners of a board in one image: float32 [n, 3], m, and float32 [n, 2], pixels."""
FEWEST_CORNERS = 8
LONGEST_SIDE = 2.0
"""Longest side of a square, m; a larger number was given in millimetres."""
MIRRORED = 'the board mirrored (turn off the flip of the camera driver)'
"""Hint for an image in which a board with markers is a mirror image."""


class Target(Protocol):
    """A calibration board.

    Attributes:
        extent: width and height of the printed area, m.
        origin: the origin of the board from the top left of the printed area, (x, y), m.
    """

    extent: tuple[float, float]
    origin: tuple[float, float]

    def find(self, image: np.ndarray) -> Corners | None:
        """Return the corners in a uint8 [height, width] image; None if the board is not found."""

    def draw(self, scale: float) -> np.ndarray:
        """Return the printed area as uint8 [height, width].

        Args:
            scale: pixels per metre; every side of a pattern must have a whole number of them.
        """

    def hint(self, image: np.ndarray) -> str:
        """Return what an image shows instead of this board; '' if nothing is recognised."""


def check_board(columns: int, rows: int, fewest: int, **lengths: float) -> None:
    """Raise UserError if there cannot be a board of this size."""
    if min(columns, rows) < fewest:
        raise UserError(f'the board is {columns}x{rows}; it needs {fewest} at least on each side')
    for name, length in lengths.items():
        if not 0.0 < length <= LONGEST_SIDE:
            raise UserError(
                f'the side of a {name} is {length:g} m; it must be above 0 and at most '
                f'{LONGEST_SIDE:g}, in metres'
            )


def whole_pixels(pixels: float) -> int:
    """Return the pixels of a side of a pattern; raise ValueError if it is no whole number."""
    if abs(pixels - round(pixels)) > 1e-6:
        raise ValueError(f'a side of a pattern has {pixels} pixels, which is no whole number')
    return round(pixels)


def ids_of(detected: Any) -> set[int]:
    """Return the ids that a detector of OpenCV found."""
    return set() if detected[1] is None else {int(number) for number in detected[1].ravel()}
