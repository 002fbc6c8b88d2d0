# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loss term: the image must stand still while the sensor sends nothing but noise.

A camera at rest sends noise for minutes, but a training sequence lasts a second. Without this term
each noise event moves the state a little, and after some seconds the image is gone. Some sensors
are simulated here from step to step, for hundreds of windows. Most have received a scene: their
image must stay that of the moment at which the scene stopped. The others have received nothing:
their image must stay flat, because noise is no structure.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional

from spike_recon_models.networks.recurrent_network import RecurrentNetwork

State = tuple[torch.Tensor, ...]

SEED = 1
"""Of the replacement of the sensors and of their noise."""
SENSORS = 4
"""Number of noisy sensors; each step continues one of them."""
WINDOWS = 4
"""Windows of a step through which gradients flow."""
REPLACED = 0.006
"""Probability that a sensor is replaced in its turn: it lasts for about 600 windows."""
LOST = 0.12
"""Mean change of an image above which it is lost: nothing is left that could be kept."""
SCENES = 0.7
"""Share of the sensors that have received a scene."""
RATE = (3e-4, 0.3)
"""Range of the noise events per pixel and window."""
SPREAD = 0.8
"""Maximum standard deviation of the logarithm of the rate between pixels."""
HOT_SHARE, HOT_RATE = 5e-4, 2.0
"""Share of hot pixels, and their noise events per window."""


class NoiseSource:
    """Voxel grids of the noise of one sensor.

    Args:
        bins: channels of the grids.
        side: rows and columns, pixels.
        generator: random generator on the CPU.
    """

    def __init__(self, bins: int, side: int, generator: torch.Generator) -> None:
        self._bins, self._shape, self._generator = bins, (side, side), generator
        low, high = (math.log(rate) for rate in RATE)
        rate = math.exp(low + (high - low) * self._draw())
        normal = torch.randn(self._shape, generator=generator)
        self._rates = rate * torch.exp(SPREAD * self._draw() * normal)
        self._rates[torch.rand(self._shape, generator=generator) < HOT_SHARE] = HOT_RATE
        self._on = 0.3 + 0.5 * self._draw()

    def grid(self) -> torch.Tensor:
        """Return the next window, float32 [1, bins, side, side]."""
        counts = torch.poisson(self._rates, generator=self._generator).long()
        where = torch.repeat_interleave(counts.flatten())
        draws = torch.rand((2, len(where)), generator=self._generator)
        sign = torch.where(draws[0] < self._on, 1.0, -1.0)
        place = draws[1] * (self._bins - 1)
        first = place.long().clamp(max=self._bins - 2)
        later = sign * (place - first)
        grid = torch.zeros(self._bins * counts.numel())
        at = first * counts.numel() + where
        grid.index_add_(0, at, sign - later)
        grid.index_add_(0, at + counts.numel(), later)
        return grid.view(1, self._bins, *self._shape)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores, without the generator."""
        return {'rates': self._rates, 'on': self._on}

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        """Continue the noise of a checkpoint."""
        self._rates, self._on = stored['rates'].cpu(), stored['on']

    def _draw(self) -> float:
        return float(torch.rand((), generator=self._generator))


class NoisyRest:
    """The noisy sensors.

    Args:
        side: of each sensor, pixels; that of the trained ones.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._generator = torch.Generator().manual_seed(SEED)
        self._sensors: list[tuple[State, NoiseSource, torch.Tensor | None]] = []

    def change(self, network: RecurrentNetwork, carried: State) -> torch.Tensor:
        """Feed more noise to the sensor that has waited longest.

        Args:
            network: to train.
            carried: its state after the trained sequences, each [batch, channels, ...].

        Returns: mean absolute difference of its images from the image that must stay, or from
            their own mean where the sensor has seen nothing; gradients flow through the windows of
            this call.
        """
        while len(self._sensors) < SENSORS:
            self._sensors.append(self._new(network, carried))
        state, noise, kept = self._sensors.pop(0)
        device = next(network.parameters()).device
        state = tuple(part.to(device) for part in state)
        kept = kept if kept is None else kept.to(device)
        like = state[0] if state else next(network.parameters())
        no_frame = 0, 0, 0, 0, 0, network.bins - network.grid_bins
        images = []
        for _ in range(WINDOWS):
            image, state = network(functional.pad(noise.grid(), no_frame).to(like), state)
            images.append(image.float())
        video = torch.stack(images)
        wanted = video.mean((-2, -1), keepdim=True) if kept is None else kept
        change = (video - wanted).abs().mean()
        lost = kept is not None and float(change.detach()) > LOST
        if not lost and self._drawn() >= REPLACED:
            self._sensors.append((tuple(part.detach() for part in state), noise, kept))
        return change

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of the sensors."""
        sensors = [
            {'state': state, 'noise': noise.state_dict(), 'kept': kept}
            for state, noise, kept in self._sensors
        ]
        return {'side': self._side, 'random': self._generator.get_state(), 'sensors': sensors}

    def load_state_dict(self, stored: Mapping[str, Any], bins: int) -> None:
        """Continue the sensors of a checkpoint, unless they have another size.

        Args:
            stored: by `state_dict`.
            bins: channels of the grids.
        """
        if stored['side'] != self._side:
            return
        self._sensors = []
        for one in stored['sensors']:
            noise = NoiseSource(bins, self._side, self._generator)
            noise.load_state_dict(one['noise'])
            self._sensors.append((one['state'], noise, one['kept']))
        self._generator.set_state(stored['random'].cpu())  # after what new sources drew

    def _drawn(self) -> float:
        return float(torch.rand((), generator=self._generator))

    @torch.no_grad()
    def _new(
        self, network: RecurrentNetwork, carried: State
    ) -> tuple[State, NoiseSource, torch.Tensor | None]:
        """Return the state of a sensor, its noise, and the image to keep; None = any flat one."""
        noise = NoiseSource(network.grid_bins, self._side, self._generator)
        like = next(network.parameters())
        nothing = network.zero_state(1, self._side, self._side, like)
        # Scenes of another size cannot be used.
        usable = bool(nothing) and carried[0].shape[1:] == nothing[0].shape[1:]
        if not usable or self._drawn() >= SCENES:
            return nothing, noise, None
        i = int(self._drawn() * len(carried[0]))
        state = tuple(part[i : i + 1].float() for part in carried)
        silence = like.new_zeros(1, network.bins, self._side, self._side)
        image, state = network(silence, state)
        return state, noise, image.float()
