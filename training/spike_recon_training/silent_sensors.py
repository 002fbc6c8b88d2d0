# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a network shows of a sensor that has gone silent, and for long.

Comes in: a network and the state that training carries. Goes out: how much its images still
change. Knows nothing about scenes.

A robot stands still for minutes, a training sequence lasts a second. What the state does after
that no truth has ever corrected: it drifts to where it has never been, and some weights swing
there, visibly and for ever. So a few sensors are kept here from step to step. Each has seen
a scene, noise of any strength, or nothing at all, and then nothing more; their images must stand
still.

They have the size of those that are trained on. A network that sees far tells the size of an image
by its borders: of smaller sensors it learned to show nothing whatever came in, which stands still.
"""

import math

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork

State = tuple[torch.Tensor, ...]

SENSORS = 4
"""That are kept; one of them is looked at in each step."""
WINDOWS = 3
"""Looked at."""
REPLACED = 0.01
"""Chance that a sensor is replaced when its turn comes: one lives for about 300 windows."""
SETTLING_WINDOWS = 20
"""That pass before a new sensor is looked at: what was seen may fade."""
NOISY_WINDOWS = 10
STRONGEST_NOISE = 50.0
"""Standard deviation; that of a voxel grid of a real scene is about 1."""


class Rest:
    """The silent sensors.

    Args:
        side: of each, pixels; as large as what is trained on.
        seed: of which of them are replaced, and by what.
    """

    def __init__(self, side: int, seed: int = 0) -> None:
        self._side = side
        self._random = torch.Generator().manual_seed(seed)
        self._states: list[State] = []

    def change(self, network: RecurrentNetwork, carried: State) -> torch.Tensor:
        """Let some more silent windows pass before the sensor that has waited longest.

        Args:
            network: to look at.
            carried: its state after what it is trained on, each [batch, channels, ...].

        Returns: mean absolute change of the images from window to window; gradients flow through
            the windows of this call.
        """
        like = next(network.parameters())
        silence = like.new_zeros(1, network.bins, self._side, self._side)
        # In float32: in bfloat16 the images have steps as large as what must vanish.
        with torch.autocast(like.device.type, enabled=False):
            if len(self._states) == SENSORS and self._drawn() < REPLACED:
                del self._states[0]
            while len(self._states) < SENSORS:
                seen = self._seen_by_one(network, carried, silence)
                self._states.append(_settled(network, seen, silence))
            state = self._states.pop(0)
            images = []
            for _ in range(WINDOWS):
                image, state = network(silence, state)
                images.append(image)
        self._states.append(tuple(part.detach() for part in state))
        return torch.stack(images).diff(dim=0).abs().mean()

    def _drawn(self) -> float:
        return float(torch.rand((), generator=self._random))

    def _seen_by_one(
        self, network: RecurrentNetwork, carried: State, silence: torch.Tensor
    ) -> State:
        """Return the state of a sensor that has seen one of the scenes, noise, or nothing."""
        nothing = network.zero_state(1, self._side, self._side, silence)
        kind = int(3 * self._drawn())
        # Scenes of another size are passed over.
        if kind == 0 and nothing and carried[0].shape[1:] == nothing[0].shape[1:]:
            i = int(self._drawn() * len(carried[0]))
            return tuple(part[i : i + 1].float() for part in carried)
        if kind == 1:
            return self._noise_seen(network, nothing, silence)
        return nothing

    @torch.no_grad()
    def _noise_seen(self, network: RecurrentNetwork, state: State, silence: torch.Tensor) -> State:
        strength = math.exp(self._drawn() * math.log(STRONGEST_NOISE))
        density = self._drawn()
        for _ in range(NOISY_WINDOWS):
            noise = strength * torch.randn(silence.shape, generator=self._random)
            noise *= torch.rand(silence.shape, generator=self._random) < density
            _, state = network(noise.to(silence), state)
        return state


@torch.no_grad()
def _settled(network: RecurrentNetwork, state: State, silence: torch.Tensor) -> State:
    for _ in range(SETTLING_WINDOWS):
        _, state = network(silence, state)
    return state
