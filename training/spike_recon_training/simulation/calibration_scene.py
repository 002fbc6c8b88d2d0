# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A calibration board in front of a camera with known intrinsics, distortion and poses.

Unlike the board of tags, this one is seen whole, tilted by up to 45 degrees, near and far and in
all corners of the image, as a person moves it to calibrate a camera.
"""

import cv2
import numpy as np

from spike_recon_ros.calibration.boards import target_of
from spike_recon_ros.calibration.target import Target
from spike_recon_training.simulation.board import BLACK, WHITE, collage

BLUR_PX = 0.5
"""Standard deviation of the joint blur of lens and pixel area, pixels."""
TILT = np.deg2rad(32.0)
ROLL = np.deg2rad(12.0)
PANEL = 2.4
"""Width of the textured panel behind the board, in widths of the board."""
SCALE = 2_000.0
"""Pixels of the texture per metre."""
_PRECISE = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-9)
BOARDS = {
    'checkerboard': ('checkerboard', (8, 6), 0.03),
    'charuco': ('charuco', (7, 5), 0.04),
    'aprilgrid': ('aprilgrid', (4, 3), 0.06),
}
"""Boards that can be simulated: kind, size and side of a square or tag (m), as
`spike-recon calibrate` takes them."""


class CalibrationScene:
    """A board that moves in front of the camera; implements Scene.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        board: one of BOARDS, or another board.
        seed: seed of the motion and of the texture behind the board.

    Attributes:
        target: the board.
        distortion: float64 [5], coefficients of the plumb_bob model.
    """

    exposure = 1.0

    def __init__(self, width: int, height: int, board: str | Target, seed: int = 0) -> None:
        self.width, self.height = width, height
        self.target = target_of(*BOARDS[board]) if isinstance(board, str) else board
        focal_px = 1.05 * width
        middle = (width - 1) / 2 + 0.01 * width, (height - 1) / 2 - 0.015 * height
        self.camera_matrix = np.array(
            [[focal_px, 0.0, middle[0]], [0.0, focal_px, middle[1]], [0.0, 0.0, 1.0]]
        )
        self.distortion = np.array([-0.15, 0.06, 0.0008, -0.0005, 0.0])
        self._phase = np.random.default_rng(seed).uniform(0, 2 * np.pi, 10)
        # The board fills about 0.75 of the image at its mean distance.
        fill = max(self.target.extent[0] / width, self.target.extent[1] / height)
        self._distance = focal_px * fill / 0.75
        self._texture = _texture(
            self.target, SCALE, BLUR_PX * SCALE * self._distance / focal_px, seed
        )
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        flat = pixels.reshape(-1, 1, 2).astype(np.float64)
        rays = cv2.undistortPoints(
            flat, self.camera_matrix, self.distortion, None, None, None, _PRECISE
        ).reshape(-1, 2)
        self._rays = np.column_stack([rays, np.ones(len(rays))]).T.astype(np.float32)
        # From the board, in metres, to pixels of the texture, whose middle is that of the board.
        rows, columns = self._texture.shape
        left, top = (
            o - side / 2 for o, side in zip(self.target.origin, self.target.extent, strict=True)
        )
        self._to_texture = np.array(
            [
                [SCALE, 0.0, SCALE * left + (columns - 1) / 2],
                [0.0, SCALE, SCALE * top + (rows - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )

    def pose(self, t_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the pose of the board in the camera's frame at the time `t_s`, s.

        Returns: rotation matrix [3, 3], and position [3] of the origin of the board, m.
        """
        a = self._phase

        def swing(hertz: float, phase: float) -> float:
            return float(np.sin(2 * np.pi * hertz * t_s + phase))

        # Incommensurate, so that positions, distances and inclinations combine in all ways.
        about_x, about_y = TILT * swing(0.17, a[0]), TILT * swing(0.125, a[1])
        rotation, _ = cv2.Rodrigues(np.array([about_x, about_y, ROLL * swing(0.09, a[2])]))
        distance = self._distance * (1.1 + 0.3 * swing(0.08, a[3]))
        reach = 0.18 * distance / self.camera_matrix[0, 0]
        circle = 0.05 * self._distance
        x = reach * self.width * swing(0.145, a[4]) + circle * swing(0.7, a[5])
        y = reach * self.height * swing(0.21, a[6]) + circle * swing(0.7, a[5] + np.pi / 2)
        # The middle of the board moves to (x, y, distance).
        middle = np.array([*self.target.extent, 0.0]) / 2 - [*self.target.origin, 0.0]
        return rotation, np.array([x, y, distance]) - rotation @ middle

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        rotation, position = self.pose(t_s)
        to_board = np.linalg.inv(np.column_stack([rotation[:, :2], position]))
        x, y, z = (self._to_texture @ to_board).astype(np.float32) @ self._rays
        columns, rows = x / z, y / z
        shape = self.height, self.width
        return cv2.remap(
            self._texture,
            columns.reshape(shape),
            rows.reshape(shape),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the board's corners in the image at `t_s` (s), pixels/s."""
        dt = 1e-3
        shift = self._corners_px(t_s + dt) - self._corners_px(t_s - dt)
        return float(np.hypot(*shift.T).max() / (2 * dt))

    def _corners_px(self, t_s: float) -> np.ndarray:
        rotation, position = self.pose(t_s)
        (width, height), origin = self.target.extent, np.array([*self.target.origin, 0.0])
        corners = np.array([[x, y, 0.0] for x in (0.0, width) for y in (0.0, height)]) - origin
        seen = (self.camera_matrix @ (rotation @ corners.T + position[:, None])).T
        return seen[:, :2] / seen[:, 2:]


def _texture(target: Target, scale: float, blur_px: float, seed: int) -> np.ndarray:
    """Return float32 [height, width]: the board on white paper, on a panel with discs."""
    print_ = target.draw(scale)
    height, width = print_.shape
    margin = round(0.04 * width)
    panel_h, panel_w = round(PANEL * width * height / width), round(PANEL * width)
    rng = np.random.default_rng(seed)
    panel = collage(panel_h, panel_w, 0.12 * width, rng)
    y, x = (panel_h - height) // 2, (panel_w - width) // 2
    panel[y - margin : y + height + margin, x - margin : x + width + margin] = WHITE
    panel[y : y + height, x : x + width] = BLACK + (WHITE - BLACK) * (print_ / np.float32(255))
    # Odd differences of the sizes would move the board off the middle by half a pixel.
    panel = panel[: 2 * y + height, : 2 * x + width]
    return np.clip(cv2.GaussianBlur(panel, (0, 0), blur_px), 0.01, 1.0)
