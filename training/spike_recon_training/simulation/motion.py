# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Motion of a simulated hand-held camera over a plane, as homographies from plane to image."""

import numpy as np

TILT = np.deg2rad(7.0)
"""Amplitude of the rotation about the image's x and y axes, radians."""
ROLL = np.deg2rad(5.0)
"""Amplitude of the rotation about the optical axis, radians."""
ZOOM = 0.06
"""Amplitude of the distance to the plane, as a share of its mean."""
SWAY = 0.1
"""Maximum shift of the camera along each axis, as a share of the image width."""


class CameraMotion:
    """A pinhole camera on a smooth path: sums of sinusoids with random phases.

    The origin of the plane is below the centre of the path. One plane unit is one pixel for a
    camera that looks straight down from its mean distance. The camera circles all the time, so
    every two seconds contain motion in all directions: an event camera does not see an edge that
    moves parallel to itself.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        seed: seed of the phases and of the sense of rotation.
    """

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self.width = width
        self.height = height
        self.focal_px = 1.1 * width
        rng = np.random.default_rng(seed)
        self._phase = rng.uniform(0, 2 * np.pi, 9)
        self._turn = rng.choice([-1.0, 1.0])

    @property
    def camera_matrix(self) -> np.ndarray:
        """float64 [3, 3], the intrinsic matrix K of the pinhole camera (no distortion), pixels."""
        return np.array(
            [
                [self.focal_px, 0.0, (self.width - 1) / 2],
                [0.0, self.focal_px, (self.height - 1) / 2],
                [0.0, 0.0, 1.0],
            ]
        )

    @property
    def reach(self) -> tuple[float, float]:
        """Bounds of the view: maximum |x| and |y| that is ever visible, plane units."""
        # An image corner, seen from the greatest distance under the largest roll and tilt.
        half = np.array([self.width, self.height]) / 2
        corner = half * np.cos(ROLL) + half[::-1] * np.sin(ROLL)
        steepest = np.tan(TILT) * np.hypot(*half) / self.focal_px
        stretch = (1 + ZOOM) / (np.cos(TILT) * (1 - np.sqrt(2) * steepest))
        x, y = stretch * corner + SWAY * self.width
        return float(x), float(y)

    def homography(self, t_s: float) -> np.ndarray:
        """Return float64 [3, 3]: plane coordinates -> image pixels at the time `t_s`, s."""
        a = self._phase

        def swing(hertz: float, phase: float) -> float:
            return float(np.sin(2 * np.pi * hertz * t_s + phase))

        sway = SWAY * self.width
        # A circle, the tremor of a hand, and a slow drift to other parts of the plane.
        across = self._turn * np.pi / 2
        x = sway * (0.35 * swing(0.6, a[0]) + 0.1 * swing(1.9, a[1]) + 0.55 * swing(0.13, a[2]))
        y = sway * (
            0.35 * swing(0.6, a[0] + across) + 0.1 * swing(1.6, a[3]) + 0.55 * swing(0.11, a[4])
        )
        distance = self.focal_px * (1 + ZOOM * swing(0.3, a[5]))
        rotation = _rotation(
            TILT * swing(0.17, a[6]), TILT * swing(0.23, a[7]), ROLL * swing(0.4, a[8])
        )
        # In camera coordinates the plane's origin moves opposite to the camera.
        origin = rotation @ np.array([-x, -y, 0.0]) + np.array([0.0, 0.0, distance])
        return self.camera_matrix @ np.column_stack([rotation[:, 0], rotation[:, 1], origin])

    def speed_px(self, t_s: float) -> float:
        """Return the maximum image speed over the four corners at the time `t_s` (s), pixels/s."""
        dt = 1e-4
        corners = np.array(
            [
                [0, self.width - 1, self.width - 1, 0],
                [0, 0, self.height - 1, self.height - 1],
                [1, 1, 1, 1],
            ],
            float,
        )
        moved = self.homography(t_s + dt) @ np.linalg.inv(self.homography(t_s - dt)) @ corners
        shift = moved[:2] / moved[2] - corners[:2]
        return float(np.hypot(*shift).max() / (2 * dt))


def _rotation(about_x: float, about_y: float, about_z: float) -> np.ndarray:
    cx, sx = np.cos(about_x), np.sin(about_x)
    cy, sy = np.cos(about_y), np.sin(about_y)
    cz, sz = np.cos(about_z), np.sin(about_z)
    rx = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    ry = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    rz = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return rz @ ry @ rx
