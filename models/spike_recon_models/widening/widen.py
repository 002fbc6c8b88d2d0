# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Starts a wide network from a trained narrow one, with the same images.

The start preserves the function, as in Chen et al., "Net2Net: Accelerating Learning via Knowledge
Transfer", ICLR 2016. But the new channels are no copies: they have random weights, so that they
differ from one another, and the old channels read them with weights of zero.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import nn

from spike_recon_models.networks.hybrid import Hybrid
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.spk2vid import Spk2Vid
from spike_recon_models.networks.two_scale_gru import TwoScaleGru
from spike_recon_models.widening.spk2vid import copy_spk2vid
from spike_recon_models.widening.two_scale_gru import copy_two_scale_gru


class _Growth(NamedTuple):
    """How the weights of a narrow network become those of a wide one, and what may grow."""

    copy: Callable[..., None]
    condition: str


_TWO_SCALES = _Growth(copy_two_scale_gru, 'only `channels` and `context` can grow')
_GROWTH: dict[type[nn.Module], _Growth] = {
    Spk2Vid: _Growth(
        copy_spk2vid,
        'only `channels`, `align_width` and `views` can grow, without super-resolution',
    ),
    TwoScaleGru: _TWO_SCALES,
    Hybrid: _TWO_SCALES,
}
TRIED_SIZE = 16, 24
"""Rows and columns of the inputs on which both networks are compared."""
TOLERANCE = 1e-4
"""Largest difference of the images by rounding; intensities lie in 0..1."""


def can_grow(network: nn.Module) -> bool:
    """Return whether a network of this kind may start from a narrower one."""
    return type(network) in _GROWTH


def is_wider(wide: nn.Module, narrow: nn.Module) -> bool:
    """Return whether `wide` is a network of the same kind with more channels somewhere.

    True does not mean that `widen` can start it from `narrow`: other arguments may differ.
    """
    is_alike = can_grow(wide) and type(wide) is type(narrow)
    return is_alike and any(size < more for size, more in _sizes(narrow, wide))


@torch.no_grad()
def widen(narrow: RecurrentNetwork, wide: RecurrentNetwork) -> None:
    """Change the weights of `wide` so that it makes the images of `narrow`.

    Args:
        narrow: trained network.
        wide: network with the same arguments, but more of the channels that can grow.

    Raises:
        ValueError: the networks differ in other arguments, or enlarge their images.
    """
    growth = _GROWTH[type(narrow)]
    if not _holds(wide, narrow) or wide.output_scale > 1:
        raise ValueError(growth.condition)
    growth.copy(narrow, wide)
    if not _alike(narrow, wide):
        raise ValueError(growth.condition)


def _holds(wide: RecurrentNetwork, narrow: RecurrentNetwork) -> bool:
    """Return whether each weight of `wide` has room for that of `narrow`."""
    return (
        wide.state_dict().keys() == narrow.state_dict().keys()
        and wide.bins == narrow.bins
        and all(size <= more for size, more in _sizes(narrow, wide))
    )


def _sizes(narrow: nn.Module, wide: nn.Module) -> Iterator[tuple[int, int]]:
    """Yield the sizes, along each axis, of the weights that both networks have."""
    weights = wide.state_dict()
    for name, value in narrow.state_dict().items():
        if name in weights:
            yield from zip(value.shape, weights[name].shape, strict=True)


def _alike(narrow: RecurrentNetwork, wide: RecurrentNetwork) -> bool:
    """Return whether both make the same images of random inputs.

    Arguments such as `base` or `taps` change what weights mean, but not always their shapes.
    """
    generator = torch.Generator().manual_seed(0)
    state = wide_state = None
    for _ in range(2):  # the second one reads the state
        x = torch.rand((1, narrow.bins, *TRIED_SIZE), generator=generator)
        image, state = narrow(x, state)
        wide_image, wide_state = wide(x, wide_state)
        if not torch.allclose(image, wide_image, atol=TOLERANCE):
            return False
    return True
