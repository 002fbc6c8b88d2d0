# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spk2Vid: hierarchical recurrent propagation for spike cameras.

Comes in: tensors made of spike planes. Goes out: spikes a plane, 0 to 1. Knows nothing about how
it is trained or run.

After Spk2VidNet (CVPR 2026): two layers that each align features of two earlier moments to now,
modulate them by their content and pass them on. The first looks back one and two images, the
second, from what the first one gives, two and four, so that it reaches further at the same cost.

        x -> embed -> Y --> first layer --> F --> second layer --> M --> head --> fusion -> image
                            ^  F-1, F-2           ^  M-2, M-4               ^ image-1

Its alignments are at half the resolution, where bfloat16 was measured to cost .01 dB at 400x250.

All is causal: the state is six feature maps, kept as two tensors, and the last image.

What differs from the paper, besides the size: the features have half the sensor's resolution, by
pixel-unshuffle; the image is added to a rate that the input holds already, and to views of the
input at full resolution that the features open and close (gated_views.py); and it is averaged with
the ones before it (temporal_fusion.py), because features that are only passed on proved to hold
nothing of what the last images knew about noise.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.feature_alignment import ContentModulation, JointAlignment
from spike_recon_models.networks.gated_views import GatedViews
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import LEAK, LinearResidualBlock
from spike_recon_models.networks.temporal_fusion import CARRIED_CHANNELS, TemporalFusion

DEPTH = {'recent': 2, 'wide': 4}
"""How many earlier moments of each layer are kept."""
BOUND = 0.5
"""Of the features that are passed on. Those of real scenes seldom reach half of it; with more room
there are inputs that start a swing which feeds itself and never ends."""
FIRST_GAIN = 0.1
"""Of what residual paths add at first: learning starts near the rate that the input holds."""


class Spk2Vid(RecurrentNetwork):
    """The network.

    Args:
        channels: of the features at half the resolution, a multiple of 6.
        bins: channels of the input.
        blocks: residual blocks after the embedding and after each layer.
        taps: of the alignment, see JointAlignment.
        base: channel of the input that holds a rate to start from; None = start from nothing,
            for raw planes.
        views: of the input at full resolution, mixed into the image (gated_views.py). They begin
            closed, so that weights of a network without them can be trained on.
        motion: whether the last two channels of the input are no light, but tell where what is
            seen was one image ago, in pixels to the right and down. All alignments begin there.
        align_width: channels of what looks for the motion; 0 = as many as the features have. Few
            do where the motion is told.
        scale: output pixels to a side of one of the sensor: 1, or 4 for super-resolution.
        seed: of the initial weights.
    """

    pad_multiple = 4

    def __init__(
        self,
        channels: int = 24,
        bins: int = 15,
        blocks: int = 1,
        taps: int = 1,
        base: int | None = 0,
        views: int = 0,
        motion: bool = False,
        align_width: int = 0,
        scale: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.bins, self.output_scale = bins, scale
        self._base = base
        self._motion = motion
        lit = bins - 2 if motion else bins
        self.state_specs = (
            *(StateSpec(name, depth * channels, 2) for name, depth in DEPTH.items()),
            StateSpec('carried', CARRIED_CHANNELS, 1),
        )
        self.embed = nn.Conv2d(4 * lit, channels, 3, padding=1)
        self.refine = nn.Sequential(*(LinearResidualBlock(channels) for _ in range(blocks)))
        self.first = Propagation(channels, blocks, align_width, taps)
        self.second = Propagation(channels, blocks, align_width, taps)
        self.head = nn.Conv2d(channels, (2 * scale) ** 2, 3, padding=1)
        self.views = GatedViews(lit, channels, views) if views else None
        self.fusion = TemporalFusion(
            channels, 0 if motion else align_width or channels, scale=scale
        )
        initialise(self, seed)
        for part in (self.first.align, self.second.align, self.fusion):
            part.start_still()
        for layer in (*_last_of(self.refine), *_last_of(self.first), *_last_of(self.second)):
            layer.weight.data *= FIRST_GAIN
        nn.init.zeros_(self.head.weight)
        if self.views is not None:
            self.views.start_closed()

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork."""
        recent, wide, carried = self._state_or_zeros(x, state)
        moved = None
        if self._motion:
            x, moved = x[:, :-2], x[:, -2:]
        centred = self._centred(x)
        now = self.embed(functional.pixel_unshuffle(centred, 2))
        now = self.refine(functional.leaky_relu(now, LEAK))
        recent_1, recent_2 = recent.chunk(2, 1)
        step = (
            None if moved is None else functional.avg_pool2d(moved, 2) / 2
        )  # in features' pixels
        first, motion = self.first(now, (recent_1, recent_2), _times(step, 1, 2))
        wide_1, wide_2, wide_3, wide_4 = wide.chunk(4, 1)
        second, _ = self.second(first, (wide_2, wide_4), _times(step, 2, 4))
        drawn = first + second
        image = functional.pixel_shuffle(self.head(drawn), 2 * self.output_scale)
        sharp = [] if self._base is None else [x[:, self._base : self._base + 1]]
        sharp += [] if self.views is None else [self.views(centred, drawn)]
        for part in sharp:
            image = image + self._enlarged(part)
        image, carried = self.fusion(image, carried, drawn, motion if moved is None else moved)
        recent = torch.cat([first, recent_1], 1)
        wide = torch.cat([second, wide_1, wide_2, wide_3], 1)
        return image, (recent, wide, carried)

    def _centred(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input with the rate to start from subtracted from all other channels.

        They then say what is to be changed, around zero, and not all once more how bright it is.
        """
        if self._base is None:
            return x
        start = x[:, self._base : self._base + 1]
        return torch.cat([start, x[:, : self._base] - start, x[:, self._base + 1 :] - start], 1)

    def _enlarged(self, image: torch.Tensor) -> torch.Tensor:
        """Return an image of the sensor's resolution in that of the output."""
        if self.output_scale == 1:
            return image
        return functional.interpolate(
            image, scale_factor=self.output_scale, mode='bilinear', align_corners=False
        )


class Propagation(nn.Module):
    """One layer: align the earlier features, join them with those of now, modulate.

    Args:
        channels: of all features.
        blocks: residual blocks at the end.
        width: of the alignment.
        taps: of the alignment.
    """

    def __init__(self, channels: int, blocks: int, width: int, taps: int) -> None:
        super().__init__()
        self.align = JointAlignment(channels, width=width, taps=taps)
        self.join = nn.Conv2d(3 * channels, channels, 1)
        self.modulate = ContentModulation(channels)
        self.refine = nn.Sequential(*(LinearResidualBlock(channels) for _ in range(blocks)))

    def forward(
        self,
        now: torch.Tensor,
        earlier: tuple[torch.Tensor, torch.Tensor],
        known: tuple[torch.Tensor, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Propagate; see JointAlignment for what goes in.

        Returns: features [batch, channels, height, width], within +-BOUND, and what was seen of
            the motion, [batch, channels, height / 2, width / 2].
        """
        aligned, motion = self.align(now, earlier, known)
        joined = self.modulate(now + self.join(torch.cat([now, *aligned], 1)))
        return self.refine(joined).clamp(-BOUND, BOUND), motion


def _times(
    step: torch.Tensor | None, first: int, second: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return how far the scene moved in so many steps, each as far as the last one."""
    return None if step is None else (first * step, second * step)


def _last_of(part: nn.Module) -> list[nn.Conv2d]:
    """Return the convolutions that end the residual paths of a part."""
    found = [block.second for block in part.modules() if isinstance(block, LinearResidualBlock)]
    found += [one.modulate for one in part.modules() if isinstance(one, ContentModulation)]
    return found + [one.join for one in part.modules() if isinstance(one, Propagation)]
