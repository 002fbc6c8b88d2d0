# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes in colour, sensors behind a Bayer pattern, and an ordinary camera beside the sensor.

The light of a scene is three scenes that move alike, one for each colour, so that every scene can
be seen in colour without a renderer of its own.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_training.simulation.scene import BoardScene, PacedScene, Scene

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Shares of red, green and blue in the luminance (ITU-R BT.601, as in OpenCV's YCrCb)."""
PATTERNS = ('rggb', 'bggr', 'grbg', 'gbrg')
"""Bayer patterns: the colours of pixels (0, 0), (1, 0), (0, 1) and (1, 1), (x, y)."""
TINT_CELLS = 9
"""Differently coloured areas along the longer side of a coloured board."""
TINTS = (0.35, 1.0)
"""Range of the share of the light of one colour that a coloured area reflects."""
MILLISECOND_NS = 1_000_000


@runtime_checkable
class ColourScene(Scene, Protocol):
    """A scene whose colours are known; the luminance follows from them."""

    def colour(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width, 3], red, green and blue in (0, 1] at `t_s`, s."""


class ThreeScenes:
    """A coloured scene; implements ColourScene.

    Args:
        red: the scene in red light.
        green: the same scene, with the same motion, in green light.
        blue: the same in blue light.
        exposed_mean: mean of the first image of a camera, from which the exposure follows; None =
            the exposure of the scene in green light.
    """

    def __init__(
        self, red: Scene, green: Scene, blue: Scene, exposed_mean: float | None = None
    ) -> None:
        self.width, self.height = green.width, green.height
        self.camera_matrix, self.exposure = green.camera_matrix, green.exposure
        self._scenes = red, green, blue
        self._latest: tuple[float, np.ndarray] | None = None
        if exposed_mean is not None:
            self.exposure = exposed_mean / float(self.luminance(0.0).mean())

    def colour(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width, 3], red, green and blue in (0, 1] at `t_s`, s."""
        if self._latest is None or self._latest[0] != t_s:
            self._latest = t_s, np.dstack([scene.luminance(t_s) for scene in self._scenes])
        return self._latest[1]

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        return self.colour(t_s) @ LUMA

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the scene in the image at `t_s` (s), pixels/s."""
        return self._scenes[1].speed_px(t_s)


class PacedColourScene(PacedScene):
    """A coloured scene played at another speed, and optionally stopped; implements ColourScene.

    Args:
        scene: the scene to play.
        times: speed factor, above 0; below 1 is slower.
        stop_s: time from which on the scene is static, s.
    """

    def __init__(self, scene: ColourScene, times: float = 1.0, stop_s: float = math.inf) -> None:
        super().__init__(scene, times, stop_s)
        self._coloured = scene

    def colour(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width, 3], red, green and blue in (0, 1] at `t_s`, s."""
        return self._coloured.colour(self._times * min(t_s, self._stop_s))


class BayerScene:
    """The light behind the Bayer pattern of a sensor, one colour a pixel; implements Scene.

    Args:
        scene: in front of the sensor.
        pattern: one of PATTERNS.

    Raises:
        UserError: a side of the scene is odd.
    """

    def __init__(self, scene: ColourScene, pattern: str) -> None:
        self.width, self.height = scene.width, scene.height
        if self.width % 2 or self.height % 2:
            raise UserError(
                f'a sensor of {self.width}x{self.height} pixels cannot have a Bayer pattern; '
                'choose even sides'
            )
        self.camera_matrix, self.exposure = scene.camera_matrix, scene.exposure
        self._scene, self._pattern = scene, pattern

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width], the light of the colour of each pixel, in (0, 1]."""
        return mosaic(self._scene.colour(t_s), self._pattern)

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed of the scene in the image at `t_s` (s), pixels/s."""
        return self._scene.speed_px(t_s)


@dataclass(frozen=True, slots=True)
class FrameCamera:
    """An ordinary colour camera that sees the pixels of the sensor, as through a beam splitter.

    Attributes:
        fps: images per second.
        exposure_ms: time over which each image integrates the light; motion blurs it.
        transfer_ms: time from the end of the exposure until the image is there.
        noise: standard deviation of the noise, white = 1.
        samples: instants from which the light of an exposure is averaged.
    """

    fps: float = 10.0
    exposure_ms: float = 10.0
    transfer_ms: float = 5.0
    noise: float = 0.01
    samples: int = 8

    def check(self) -> None:
        """Raise UserError if a value is not valid."""
        if not 0 < self.fps <= 1000:
            raise UserError(
                f'the rate of the camera frames is {self.fps:g}; it must lie above 0 and be at '
                'most 1000'
            )
        if not 0 < self.exposure_ms <= 1000 / self.fps:
            raise UserError(
                f'the exposure of the camera frames is {self.exposure_ms:g} ms; at '
                f'{self.fps:g} images/s it must lie above 0 and be at most {1000 / self.fps:g}'
            )

    @property
    def delay_ns(self) -> int:
        """Time from the middle of the exposure until the image is there."""
        return round((self.exposure_ms / 2 + self.transfer_ms) * MILLISECOND_NS)

    def image(self, scene: ColourScene, t_ns: int) -> np.ndarray:
        """Return uint8 [height, width, 3], RGB, of the exposure whose middle is `t_ns`."""
        half_s = self.exposure_ms / 2e3
        # The middles of equal parts of the exposure; before its start the scene stands still.
        offsets = half_s * (2 * np.arange(self.samples) + 1 - self.samples) / self.samples
        times_s = np.maximum(0.0, t_ns / 1e9 + offsets)
        light = np.mean([scene.colour(float(t_s)) for t_s in times_s], axis=0)
        noise = np.random.default_rng(t_ns).standard_normal(light.shape, dtype=np.float32)
        return eight_bits(scene.exposure * light + np.float32(self.noise) * noise)


def mosaic(colour: np.ndarray, pattern: str) -> np.ndarray:
    """Return [height, width]: of each pixel of [height, width, 3] the colour of the pattern."""
    pixels = np.empty(colour.shape[:2], colour.dtype)
    for index, letter in enumerate(pattern):
        rows, columns = slice(index // 2, None, 2), slice(index % 2, None, 2)
        pixels[rows, columns] = colour[rows, columns, 'rgb'.index(letter)]
    return pixels


def eight_bits(light: np.ndarray) -> np.ndarray:
    """Return light of 0 to 1 as uint8; more is clipped."""
    return np.clip(np.rint(255 * light), 0, 255).astype(np.uint8)


def coloured_board(width: int, height: int, seed: int = 0) -> ThreeScenes:
    """Return the board with AprilTags, painted in areas of different colours.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        seed: seed of motion, texture and colours.
    """
    red, green, blue = scenes = [BoardScene(width, height, seed) for _ in range(3)]
    rows, columns = scenes[0].board.luminance.shape
    cells = TINT_CELLS * rows // max(rows, columns) + 1, TINT_CELLS * columns // max(rows, columns)
    tints = np.random.default_rng(seed).uniform(*TINTS, (*cells, 3)).astype(np.float32)
    for index, scene in enumerate(scenes):
        paint = np.ascontiguousarray(tints[..., index])
        scene.paint(cv2.resize(paint, (columns, rows), interpolation=cv2.INTER_NEAREST))
    return ThreeScenes(red, green, blue)
