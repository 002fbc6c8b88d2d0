# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parameters of simulated event cameras, drawn at random for training."""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorRanges:
    """Distribution of the sensors; each pair is the range of a random value, one per sequence.

    Attributes:
        contrast: contrast threshold, change of log luminance.
        balance: ON threshold divided by OFF threshold.
        mismatch: relative standard deviation of the thresholds between pixels.
        refractory_ms: time after an event in which a pixel emits no other, ms.
        response_ms: time constant of the photoreceptor at a luminance of 0.5, ms.
        noise_hz: median rate of noise events per pixel at a luminance of 0.5, events/s.
        noise_spread: standard deviation of the logarithm of that rate between pixels.
        noise_in_dark: exponent with which the rate grows as the luminance falls; 0 = it does not.
        noise_on: share of ON events among the noise events.
        leak_hz: rate of ON events of a static pixel due to leakage of its reference, events/s.
        hot_share: share of pixels with a higher noise rate, 0 to 1.
        hot_hz: noise rate of a hot pixel, events/s.
    """

    contrast: tuple[float, float] = (0.1, 0.45)
    balance: tuple[float, float] = (0.75, 1.33)
    mismatch: tuple[float, float] = (0.02, 0.12)
    refractory_ms: tuple[float, float] = (0.05, 1.0)
    response_ms: tuple[float, float] = (0.2, 4.0)
    noise_hz: tuple[float, float] = (0.05, 2.0)
    noise_spread: tuple[float, float] = (0.0, 0.0)
    noise_in_dark: tuple[float, float] = (0.0, 0.0)
    noise_on: tuple[float, float] = (0.5, 0.5)
    leak_hz: tuple[float, float] = (0.02, 0.5)
    hot_share: tuple[float, float] = (0.0001, 0.002)
    hot_hz: tuple[float, float] = (20.0, 500.0)


@dataclass(slots=True, eq=False)
class Sensors:
    """Parameters of a batch of sensors.

    Shapes are [batch, height, width], or broadcast to it, unless given otherwise.

    Attributes:
        on: float32, ON threshold, change of log luminance.
        off: float32, OFF threshold, change of log luminance.
        refractory_s: float32, time after an event in which a pixel emits no other, s.
        response_s: float32, time constant of the photoreceptor at a luminance of 0.5, s; 0
            disables the low-pass filter.
        leak_per_s: float32, decrease of the reference per second, log luminance/s.
        noise_hz: float32, rate of noise events at a luminance of 0.5, events/s.
        noise_in_dark: float32, exponent with which the rate grows as the luminance falls.
        noise_on: float32, share of ON events among the noise events.
        hot: int64 [n], flat indices of the hot pixels in [batch, height, width].
        hot_hz: float32 [n], noise rates of the hot pixels, events/s.
    """

    on: torch.Tensor
    off: torch.Tensor
    refractory_s: torch.Tensor
    response_s: torch.Tensor
    leak_per_s: torch.Tensor
    noise_hz: torch.Tensor
    noise_in_dark: torch.Tensor
    noise_on: torch.Tensor
    hot: torch.Tensor
    hot_hz: torch.Tensor

    @staticmethod
    def draw(
        ranges: SensorRanges, batch: int, height: int, width: int, generator: torch.Generator
    ) -> 'Sensors':
        """Draw random sensors, on the generator's device."""
        each, device = (batch, 1, 1), generator.device

        def normal() -> torch.Tensor:
            return torch.randn((batch, height, width), generator=generator, device=device)

        def spread() -> torch.Tensor:
            return (1 + mismatch * normal()).clamp(0.3, 1.7)

        mismatch = uniform(generator, each, *ranges.mismatch)
        contrast = log_uniform(generator, each, *ranges.contrast)
        balance = log_uniform(generator, each, *ranges.balance).sqrt()
        on, off = contrast * balance * spread(), contrast / balance * spread()
        share = log_uniform(generator, each, *ranges.hot_share)
        draws = torch.rand((batch, height, width), generator=generator, device=device)
        hot = (draws < share).flatten().nonzero().flatten()
        return Sensors(
            on=on,
            off=off,
            refractory_s=1e-3 * log_uniform(generator, each, *ranges.refractory_ms),
            response_s=1e-3 * log_uniform(generator, each, *ranges.response_ms),
            leak_per_s=on * log_uniform(generator, each, *ranges.leak_hz),
            noise_hz=log_uniform(generator, each, *ranges.noise_hz)
            * torch.exp(uniform(generator, each, *ranges.noise_spread) * normal()),
            noise_in_dark=uniform(generator, each, *ranges.noise_in_dark),
            noise_on=uniform(generator, each, *ranges.noise_on),
            hot=hot,
            hot_hz=log_uniform(generator, (len(hot),), *ranges.hot_hz),
        )
