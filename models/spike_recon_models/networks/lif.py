# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Leaky integrate-and-fire neurons.

    v      = decay v' + current     where v' is the previous membrane, 0 if it had fired
    spike  = 1 where v >= 1, else 0

Firing resets the membrane to zero instead of subtracting the threshold. So rounding differences
between computers vanish at the next spike, and a bright edge does not make a neuron fire for many
windows after it has passed. The stored membrane is limited to -1..1, where 1 means "has fired", so
it is bounded for any input, and strong inhibition does not silence a neuron for long.

A spike has no useful derivative. Training replaces it by that of a fast sigmoid (Neftci et al.,
"Surrogate Gradient Learning in Spiking Neural Networks", IEEE Signal Processing Magazine 2019).
"""

from typing import Any

import torch
from torch import nn

THRESHOLD = 1.0
STEEPNESS = 4.0
"""Of the fast sigmoid; larger = only neurons close to their threshold learn."""
SLOWEST = 3.0
"""Initial decays lie between sigmoid(0) = 0.5 and sigmoid(3) = 0.95 a window."""


def fired(membrane: torch.Tensor) -> torch.Tensor:
    """Return 1 where the membrane has reached the threshold, else 0, of the same type."""
    return (membrane >= THRESHOLD).to(membrane.dtype)


class _Spike(torch.autograd.Function):
    """`fired`, with a surrogate gradient."""

    @staticmethod
    def forward(context: Any, membrane: torch.Tensor) -> torch.Tensor:
        context.save_for_backward(membrane)
        return fired(membrane)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        (membrane,) = context.saved_tensors
        return gradient / (1 + STEEPNESS * (membrane - THRESHOLD).abs()) ** 2


def fire(membrane: torch.Tensor) -> torch.Tensor:
    """Return the same as `fired`, with the surrogate gradient."""
    return _Spike.apply(membrane)


class Lif(nn.Module):
    """One neuron per pixel and channel, with a learned decay per channel.

    Args:
        channels: of current and membrane.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # From the start some channels react fast and some remember.
        self.decay = nn.Parameter(torch.linspace(0, SLOWEST, channels)[:, None, None])

    def forward(
        self, current: torch.Tensor, membrane: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return spikes and membrane, both [batch, channels, height, width].

        The reset has no gradient: through it, a neuron would learn from not firing.
        """
        rested = membrane * (1 - fired(membrane))
        membrane = torch.sigmoid(self.decay) * rested + current
        return fire(membrane), membrane.clamp(-THRESHOLD, THRESHOLD)
