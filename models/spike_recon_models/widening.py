# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Starts a wide Spk2Vid from a trained narrow one, with the same images.

The start preserves the function, as in Chen et al., "Net2Net: Accelerating Learning via Knowledge
Transfer", ICLR 2016. But the new channels are no copies: they have random weights, so that they
differ from one another, and the old channels read them with weights of zero.
"""

from collections.abc import Sequence

import torch
from torch import nn

from spike_recon_models.networks.feature_alignment import JointAlignment
from spike_recon_models.networks.spk2vid import Propagation, Spk2Vid

CAN_GROW = 'only `channels`, `align_width` and `views` can grow, without super-resolution'
TRIED_SIZE = 16, 24
"""Rows and columns of the inputs on which both networks are compared."""
TOLERANCE = 1e-4
"""Largest difference of the images by rounding; intensities lie in 0..1."""


@torch.no_grad()
def widen(narrow: Spk2Vid, wide: Spk2Vid) -> None:
    """Change the weights of `wide` so that it makes the images of `narrow`.

    Args:
        narrow: trained network.
        wide: network with the same arguments, but more `channels` or `views`, or a larger
            `align_width`.

    Raises:
        ValueError: the networks differ in other arguments, or enlarge their images.
    """
    if narrow.bins != wide.bins or wide.enlarge is not None or not _holds(wide, narrow):
        raise ValueError(CAN_GROW)
    # The channels that are sampled at the same offsets must stay together.
    groups = wide.first.align.groups
    old, new = (network.embed.out_channels // groups for network in (narrow, wide))
    features = _spread(range(old), new, groups)
    _copy(narrow.embed, wide.embed, outputs=features)
    _copy_blocks(narrow.refine, wide.refine, features)
    for part, wider in (narrow.first, wide.first), (narrow.second, wide.second):
        _copy_alignment(part.align, wider.align, features)
        _copy_propagation(part, wider, features)
    _copy(narrow.head, wide.head, inputs=features)
    if narrow.views is not None and wide.views is not None:
        _copy(narrow.views.weigh, wide.views.weigh)
        _copy(narrow.views.look, wide.views.look)
        _copy(narrow.views.gates, wide.views.gates, inputs=features)
    if narrow.gate is not None and wide.gate is not None:
        _copy(narrow.gate.judge, wide.gate.judge, inputs=features)
        _copy(narrow.gate.factor, wide.gate.factor)
    if narrow.fusion.flow is not None and wide.fusion.flow is not None:
        _copy(narrow.fusion.flow, wide.fusion.flow)
    _copy(narrow.fusion.judge, wide.fusion.judge, inputs=features)
    _copy(narrow.fusion.trust, wide.fusion.trust)
    if not _alike(narrow, wide):
        raise ValueError(CAN_GROW)


def _holds(wide: nn.Module, narrow: nn.Module) -> bool:
    """Return whether each weight of `wide` has room for that of `narrow`."""
    weights, old = wide.state_dict(), narrow.state_dict()
    return weights.keys() == old.keys() and all(
        size <= more
        for name, value in old.items()
        for size, more in zip(value.shape, weights[name].shape, strict=True)
    )


def _alike(narrow: Spk2Vid, wide: Spk2Vid) -> bool:
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


def _copy_alignment(narrow: JointAlignment, wide: JointAlignment, features: list[int]) -> None:
    channels, new = (part.motion.in_channels // part.images for part in (narrow, wide))
    _copy(narrow.motion, wide.motion, inputs=_spread(features, new, narrow.images))
    _copy(narrow.wider, wide.wider)
    _copy(narrow.offsets, wide.offsets)
    _copy(narrow.correct, wide.correct, inputs=range(narrow.wider.out_channels))
    if isinstance(narrow.kernel, nn.Conv2d) and isinstance(wide.kernel, nn.Conv2d):
        taps = narrow.kernel.in_channels // channels
        _copy(narrow.kernel, wide.kernel, features, _spread(features, new, taps))


def _copy_propagation(narrow: Propagation, wide: Propagation, features: list[int]) -> None:
    new = wide.join.out_channels
    _copy(narrow.join, wide.join, features, _spread(features, new, narrow.align.images))
    views, wide_views = _convolutions(narrow.modulate.views), _convolutions(wide.modulate.views)
    for view, wide_view in zip(views, wide_views, strict=True):
        _copy(view, wide_view, inputs=features)
    read = _spread(range(views[0].out_channels), wide_views[0].out_channels, len(views))
    alpha_beta = _spread(features, new, 2)
    _copy(narrow.modulate.modulate, wide.modulate.modulate, alpha_beta, read)
    _copy_blocks(narrow.refine, wide.refine, features)


def _copy_blocks(narrow: nn.Sequential, wide: nn.Sequential, features: list[int]) -> None:
    """Copy residual blocks, whose convolutions read and write features."""
    for layer, wider in zip(_convolutions(narrow), _convolutions(wide), strict=True):
        _copy(layer, wider, features, features)


def _convolutions(part: nn.Module) -> list[nn.Conv2d]:
    return [module for module in part.modules() if isinstance(module, nn.Conv2d)]


def _copy(
    narrow: nn.Conv2d,
    wide: nn.Conv2d,
    outputs: Sequence[int] | None = None,
    inputs: Sequence[int] | None = None,
) -> None:
    """Copy the weights of a convolution.

    Args:
        narrow: to copy from.
        wide: to copy to.
        outputs: channels of the wide one that the old outputs become; None = the first ones.
        inputs: channels of the wide one that the first old inputs become, of which the others
            are the last ones of both; None = the first ones.
    """
    rows = torch.tensor([*(outputs or range(narrow.out_channels))])
    n_inputs, last = narrow.weight.shape[1], wide.weight.shape[1]
    inputs = range(n_inputs) if inputs is None else inputs
    columns = [*inputs, *range(last - n_inputs + len(inputs), last)]
    weight = torch.zeros_like(wide.weight[rows])
    weight[:, torch.tensor(columns)] = narrow.weight
    wide.weight[rows] = weight
    if narrow.bias is not None and wide.bias is not None:
        wide.bias[rows] = narrow.bias


def _spread(channels: Sequence[int], size: int, times: int) -> list[int]:
    """Return the places of channels that are repeated in consecutive blocks of `size`."""
    return [block * size + channel for block in range(times) for channel in channels]
