# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loss term: the image must stand still while the sensor is silent for a long time.

A robot stands still for minutes, but a training sequence lasts a second. Without this term no
truth constrains the state after that: it drifts out of the trained range, and some weights then
oscillate visibly for ever. So a few sensors are simulated here from step to step. Each has
received a scene, noise of any strength, or nothing, and then no more input; its images must not
change.

They have the same size as the trained sensors. A network with a large receptive field recognises
the size by the borders: with smaller silent sensors it learned to show nothing at that size for
any input, which stands still.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork

State = tuple[torch.Tensor, ...]

SEED = 0
"""Of the replacement of the sensors and of their input."""
SENSORS = 4
"""Number of silent sensors; each step continues one of them."""
WINDOWS = 3
"""Windows of a step through which gradients flow."""
REPLACED = 0.01
"""Probability that a sensor is replaced in its turn: it lasts for about 300 windows."""
SETTLING_WINDOWS = 20
"""Windows of a new sensor without a loss: its last image may fade."""
NOISY_WINDOWS = 10
STRONGEST_NOISE = 50.0
"""Standard deviation; that of a voxel grid of a real scene is about 1."""


class Rest:
    """The silent sensors.

    Args:
        side: of each sensor, pixels; that of the trained ones.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._random = torch.Generator().manual_seed(SEED)
        self._states: list[State] = []

    def change(self, network: RecurrentNetwork, carried: State) -> torch.Tensor:
        """Feed more silent windows to the sensor that has waited longest.

        Args:
            network: to train.
            carried: its state after the trained sequences, each [batch, channels, ...].

        Returns: mean absolute change of the images from window to window; gradients flow through
            the windows of this call.
        """
        like = next(network.parameters())
        silence = like.new_zeros(1, network.bins, self._side, self._side)
        # In float32: the steps of bfloat16 are as large as the changes that must vanish.
        with torch.autocast(like.device.type, enabled=False):
            if len(self._states) == SENSORS and self._drawn() < REPLACED:
                del self._states[0]
            while len(self._states) < SENSORS:
                state = self._new_state(network, carried, silence)
                self._states.append(_settled(network, state, silence))
            state = tuple(part.to(silence.device) for part in self._states.pop(0))
            images = []
            for _ in range(WINDOWS):
                image, state = network(silence, state)
                images.append(image)
        self._states.append(tuple(part.detach() for part in state))
        return torch.stack(images).diff(dim=0).abs().mean()

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of the sensors."""
        return {'side': self._side, 'random': self._random.get_state(), 'states': self._states}

    def load_state_dict(self, stored: Mapping[str, Any]) -> None:
        """Continue the sensors of a checkpoint, unless they have another size."""
        if stored['side'] == self._side:
            self._random.set_state(stored['random'].cpu())
            self._states = [*stored['states']]

    def _drawn(self) -> float:
        return float(torch.rand((), generator=self._random))

    def _new_state(
        self, network: RecurrentNetwork, carried: State, silence: torch.Tensor
    ) -> State:
        """Return the state of a sensor after a scene, noise, or nothing."""
        nothing = network.zero_state(1, self._side, self._side, silence)
        kind = int(3 * self._drawn())
        # Scenes of another size cannot be used.
        if kind == 0 and nothing and carried[0].shape[1:] == nothing[0].shape[1:]:
            i = int(self._drawn() * len(carried[0]))
            return tuple(part[i : i + 1].float() for part in carried)
        if kind == 1:
            return self._after_noise(network, nothing, silence)
        return nothing

    @torch.no_grad()
    def _after_noise(
        self, network: RecurrentNetwork, state: State, silence: torch.Tensor
    ) -> State:
        strength = math.exp(self._drawn() * math.log(STRONGEST_NOISE))
        density = self._drawn()
        for _ in range(NOISY_WINDOWS):
            noise = strength * torch.randn(silence.shape, generator=self._random)
            noise *= torch.rand(silence.shape, generator=self._random) < density
            noise[:, network.grid_bins :] = 0  # no frame
            _, state = network(noise.to(silence), state)
        return state


@torch.no_grad()
def _settled(network: RecurrentNetwork, state: State, silence: torch.Tensor) -> State:
    for _ in range(SETTLING_WINDOWS):
        _, state = network(silence, state)
    return state
