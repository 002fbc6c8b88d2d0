# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Changes of the light on simulated worlds: slow ones that an image shows, and lamps.

Lamps on alternating current change their light 100 or 120 times a second, dimmed LEDs more often.
Event cameras see every period; the image of a frame camera is exposed for longer and shows the
mean. So lamps change what a simulated sensor sees, but not the truth.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform


class LightingModel(Protocol):
    """Distribution of slow changes; see WorldModel."""

    @property
    def lighting_share(self) -> float:
        """Share of worlds whose lighting changes."""

    @property
    def lighting_depth(self) -> tuple[float, float]:
        """Amplitude of the change, log luminance."""

    @property
    def lighting_hz(self) -> tuple[float, float]:
        """Frequency of the change, Hz."""


class Lighting:
    """Lighting that oscillates or switches, stronger on one side of the view than on the other.

    Args:
        model: distribution.
        batch: number of worlds.
        generator: random generator.
    """

    def __init__(self, model: LightingModel, batch: int, generator: torch.Generator) -> None:
        shape = (batch, 1)
        changes = uniform(generator, shape, 0, 1) < model.lighting_share
        depth = log_uniform(generator, shape, *model.lighting_depth)
        self._depth = torch.where(changes, depth, 0.0)
        self._omega = 2 * math.pi * log_uniform(generator, shape, *model.lighting_hz)
        self._phase = uniform(generator, shape, 0, 2 * math.pi)
        # Small values give a sinusoid, large ones a square wave.
        self._steepness = log_uniform(generator, shape, 0.5, 20.0)
        self._slope = uniform(generator, (batch, 2), -0.5, 0.5)
        self._any = bool(changes.any())

    def log_gain(self, t_s: torch.Tensor, height: int, width: int) -> torch.Tensor | None:
        """Return the log gain [batch, times, height, width], at most 0; None if always 0."""
        if not self._any:
            return None
        swing = torch.tanh(self._steepness * torch.sin(self._omega * t_s + self._phase))
        dark = self._depth * (0.5 + 0.5 * swing / torch.tanh(self._steepness))
        x = torch.linspace(-1, 1, width, device=t_s.device)
        y = torch.linspace(-1, 1, height, device=t_s.device)
        across, down = self._slope[:, :1] * x, self._slope[:, 1:] * y
        side = 1 + across[:, None, :] + down[:, :, None]
        return -dark[:, :, None, None] * side[:, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LampModel:
    """Distribution of lamps; each pair is the range of a random value.

    Attributes:
        share: share of worlds lit by a lamp that flickers.
        hz: frequency of its light, Hz: twice that of the mains, or of the pulses of an LED.
        depth: swing of the log luminance.
        steepness: form of the wave; small values give a sinusoid, large ones pulses.
    """

    share: float = 0.0
    hz: tuple[float, float] = (95.0, 250.0)
    depth: tuple[float, float] = (0.05, 0.8)
    steepness: tuple[float, float] = (0.5, 5.0)


class Lamps:
    """The lamps of a batch of worlds.

    Args:
        model: distribution.
        batch: number of worlds.
        generator: random generator.
    """

    def __init__(self, model: LampModel, batch: int, generator: torch.Generator) -> None:
        shape = (batch, 1)
        lit = uniform(generator, shape, 0, 1) < model.share
        self._depth = log_uniform(generator, shape, *model.depth).masked_fill(~lit, 0.0)
        self._omega = 2 * math.pi * log_uniform(generator, shape, *model.hz)
        self._phase = uniform(generator, shape, 0, 2 * math.pi)
        self._steepness = log_uniform(generator, shape, *model.steepness)
        self._any = bool(lit.any())

    def light(self, luminance: torch.Tensor, t_s: torch.Tensor) -> torch.Tensor:
        """Return luminance [batch, times, height, width] as lit at [batch, times], s."""
        if not self._any:
            return luminance
        wave = torch.tanh(self._steepness * torch.sin(self._omega * t_s + self._phase))
        gain = 0.5 * self._depth * (wave / torch.tanh(self._steepness) - 1)
        return luminance * gain.exp()[:, :, None, None]
