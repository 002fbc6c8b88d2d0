# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Conversion of intensity to the pixels of an image message."""

import cv2
import numpy as np

from spike_recon_ros.image_encodings import DTYPES
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.rendering.structure import A_SCENE, Structure
from spike_recon_ros.rendering.tone import ToneLimits, gentle
from spike_recon_ros.settings import Settings

_CLAHE_TILES = (8, 8)


class Renderer:
    """Contrast stretch, gamma and local equalisation; keeps its limits between images.

    Attributes:
        output_range: intensities that mean black and white in the model's own range; None = it
            has none, so contrast is stretched as if `tone_stretch` were 1.
        limits: intensities that the latest image shows as black and white.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tone = ToneLimits()
        self._structure = Structure()
        self.output_range: tuple[float, float] | None = None
        self.limits = 0.0, 1.0
        pixel = np.zeros((1, 1), np.float32)
        _stretch(pixel, np.float32(0.0), np.float32(1.0), pixel)  # compile before the first image

    def adopt(self, settings: Settings) -> None:
        """Use other settings from the next image on; the limits are kept."""
        self._settings = settings

    def render(
        self, intensity: np.ndarray, t_ns: int, samples: Events | SpikePlanes | None = None
    ) -> np.ndarray:
        """Return the image, freshly allocated.

        Args:
            intensity: float32 [height, width], any range. NaN becomes mid grey.
            t_ns: sensor time of the image.
            samples: events of its window; without, the contrast is taken for that of a scene.

        Returns:
            [height, width]: uint8 for mono8, uint16 for mono16, float32 in 0..1 for 32FC1.
        """
        settings = self._settings
        black, white = self._tone.update(
            intensity,
            t_ns,
            settings.percentile_low,
            settings.percentile_high,
            settings.tone_time,
        )
        if self.output_range is not None and settings.tone_stretch < 1.0:
            evidence = A_SCENE
            if isinstance(samples, Events):
                size = intensity.shape[0], intensity.shape[1]
                evidence = self._structure.update(samples, size, t_ns, settings.tone_time)
            black, white = gentle(
                (black, white), self.output_range, settings.tone_stretch, evidence
            )
        self.limits = black, white
        stretched = np.empty(intensity.shape, np.float32)
        _stretch(intensity, np.float32(black), np.float32(1.0 / (white - black)), stretched)
        if settings.gamma != 1.0:
            cv2.pow(stretched, 1.0 / settings.gamma, dst=stretched)
        dtype = DTYPES[settings.image_encoding]
        if settings.clahe_clip > 0.0:
            return _equalised(stretched, settings.clahe_clip, dtype)
        return _quantised(stretched, dtype)

    def reset(self) -> None:
        """Drop the limits; the next image sets them without smoothing."""
        self._tone.reset()
        self._structure.reset()


def _quantised(image: np.ndarray, dtype: type) -> np.ndarray:
    """Scale an image in 0..1 to the full range of an integer type; float32 stays unchanged."""
    if dtype is np.float32:
        return image
    image *= np.iinfo(dtype).max
    image += 0.5
    return image.astype(dtype)


def _equalised(image: np.ndarray, clip: float, dtype: type) -> np.ndarray:
    """Return the image after contrast-limited adaptive histogram equalisation."""
    # OpenCV equalises integers only; 16 bits are finer than the noise of a camera.
    levels = np.uint16 if dtype is np.float32 else dtype
    equalised = cv2.createCLAHE(clip, _CLAHE_TILES).apply(_quantised(image, levels))
    if dtype is np.float32:
        return equalised.astype(np.float32) / np.float32(np.iinfo(levels).max)
    return equalised


@njit(nogil=True, cache=True)
def _stretch(intensity, black, scale, out):
    """Write (intensity - black) * scale, clipped to 0..1."""
    height, width = intensity.shape
    for y in range(height):
        for x in range(width):
            value = (intensity[y, x] - black) * scale
            limited = min(max(value, np.float32(0.0)), np.float32(1.0))
            out[y, x] = np.float32(0.5) if np.isnan(value) else limited
