# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a camera sees at an instant.

Comes in: a time. Goes out: luminance, as it falls on the pixels. Knows nothing about events or
files.
"""

import math
from typing import Protocol

import cv2
import numpy as np

from spike_recon_training.simulation.board import apriltag_board
from spike_recon_training.simulation.motion import CameraMotion

BLUR_PX = 0.5
"""Standard deviation of what lens and pixel area smear together, pixels: sharp, yet free of
aliases at every zoom of the motion."""


TAG_WIDTH = 0.15
"""Width of a tag on the board, as a share of the image's width."""


class Scene(Protocol):
    """Anything that a simulated camera can look at."""

    width: int
    height: int
    camera_matrix: np.ndarray
    exposure: float
    """What a frame camera that has set its exposure multiplies luminance with."""

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, seconds."""

    def speed_px(self, t_s: float) -> float:
        """Return how fast the scene moves through the image where it is fastest, pixels/s."""


class PacedScene:
    """A scene in which everything happens faster, or stops; implements Scene.

    Args:
        scene: to watch.
        times: how many times as fast, above 0; below 1 is slower.
        stop_s: when everything stands still from then on, seconds.
    """

    def __init__(self, scene: Scene, times: float = 1.0, stop_s: float = math.inf) -> None:
        self.width, self.height = scene.width, scene.height
        self.camera_matrix, self.exposure = scene.camera_matrix, scene.exposure
        self._scene, self._times, self._stop_s = scene, times, stop_s

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, seconds."""
        return self._scene.luminance(self._times * min(t_s, self._stop_s))

    def speed_px(self, t_s: float) -> float:
        """Return how fast the scene moves through the image where it is fastest, pixels/s."""
        if t_s >= self._stop_s:
            return 0.0
        return self._times * self._scene.speed_px(self._times * t_s)


class BoardScene:
    """A camera that moves over a board; implements Scene.

    A finer sensor sees the same board and the same motion in more pixels.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        seed: chooses the motion and the board's texture.
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
        # Blurred once, on the board: every view is then one bilinear look-up a pixel.
        self._smeared = cv2.GaussianBlur(board.luminance, (0, 0), BLUR_PX * board.scale)

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, seconds."""
        return cv2.warpPerspective(
            self._smeared,
            self.board_to_image(t_s),
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def speed_px(self, t_s: float) -> float:
        """Return how fast the board moves through the image where it is fastest, pixels/s."""
        return self._motion.speed_px(t_s)

    def board_to_image(self, t_s: float) -> np.ndarray:
        """Return float64 [3, 3]: board pixels -> image pixels at the time `t_s`, seconds."""
        return self._motion.homography(t_s) @ self.board.to_plane
