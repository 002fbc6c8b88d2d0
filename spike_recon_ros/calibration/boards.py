# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The kinds of calibration boards, by name."""

from spike_recon_ros.calibration.april_grid import AprilGrid
from spike_recon_ros.calibration.checkerboards import DICTIONARIES, Charuco, Checkerboard
from spike_recon_ros.calibration.target import Target

__all__ = ['BOARDS', 'DICTIONARIES', 'target_of']

BOARDS = ('checkerboard', 'charuco', 'aprilgrid')


def target_of(
    board: str,
    size: tuple[int, int],
    square: float,
    *,
    marker: float = 0.0,
    spacing: float = 0.3,
    dictionary: str = '4x4_50',
    legacy: bool = False,
) -> Target:
    """Return a board.

    Args:
        board: one of BOARDS.
        size: see the classes: inner corners, squares or tags in a row and in a column.
        square: side of a square or of a tag, m.
        marker: see Charuco.
        spacing: see AprilGrid.
        dictionary: see Charuco.
        legacy: see Charuco.

    Raises:
        UserError: there cannot be such a board.
    """
    if board == 'checkerboard':
        return Checkerboard(*size, square)
    if board == 'charuco':
        return Charuco(*size, square, marker, dictionary, legacy)
    return AprilGrid(*size, square, spacing)
