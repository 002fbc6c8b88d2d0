# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike camera for training: a batch of cameras on any device.

The pixel model is that of `spike_camera.py`: a pixel integrates light and fires when its charge
reaches the threshold. The threshold is then subtracted and the remainder is kept, so the intervals
of a static pixel are the two integers next to their mean. A pixel fires at most once per plane.
The noise consists of random initial charges, differences in sensitivity and dark rate between
pixels and, in low light, shot noise (Huang et al., "1000x Faster Camera and Machine Vision with
Ordinary Devices", Engineering 2023).
"""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSensorRanges:
    """Distribution of the cameras; each pair is the range of a random value, one per camera.

    Attributes:
        light_scale: spikes/plane at a luminance of 1.
        aperture_px: standard deviation of the blur of the light that the truth does not have,
            pixels. A pixel integrates over its area: 0.29 px for a fill factor of 1. In public
            data sets with planes made from video, frames are interpolated: 0.41 px for each
            bilinear interpolation, so up to about 0.65 px in total.
        gain_spread: relative standard deviation of the sensitivity between pixels.
        dark_rate: mean rate without light, spikes/plane.
        dark_spread: relative standard deviation of the dark rate between pixels.
        low_light_share: share of cameras in low light, which have shot noise.
        low_light: factor on `light_scale` in low light.
        photons_per_spike: photons per threshold in low light.
    """

    light_scale: tuple[float, float] = (0.3, 1.0)
    aperture_px: tuple[float, float] = (0.1, 0.7)
    gain_spread: tuple[float, float] = (0.002, 0.06)
    dark_rate: tuple[float, float] = (0.001, 0.006)
    dark_spread: float = 0.5
    low_light_share: float = 0.15
    low_light: tuple[float, float] = (0.1, 0.5)
    photons_per_spike: tuple[float, float] = (20.0, 200.0)


class SpikePixels:
    """The pixels of a batch of random cameras and their charges.

    Args:
        ranges: distribution to draw the cameras from.
        batch: number of cameras.
        height: rows, pixels.
        width: columns, pixels.
        generator: random generator, on the device to simulate on.

    Attributes:
        light_scale: float32 [batch], spikes/plane at a luminance of 1.
        aperture_px: float32 [batch], standard deviation of the pixels' blur, pixels.
        dark_rate: float32 [batch], mean rate without light, spikes/plane.
    """

    def __init__(
        self,
        ranges: SpikeSensorRanges,
        batch: int,
        height: int,
        width: int,
        generator: torch.Generator,
    ) -> None:
        shape, each = (batch, height, width), (batch,)
        device = generator.device

        def normal() -> torch.Tensor:
            return torch.randn(shape, generator=generator, device=device)

        low = uniform(generator, each, 0, 1) < ranges.low_light_share
        dimmed = torch.where(low, log_uniform(generator, each, *ranges.low_light), 1.0)
        self.light_scale = log_uniform(generator, each, *ranges.light_scale) * dimmed
        self.aperture_px = uniform(generator, each, *ranges.aperture_px)
        spread = log_uniform(generator, each, *ranges.gain_spread)[:, None, None]
        self._gain = (1 + spread * normal()).clamp(min=0.1)
        self.dark_rate = log_uniform(generator, each, *ranges.dark_rate)
        self._dark = self.dark_rate[:, None, None] * (1 + ranges.dark_spread * normal()).clamp(
            min=0
        )
        photons = log_uniform(generator, each, *ranges.photons_per_spike)
        self._low, self._photons = low, photons[low][:, None, None, None]
        self._charge = torch.rand(shape, generator=generator, device=device)
        self._generator = generator

    def planes(self, luminance: torch.Tensor) -> torch.Tensor:
        """Simulate the next planes.

        Args:
            luminance: float32 [batch, planes, height, width], mean light during each plane, linear
                in light intensity.

        Returns: bool [batch, planes, height, width].
        """
        rate = luminance * self.light_scale[:, None, None, None] * self._gain[:, None]
        rate += self._dark[:, None]
        if len(self._photons):
            # A normal instead of a Poisson distribution, for speed; close enough, because tens of
            # photons add up over the planes of an interval.
            light = rate[self._low]
            noise = torch.randn(light.shape, generator=self._generator, device=light.device)
            rate[self._low] = light + noise * (light / self._photons).sqrt()
        # At most one threshold is subtracted per plane; charge above it is lost.
        total = rate.clamp_(max=1.0)
        charge = self._charge
        for plane in total.unbind(1):  # in place; faster than cumsum along this axis
            charge = plane.add_(charge)
        fired = total.floor()
        self._charge = total[:, -1] - fired[:, -1]
        return fired.diff(dim=1, prepend=torch.zeros_like(fired[:, :1])) > 0
