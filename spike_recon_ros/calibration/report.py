# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The report of a calibration: figures as JSON, and a picture of coverage and errors."""

from typing import Any

import cv2
import numpy as np

from spike_recon_ros.calibration.solve import Calibration, View

CELLS = 8, 6
"""Columns and rows of the image in which corners are counted."""
PANEL_PX = 640
BAR_PX = 200
_GREY, _BLACK = (200, 200, 200), (0, 0, 0)
_GOOD, _BAD = np.array([60, 160, 40]), np.array([40, 40, 220])  # blue, green, red


def figures(calibration: Calibration, n_images: int, n_found: int) -> dict[str, Any]:
    """Return the result, ready for JSON.

    Args:
        calibration: the result.
        n_images: images that were searched.
        n_found: images in which the board was found.
    """
    intrinsics = calibration.matrix[[0, 1, 0, 1], [0, 1, 2, 2]].tolist()
    counts = coverage(calibration)
    return {
        'width': calibration.width,
        'height': calibration.height,
        **{
            name: round(value, 4)
            for name, value in zip(('fx', 'fy', 'cx', 'cy'), intrinsics, strict=True)
        },
        'deviations_px': [round(float(value), 4) for value in calibration.deviations],
        'distortion_model': calibration.model,
        'distortion': [round(float(value), 6) for value in calibration.distortion],
        'rms_px': round(calibration.rms_px, 4),
        'images': n_images,
        'images_with_board': n_found,
        'covered': round(float((counts > 0).mean()), 3),
        'warning': calibration.warning,
        'views': [_of_view(view) for view in calibration.views],
        'left_out': [_of_view(view) for view in calibration.left_out],
    }


def coverage(calibration: Calibration) -> np.ndarray:
    """Return int64 [rows, columns], the corners in each of CELLS over all views."""
    pixels = np.concatenate([view.pixels for view in calibration.views])
    limits = (-0.5, calibration.width - 0.5), (-0.5, calibration.height - 0.5)
    counts, _, _ = np.histogram2d(*pixels.T, bins=CELLS, range=limits)
    return counts.T.astype(np.int64)


def draw_report(calibration: Calibration) -> np.ndarray:
    """Return uint8 [height, width, 3]: all corners in the image above, error of each view below.

    A corner is green where its view fits well and red where it does not. Cells of the image
    without any corner are grey.
    """
    scale = PANEL_PX / calibration.width
    height = round(scale * calibration.height)
    picture = np.full((height + BAR_PX, PANEL_PX, 3), 255, np.uint8)
    counts = coverage(calibration)
    for row, column in np.argwhere(counts == 0):
        left, right = (round(edge * PANEL_PX / CELLS[0]) for edge in (column, column + 1))
        top, bottom = (round(edge * height / CELLS[1]) for edge in (row, row + 1))
        cv2.rectangle(picture, (left, top), (right - 1, bottom - 1), _GREY, -1)
    views = calibration.views
    worst = max(view.rms_px for view in views)
    for view in views:
        for x, y in view.pixels:
            place = round(scale * (x + 0.5)), round(scale * (y + 0.5))
            cv2.circle(picture, place, 2, _colour(view, worst), -1, cv2.LINE_AA)
    cv2.line(picture, (0, height), (PANEL_PX, height), _BLACK)
    _draw_bars(picture[height + 1 :], views, worst)
    text = f'{len(views)} views, rms {calibration.rms_px:.3f} px, worst view {worst:.3f} px'
    cv2.putText(
        picture, text, (8, height + 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, _BLACK, 1, cv2.LINE_AA
    )
    return picture


def _draw_bars(panel: np.ndarray, views: list[View], worst: float) -> None:
    """Draw one bar for each view, in the order of time."""
    width = PANEL_PX / len(views)
    for index, view in enumerate(views):
        height = round((BAR_PX - 40) * view.rms_px / worst)
        left = round(index * width)
        right = max(left + 1, round((index + 1) * width) - 1)
        bottom = len(panel) - 1
        cv2.rectangle(
            panel, (left, bottom - height), (right - 1, bottom), _colour(view, worst), -1
        )


def _colour(view: View, worst: float) -> tuple[int, int, int]:
    share = view.rms_px / worst if worst else 0.0
    blue, green, red = (round(value) for value in _GOOD + share * (_BAD - _GOOD))
    return blue, green, red


def _of_view(view: View) -> dict[str, Any]:
    return {
        't_ns': view.t_ns,
        'corners': len(view.points),
        'rms_px': round(view.rms_px, 4),
        'rotation': [round(float(value), 6) for value in view.rotation],
        'translation_m': [round(float(value), 6) for value in view.translation],
    }
