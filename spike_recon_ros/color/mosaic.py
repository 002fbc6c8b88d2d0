# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours of a sensor with a Bayer pattern under its event or spike pixels.

The four phases of the pattern are reconstructed apart, at half the size, each with a state of its
own, as the Color Event Camera Dataset (Scheerlinck et al., CVPR Workshops 2019) was reconstructed.
Their differences give the colours, without their noise: see `PhaseChroma`.
"""

from collections.abc import Callable

import numpy as np

from spike_recon_ros.color.bayer import PHASES, check_mosaic, demosaiced, joined, phases_of
from spike_recon_ros.color.luma import luma_of, merged
from spike_recon_ros.color.phase_chroma import PhaseChroma
from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.model import Model, step_in_parts
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window


class MosaicColor:
    """Reconstructs the phases of a Bayer pattern.

    Args:
        settings: of the pipeline.
        region: the part of the sensor that is reconstructed.
        kind: kind of camera.
        load: makes a model for a width and a height.

    Raises:
        UserError: the pattern is not known or broken, or the model cannot be loaded.
    """

    def __init__(
        self,
        settings: Settings,
        region: Region,
        kind: SensorKind,
        load: Callable[[int, int], Model],
    ) -> None:
        check_mosaic(settings, region, kind)
        self._pattern, self._is_spike = settings.bayer_pattern, kind is SensorKind.SPIKE
        size = region.width // 2, region.height // 2
        self._models: list[Model] = []
        try:
            for _ in range(PHASES):
                self._models.append(load(*size))
        except BaseException:
            self.close()
            raise
        self._images: list[np.ndarray] = []
        self._chroma = PhaseChroma(self._pattern)

    def step(self, window: Window, whole: bool) -> None:
        """Process the window in all phases; see `step_in_parts`."""
        self._images = [
            step_in_parts(
                model,
                Window(window.t_start_ns, window.t_end_ns, samples, window.stamp_ns, window.due),
                whole=whole,
            )
            for model, samples in zip(self._models, phases_of(window.samples), strict=True)
        ]

    def render(
        self, luma: np.ndarray, stamp_ns: int, limits: tuple[float, float]
    ) -> np.ndarray | None:
        """Return uint8 [height, width, 3], BGR; None before the first window.

        The luma of event cameras is that of the full-size image, whose detail the phases lack. The
        full-size image of a spike camera shows the pattern of the filters, so there the phases,
        demosaiced, give the luma as well.

        Args:
            luma: uint8 [height, width], the rendered image.
            stamp_ns: host time of the image.
            limits: intensities that are shown as black and white.
        """
        if not self._images:
            return None
        black, white = limits
        shown = [_limited((image - black) / (white - black)) for image in self._images]
        if self._is_spike:
            eight_bits = [np.rint(255 * image).astype(np.uint8) for image in shown]
            luma = luma_of(demosaiced(joined(eight_bits), self._pattern))
        return merged(luma, self._chroma.step(shown))

    def reset(self) -> None:
        """Zero the states."""
        self._images = []
        self._chroma.reset()
        for model in self._models:
            model.reset()

    def close(self) -> None:
        """Release the models."""
        while self._models:
            self._models.pop().close()


def _limited(values: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num(values.astype(np.float32), nan=0.5), 0, 1)
