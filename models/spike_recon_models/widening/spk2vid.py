# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Copies the weights of a narrow Spk2Vid into a wide one."""

from torch import nn

from spike_recon_models.networks.feature_alignment import JointAlignment
from spike_recon_models.networks.spk2vid import Propagation, Spk2Vid
from spike_recon_models.widening.convolutions import copy_weights, spread


def copy_spk2vid(narrow: Spk2Vid, wide: Spk2Vid) -> None:
    """Copy all weights; channels that are sampled at the same offsets stay together."""
    groups = wide.first.align.groups
    old, new = (network.embed.out_channels // groups for network in (narrow, wide))
    features = spread(range(old), new, groups)
    copy_weights(narrow.embed, wide.embed, outputs=features)
    _copy_blocks(narrow.refine, wide.refine, features)
    for part, wider in (narrow.first, wide.first), (narrow.second, wide.second):
        _copy_alignment(part.align, wider.align, features)
        _copy_propagation(part, wider, features)
    copy_weights(narrow.head, wide.head, inputs=features)
    if narrow.views is not None and wide.views is not None:
        copy_weights(narrow.views.weigh, wide.views.weigh)
        copy_weights(narrow.views.look, wide.views.look)
        copy_weights(narrow.views.gates, wide.views.gates, inputs=features)
    if narrow.gate is not None and wide.gate is not None:
        copy_weights(narrow.gate.judge, wide.gate.judge, inputs=features)
        copy_weights(narrow.gate.factor, wide.gate.factor)
    if narrow.fusion.flow is not None and wide.fusion.flow is not None:
        copy_weights(narrow.fusion.flow, wide.fusion.flow)
    copy_weights(narrow.fusion.judge, wide.fusion.judge, inputs=features)
    copy_weights(narrow.fusion.trust, wide.fusion.trust)


def _copy_alignment(narrow: JointAlignment, wide: JointAlignment, features: list[int]) -> None:
    channels, new = (part.motion.in_channels // part.images for part in (narrow, wide))
    copy_weights(narrow.motion, wide.motion, inputs=spread(features, new, narrow.images))
    copy_weights(narrow.wider, wide.wider)
    copy_weights(narrow.offsets, wide.offsets)
    copy_weights(narrow.correct, wide.correct, inputs=range(narrow.wider.out_channels))
    if isinstance(narrow.kernel, nn.Conv2d) and isinstance(wide.kernel, nn.Conv2d):
        taps = narrow.kernel.in_channels // channels
        copy_weights(narrow.kernel, wide.kernel, features, spread(features, new, taps))


def _copy_propagation(narrow: Propagation, wide: Propagation, features: list[int]) -> None:
    new = wide.join.out_channels
    copy_weights(narrow.join, wide.join, features, spread(features, new, narrow.align.images))
    views, wide_views = _convolutions(narrow.modulate.views), _convolutions(wide.modulate.views)
    for view, wide_view in zip(views, wide_views, strict=True):
        copy_weights(view, wide_view, inputs=features)
    read = spread(range(views[0].out_channels), wide_views[0].out_channels, len(views))
    alpha_beta = spread(features, new, 2)
    copy_weights(narrow.modulate.modulate, wide.modulate.modulate, alpha_beta, read)
    _copy_blocks(narrow.refine, wide.refine, features)


def _copy_blocks(narrow: nn.Sequential, wide: nn.Sequential, features: list[int]) -> None:
    """Copy residual blocks, whose convolutions read and write features."""
    for layer, wider in zip(_convolutions(narrow), _convolutions(wide), strict=True):
        copy_weights(layer, wider, features, features)


def _convolutions(part: nn.Module) -> list[nn.Conv2d]:
    return [module for module in part.modules() if isinstance(module, nn.Conv2d)]
