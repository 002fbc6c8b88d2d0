# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Base class of all networks, and the description of a state tensor.

The recurrent state is a value: it is passed in, a new one is returned, and the module stores none.
So an export has the state as plain inputs and outputs, and training may cut, detach and carry it.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from spike_recon_ros.representations import anchor_planes


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One tensor of the recurrent state, [batch, channels, height / stride, width / stride].

    Attributes:
        name: unique in the network; its ONNX input is `<name>_in`, its output `<name>_out`.
        channels: number of channels.
        stride: input pixels per pixel of the tensor, a divisor of the network's `pad_multiple`.
        fires_at: of the membranes of spiking neurons: value from which a neuron has fired in the
            last step; None = the tensor holds no membranes.
    """

    name: str
    channels: int
    stride: int
    fires_at: float | None = None


class RecurrentNetwork(nn.Module):
    """Base class of the networks.

    Attributes:
        bins: channels of the input.
        pad_multiple: divisor that height and width of the input must have.
        state_specs: the tensors of the state, in the order of `forward`.
        spiking: whether it has spiking neurons, so that rounding can change single spikes.
        allows_bfloat16: whether a runtime may compute in bfloat16, which is too coarse for the
            coordinates of GridSample on a whole image.
        hop_planes: spike planes between two of its inputs; 0 = any number.
        reads_frames: whether the last channels of the input hold the latest frame of an aligned
            camera; only networks for events.
        reflectable: whether input and state are maps of scalars, so that those of a reflected
            scene are the reflected maps.
        output_scale: pixels of the image per input pixel, along each side.
        image_inputs: for networks that read images, the meaning of each input channel; empty for
            networks that read the samples of a camera.
        image_outputs: for networks that read images, the meaning of each output channel.
        other_instants: further instants whose ground truth training needs, in planes after the
            instant of each image; negative = before.
    """

    bins: int
    pad_multiple: int
    state_specs: tuple[StateSpec, ...]
    spiking: bool = False
    allows_bfloat16: bool = True
    hop_planes: int = 0
    reads_frames: bool = False
    reflectable: bool = False
    output_scale: int = 1
    image_inputs: tuple[str, ...] = ()
    image_outputs: tuple[str, ...] = ()
    other_instants: tuple[int, ...] = ()

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Process one window.

        Args:
            x: float [batch, bins, height, width].
            state: result of the last call; None = zeros.

        Returns: intensity [batch, 1, height, width], each side times `output_scale`, or one
            channel for each of `image_outputs`, and the new state.
        """
        raise NotImplementedError

    @property
    def grid_bins(self) -> int:
        """Channels of the voxel grid in the input of a network for events."""
        return self.bins - anchor_planes.CHANNELS * self.reads_frames

    def zero_state(
        self, batch: int, height: int, width: int, like: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, ...]:
        """Return the state before the first window.

        Args:
            batch: number of sequences.
            height: rows of the input.
            width: columns of the input.
            like: a tensor with the wanted type and device; default: the weights.
        """
        if like is None:
            like = next(self.parameters())
        return tuple(
            like.new_zeros(batch, spec.channels, height // spec.stride, width // spec.stride)
            for spec in self.state_specs
        )

    def observables(self, state: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        """Return dimensionless figures about a step, by name; most networks have none.

        Networks with membranes in their state have `spike_rate`: the share of all these neurons
        that fired in the step. Training averages the figures over the held-back sequences, and the
        model card lists them.

        Args:
            state: result of the step.
        """
        spikes = [
            (tensor >= spec.fires_at).flatten()
            for tensor, spec in zip(state, self.state_specs, strict=True)
            if spec.fires_at is not None
        ]
        return {'spike_rate': torch.cat(spikes).float().mean()} if spikes else {}

    def _state_or_zeros(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None
    ) -> tuple[torch.Tensor, ...]:
        if state is not None:
            return state
        return self.zero_state(x.shape[0], x.shape[2], x.shape[3], like=x)


def initialise(network: nn.Module, seed: int) -> None:
    """Initialise the weights of all convolutions and linear layers; biases become zero.

    The same seed gives the same weights.

    He initialisation (He et al., "Delving Deep into Rectifiers", ICCV 2015) with gain 1, because
    most convolutions here feed gates.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            # For a transposed convolution torch swaps the two: its fan_out counts the inputs.
            transposed = isinstance(module, nn.ConvTranspose2d)
            fan: Literal['fan_in', 'fan_out'] = 'fan_out' if transposed else 'fan_in'
            nn.init.kaiming_normal_(
                module.weight, mode=fan, nonlinearity='linear', generator=generator
            )
            if module.bias is not None:
                nn.init.zeros_(module.bias)
