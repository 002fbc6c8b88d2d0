# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every recurrent network looks like from outside.

Comes in: nothing. Goes out: the base class and the description of a state tensor. Knows nothing
about what is in a network, nor about files, training or the runtime.

The recurrent state is a value: it comes in, a new one goes out, and the module keeps none. So an
export has the state as plain inputs and outputs, and training may cut, detach and carry it.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn


@dataclass(frozen=True, slots=True)
class StateSpec:
    """One tensor of the recurrent state, [batch, channels, height / stride, width / stride].

    Attributes:
        name: unique in the network; its ONNX input is `<name>_in`, its output `<name>_out`.
        channels: number of channels.
        stride: input pixels to one of the tensor, a divisor of the network's `pad_multiple`.
    """

    name: str
    channels: int
    stride: int


class RecurrentNetwork(nn.Module):
    """Base class of the networks.

    Attributes:
        bins: channels of the input.
        pad_multiple: what height and width of the input must be divisible by.
        state_specs: the tensors of the state, in the order in which `forward` takes them.
        spiking: whether neurons in it fire or do not, so that rounding shows in single spikes.
        allows_bfloat16: whether a runtime may compute in bfloat16, which is too coarse for the
            coordinates of GridSample on a whole image.
        hop_planes: spike planes that lie between two of its inputs; 0 = any number.
        output_scale: pixels of the image to a side of one of the input.
    """

    bins: int
    pad_multiple: int
    state_specs: tuple[StateSpec, ...]
    spiking: bool = False
    allows_bfloat16: bool = True
    hop_planes: int = 0
    output_scale: int = 1

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Take one window in.

        Args:
            x: float [batch, bins, height, width].
            state: what the last call returned; None = zeros.

        Returns: intensity [batch, 1, height, width], each side times `output_scale`, and the new
            state.
        """
        raise NotImplementedError

    def zero_state(
        self, batch: int, height: int, width: int, like: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, ...]:
        """Return the state before the first window.

        Args:
            batch: number of sequences.
            height: rows of the input.
            width: columns of the input.
            like: a tensor of the type and on the device that are wanted; default: as the weights.
        """
        if like is None:
            like = next(self.parameters())
        return tuple(
            like.new_zeros(batch, spec.channels, height // spec.stride, width // spec.stride)
            for spec in self.state_specs
        )

    def observables(self, state: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        """Return figures worth reporting about a step, by name, each a number without dimensions.

        Training averages them over the held-back sequences, and the model card lists them. Most
        networks have none.

        Args:
            state: what the step returned.
        """
        return {}

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
