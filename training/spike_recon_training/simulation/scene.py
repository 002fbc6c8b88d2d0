# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes that a simulated camera can record: luminance on the pixels at any time."""

import math
from typing import Protocol

import cv2
import numpy as np

from spike_recon_training.simulation.board import apriltag_board
from spike_recon_training.simulation.motion import CameraMotion

BLUR_PX = 0.5
"""Standard deviation of the joint blur of lens and pixel area, pixels: sharp, yet without aliasing
at any zoom of the motion."""

TAG_WIDTH = 0.15
"""Width of a tag on the board, as a share of the image width."""


class Scene(Protocol):
    """A scene that a simulated camera can record.

    A scene of one object may also have `distortion`, float64 [5] coefficients of the plumb_bob
    model, and `pose(t_s)`, the rotation matrix [3, 3] and position [3], m, of the object in the
    camera's frame.

    Attributes:
        width: image columns, pixels.
        height: image rows, pixels.
        camera_matrix: float64 [3, 3], the intrinsic matrix K, pixels.
        exposure: factor from luminance to the image of a well exposed frame camera, 0 to 1.
    """

    width: int
    height: int
    camera_matrix: np.ndarray
    exposure: float

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the scene in the image at `t_s` (s), pixels/s."""


class PacedScene:
    """A scene played at another speed, and optionally stopped; implements Scene.

    Args:
        scene: the scene to play.
        times: speed factor, above 0; below 1 is slower.
        stop_s: time from which on the scene is static, s.
    """

    def __init__(self, scene: Scene, times: float = 1.0, stop_s: float = math.inf) -> None:
        self.width, self.height = scene.width, scene.height
        self.camera_matrix, self.exposure = scene.camera_matrix, scene.exposure
        self.distortion = getattr(scene, 'distortion', None)
        self._scene, self._times, self._stop_s = scene, times, stop_s

    def pose(self, t_s: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the pose of the object at the time `t_s`, s, if the scene has one."""
        pose = getattr(self._scene, 'pose', None)
        return None if pose is None else pose(self._times * min(t_s, self._stop_s))

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        return self._scene.luminance(self._times * min(t_s, self._stop_s))

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the scene in the image at `t_s` (s), pixels/s."""
        if t_s >= self._stop_s:
            return 0.0
        return self._times * self._scene.speed_px(self._times * t_s)


class BinnedScene:
    """A scene of which each pixel of the sensor sees the mean over a square; implements Scene.

    So the ground truth is sharper than the sensor, to score super-resolution.

    Args:
        scene: the scene at the resolution of the ground truth; its sides are multiples of `scale`.
        scale: pixels of the ground truth per pixel of the sensor, along each side.
    """

    def __init__(self, scene: Scene, scale: int) -> None:
        self.width, self.height = scene.width // scale, scene.height // scale
        self.camera_matrix = scene.camera_matrix.copy()
        # The centre of the first pixel has the coordinate 0 at both resolutions.
        self.camera_matrix[:2, 2] -= (scale - 1) / 2
        self.camera_matrix[:2] /= scale
        self.exposure = scene.exposure
        self._scene, self._scale = scene, scale

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        sharp, scale = self._scene.luminance(t_s), self._scale
        return sharp.reshape(self.height, scale, self.width, scale).mean((1, 3))

    def truth(self, t_s: float) -> np.ndarray:
        """Return the same at the resolution of the ground truth."""
        return self._scene.luminance(t_s)

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed in pixels of the sensor at `t_s` (s), pixels/s."""
        return self._scene.speed_px(t_s) / self._scale


class BoardScene:
    """A camera that moves over a board; implements Scene.

    The size of the board and the motion scale with the image width.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        seed: seed of the motion and of the board's texture.

    Attributes:
        board: the board, with the positions of its tags.
    """

    exposure = 1.0

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        motion = CameraMotion(width, height, seed)
        board = apriltag_board(*motion.reach, tag_width=TAG_WIDTH * width, seed=seed)
        self.board = board
        self.width = motion.width
        self.height = motion.height
        self.camera_matrix = motion.camera_matrix
        self._motion = motion
        # Blurred once, on the board, so that a view needs only one bilinear sample per pixel.
        self._blurred = cv2.GaussianBlur(board.luminance, (0, 0), BLUR_PX * board.scale)

    def paint(self, share: np.ndarray) -> None:
        """Let each board pixel reflect only a share of its light, float32 [rows, columns]."""
        sigma = BLUR_PX * self.board.scale
        self._blurred = cv2.GaussianBlur(self.board.luminance * share, (0, 0), sigma)

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        return cv2.warpPerspective(
            self._blurred,
            self.board_to_image(t_s),
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the board in the image at `t_s` (s), pixels/s."""
        return self._motion.speed_px(t_s)

    def board_to_image(self, t_s: float) -> np.ndarray:
        """Return float64 [3, 3]: board pixels -> image pixels at the time `t_s`, s."""
        return self._motion.homography(t_s) @ self.board.to_plane
