# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The step of the pipeline that makes colour images, while someone wants them."""

import dataclasses
import functools
from typing import Protocol

import cv2
import numpy as np

from spike_recon_ros.color.frame_color import FrameColor
from spike_recon_ros.color.guess import GuessColor
from spike_recon_ros.color.luma import grey_in_colour
from spike_recon_ros.color.mosaic import MosaicColor
from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.cpu_threads import default_threads
from spike_recon_ros.frames.camera_frame import eight_bits
from spike_recon_ros.frames.store import FrameStore
from spike_recon_ros.model_choice import LoadModel
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import Statistics
from spike_recon_ros.windows.window import Window


class Colorizer(Protocol):
    """Gives colours to images."""

    def step(self, window: Window, whole: bool) -> None:
        """Process a window."""

    def render(
        self, luma: np.ndarray, stamp_ns: int, limits: tuple[float, float]
    ) -> np.ndarray | None:
        """Return uint8 [height, width, 3], BGR, of an image; None = its colours are not known."""

    def reset(self) -> None:
        """Forget the past."""

    def close(self) -> None:
        """Release memory and threads."""


class ColorStage:
    """Makes the colour images of one sensor.

    Args:
        settings: of the pipeline; `color` selects the source of the colours.
        frames: of the camera beside the sensor.
        statistics: where colour images are counted.
        load: makes a model, as `load_model` does.
    """

    def __init__(
        self, settings: Settings, frames: FrameStore, statistics: Statistics, load: LoadModel
    ) -> None:
        self._settings, self._frames, self._statistics = settings, frames, statistics
        self._load = load
        self._is_wanted = False
        self._colorizer: Colorizer | None = None

    def prepare(self, region: Region, kind: SensorKind) -> None:
        """Load what the colours need.

        Args:
            region: the part of the sensor that is reconstructed.
            kind: kind of camera.

        Raises:
            UserError: the sensor does not suit the setting, or a network cannot be loaded.
        """
        settings = self._settings
        if settings.color == 'mosaic':
            # Frames of a camera are registered to the sensor, not to its phases.
            phases = dataclasses.replace(settings, frames='off')
            load = functools.partial(self._load, phases, kind=kind)
            self._colorizer = MosaicColor(settings, region, kind, load)
        elif settings.color == 'frame':
            self._colorizer = FrameColor(region, self._frames)
        elif settings.color == 'guess':
            threads = settings.threads or default_threads()
            self._colorizer = GuessColor(*region.image_size, threads)

    def step(self, window: Window, whole: bool, *, wanted: bool) -> None:
        """Process a window.

        Args:
            window: to process.
            whole: see `step_in_parts`.
            wanted: whether a colour image is wanted. Without, nothing is done, and the next window
                that is wanted begins with a state of zero.
        """
        if self._colorizer is None:
            return
        if wanted and not self._is_wanted:
            self._colorizer.reset()
        self._is_wanted = wanted
        if wanted:
            self._colorizer.step(window, whole)

    def render(
        self, image: np.ndarray | None, stamp_ns: int, limits: tuple[float, float]
    ) -> np.ndarray | None:
        """Return the colour image, uint8 [height, width, 3] in `color_encoding`.

        An image whose colours are not known, for example before the first frame of the camera, is
        grey and counted.

        Args:
            image: the rendered image, of any encoding; None = rendering is switched off.
            stamp_ns: host time of the image.
            limits: intensities that are shown as black and white.

        Returns: None if no colour image is wanted.
        """
        if self._colorizer is None or image is None or not self._is_wanted:
            return None
        luma = eight_bits(image)
        colour = self._colorizer.render(luma, stamp_ns, limits)
        self._statistics.color_frames += 1
        if colour is None:
            self._statistics.colorless_frames += 1
            colour = grey_in_colour(luma)
        if self._settings.color_encoding == 'bgr8':
            return colour
        return cv2.cvtColor(colour, cv2.COLOR_BGR2RGB)

    def reset(self) -> None:
        """Forget the past, as the stream begins again."""
        if self._colorizer is not None:
            self._colorizer.reset()

    def close(self) -> None:
        """Release what was loaded."""
        if self._colorizer is not None:
            self._colorizer.close()
            self._colorizer = None
