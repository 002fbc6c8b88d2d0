# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a network shows of a sensor that has gone silent, and for long.

Comes in: a network and the state that training carries. Goes out: how much its images still
change. Knows nothing about scenes.

A robot stands still for minutes, a training sequence lasts a second. What the state does after
that no truth has ever corrected: it drifts to where it has never been, and some weights swing
there, visibly and for ever. So a few small sensors are kept here from step to step. Each has seen
a scene, noise of any strength, or nothing at all, and then nothing more; their images must stand
still.
"""

import math

import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork

State = tuple[torch.Tensor, ...]

SENSORS = 4
SIDE = 32
"""Of a sensor, pixels: small, so that a tenth of the time of training goes here."""
WINDOWS = 6
"""Looked at in each step."""
REPLACED = 0.05
"""Chance in each step that the oldest sensor is replaced: one lives for about 500 windows."""
SETTLING_WINDOWS = 20
"""That pass before a new sensor is looked at: what was seen may fade."""
NOISY_WINDOWS = 10
STRONGEST_NOISE = 50.0
"""Standard deviation; that of a voxel grid of a real scene is about 1."""


class Rest:
    """The silent sensors.

    Args:
        seed: of which of them are replaced, and by what.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = torch.Generator().manual_seed(seed)
        self._states: list[State] = []

    def change(self, network: RecurrentNetwork, carried: State) -> torch.Tensor:
        """Let some more silent windows pass.

        Args:
            network: to look at.
            carried: its state after what it is trained on, each [batch, channels, ...].

        Returns: mean absolute change of the images from window to window; gradients flow through
            the windows of this call.
        """
        like = next(network.parameters())
        silence = like.new_zeros(SENSORS, network.bins, SIDE, SIDE)
        # In float32: in bfloat16 the images have steps as large as what must vanish.
        with torch.autocast(like.device.type, enabled=False):
            if len(self._states) == SENSORS and self._drawn() < REPLACED:
                del self._states[0]
            while len(self._states) < SENSORS:
                seen = self._seen_by_one(network, carried, like)
                self._states.append(_settled(network, seen, silence[:1]))
            state = tuple(torch.cat(parts) for parts in zip(*self._states, strict=True))
            images = []
            for _ in range(WINDOWS):
                image, state = network(silence, state)
                images.append(image)
        self._states = [tuple(part[i : i + 1].detach() for part in state) for i in range(SENSORS)]
        return torch.stack(images).diff(dim=0).abs().mean()

    def _drawn(self) -> float:
        return float(torch.rand((), generator=self._random))

    def _seen_by_one(self, network: RecurrentNetwork, carried: State, like: torch.Tensor) -> State:
        """Return the state of a sensor that has seen a part of the scene, noise, or nothing."""
        kind = int(3 * self._drawn())
        if kind == 0:
            return self._part_of(network, carried)
        if kind == 1:
            return self._noise_seen(network, like)
        return network.zero_state(1, SIDE, SIDE, like)

    @torch.no_grad()
    def _noise_seen(self, network: RecurrentNetwork, like: torch.Tensor) -> State:
        strength = math.exp(self._drawn() * math.log(STRONGEST_NOISE))
        density = self._drawn()
        shape = 1, network.bins, SIDE, SIDE
        state = network.zero_state(1, SIDE, SIDE)
        for _ in range(NOISY_WINDOWS):
            noise = strength * torch.randn(shape, generator=self._random)
            noise *= torch.rand(shape, generator=self._random) < density
            _, state = network(noise.to(like), state)
        return state

    def _part_of(self, network: RecurrentNetwork, carried: State) -> State:
        """Cut a sensor out of the state of a scene."""
        if not carried:
            return ()
        batch, step = carried[0].shape[0], network.pad_multiple
        height, width = (side * network.state_specs[0].stride for side in carried[0].shape[2:])
        i = int(self._drawn() * batch)
        top, left = (
            int(self._drawn() * ((side - SIDE) // step + 1)) * step for side in (height, width)
        )
        return tuple(
            part[
                i : i + 1,
                :,
                top // spec.stride : (top + SIDE) // spec.stride,
                left // spec.stride : (left + SIDE) // spec.stride,
            ].float()
            for part, spec in zip(carried, network.state_specs, strict=True)
        )


@torch.no_grad()
def _settled(network: RecurrentNetwork, state: State, silence: torch.Tensor) -> State:
    for _ in range(SETTLING_WINDOWS):
        _, state = network(silence, state)
    return state
