# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The mean of a network's images of four reflections of the events.

A trained network is not exactly equivariant: the image of reflected events is not the reflected
image. The two differ by errors that are as large in one as in the other, and partly independent.
So their mean is better than each, at the cost of running the network four times; the published
form for single images is the self-ensemble of Lim et al., "Enhanced Deep Residual Networks for
Single Image Super-Resolution", CVPRW 2017. Here each reflection has its own recurrent state.

It can also be the teacher of a training (`spike-recon train --teacher`).
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from spike_recon_models.networks.recurrent_network import RecurrentNetwork

COMMON = 'bins', 'pad_multiple', 'spiking', 'allows_bfloat16'
"""Attributes that are those of the inner network."""
REFLECTIONS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
"""The axes that each reflection reverses: none, columns, rows, both."""


class Mirrored(RecurrentNetwork):
    """The network.

    Weights are those of the inner network, with the same names: no training is needed, and a
    bundle of either can start the other.

    Args:
        inner: the network that is run four times.

    Raises:
        ValueError: its input or its state holds more than maps of scalars, so that a reflection is
            not one of the maps alone.
    """

    def __init__(self, inner: RecurrentNetwork) -> None:
        super().__init__()
        if not inner.reflectable:
            raise ValueError('only networks for events without frames can be mirrored')
        self.inner = inner
        self.register_state_dict_post_hook(_without_prefix)
        self.register_load_state_dict_pre_hook(_with_prefix)
        for name in COMMON:
            setattr(self, name, getattr(inner, name))
        # The four states are upright and side by side, so that a part of the image has its state
        # where it is.
        self.state_specs = tuple(
            dataclasses.replace(spec, channels=len(REFLECTIONS) * spec.channels)
            for spec in inner.state_specs
        )

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork."""
        state = self._state_or_zeros(x, state)
        parts = [part.chunk(len(REFLECTIONS), 1) for part in state]
        inner_state = tuple(_reflected(part) for part in parts)
        images, inner_state = self.inner(_reflected([x] * len(REFLECTIONS)), inner_state)
        image = torch.stack(_upright(images)).mean(0)
        return image, tuple(torch.cat(_upright(part), 1) for part in inner_state)


def _reflected(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return a batch of one upright part for each reflection, reflected."""
    return torch.cat([part.flip(axes) for part, axes in zip(parts, REFLECTIONS, strict=True)])


def _upright(batch: torch.Tensor) -> list[torch.Tensor]:
    """Return the parts of such a batch, upright."""
    parts = batch.chunk(len(REFLECTIONS))
    return [part.flip(axes) for part, axes in zip(parts, REFLECTIONS, strict=True)]


def _without_prefix(
    module: nn.Module, weights: dict[str, Any], prefix: str, metadata: dict[str, Any]
) -> None:
    """Rename the weights of the inner network from `inner.x` to `x`."""
    for name in [name for name in weights if name.startswith(f'{prefix}inner.')]:
        weights[prefix + name.removeprefix(f'{prefix}inner.')] = weights.pop(name)


def _with_prefix(module: nn.Module, weights: dict[str, Any], prefix: str, *others: Any) -> None:
    """Rename them back."""
    for name in [name for name in weights if name.startswith(prefix)]:
        weights[f'{prefix}inner.{name.removeprefix(prefix)}'] = weights.pop(name)
