# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spike camera pixels, for many cameras at once, on any device.

Comes in: the light on every pixel, sampled in time. Goes out: spike planes. Knows nothing about
scenes or networks.

A pixel integrates light and fires when the charge reaches its threshold, which is then subtracted:
what is above it carries over, so the intervals of a still pixel are the two whole numbers next to
their mean. It fires at most once a plane. That the pixels begin anywhere in their cycle, that some
are brighter or leak more than others and, in low light, that photons come one by one, is the noise
there is (Huang et al., "1000x Faster Camera and Machine Vision with Ordinary Devices",
Engineering 2023).
"""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSensorRanges:
    """What cameras are drawn from; each pair is the range of a random value.

    Attributes:
        light_scale: spikes a plane of a luminance of 1.
        aperture_px: standard deviation of the blur that is in the light but not in the truth. A
            pixel gathers over its area: 0.29 px where it fills its square. In public data sets,
            whose planes are made from video, frames are interpolated: 0.41 px each time, where
            that is done bilinearly, so up to about 0.65 in all.
        gain_spread: standard deviation of the pixels' sensitivity, relative.
        dark_rate: spikes a plane without light, on average.
        dark_spread: standard deviation of the dark rate, relative.
        low_light_share: share of cameras in low light, where photons come one by one.
        low_light: what the light scale is multiplied by there.
        photons_per_spike: charge of a spike there, in photons.
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
    """The pixels of a batch of cameras, and the charge that each holds.

    Args:
        ranges: what to draw the cameras from.
        batch: cameras.
        height: rows, pixels.
        width: columns, pixels.
        generator: source of chance, on the device where everything shall happen.

    Attributes:
        light_scale: float32 [batch], spikes a plane of a luminance of 1.
        aperture_px: float32 [batch], standard deviation of the pixels' blur, pixels.
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
        dark = log_uniform(generator, each, *ranges.dark_rate)[:, None, None]
        self._dark = dark * (1 + ranges.dark_spread * normal()).clamp(min=0)
        photons = log_uniform(generator, each, *ranges.photons_per_spike)
        self._low, self._photons = low, photons[low][:, None, None, None]
        self._charge = torch.rand(shape, generator=generator, device=device)
        self._generator = generator

    def planes(self, luminance: torch.Tensor) -> torch.Tensor:
        """Look at the light and return the planes: bool [batch, planes, height, width].

        Args:
            luminance: of each plane, float32 of the same shape, linear in the light.
        """
        rate = luminance * self.light_scale[:, None, None, None] * self._gain[:, None]
        rate += self._dark[:, None]
        if len(self._photons):
            # A normal distribution in place of Poisson's, many times as fast: what counts is the
            # sum over the planes of an interval, to which tens of photons come.
            light = rate[self._low]
            noise = torch.randn(light.shape, generator=self._generator, device=light.device)
            rate[self._low] = light + noise * (light / self._photons).sqrt()
        # A threshold is subtracted once a plane at most; what is more is lost, not kept.
        total = rate.clamp_(max=1.0)
        charge = self._charge
        for plane in total.unbind(1):  # in place, and faster than a sum along this axis
            charge = plane.add_(charge)
        fired = total.floor()
        self._charge = total[:, -1] - fired[:, -1]
        return fired.diff(dim=1, prepend=torch.zeros_like(fired[:, :1])) > 0
