# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spk2Vid: hierarchical recurrent propagation for spike cameras.

After Spk2VidNet (CVPR 2026): two layers that each align features of two earlier images to the
present one, modulate them by their content and pass them on. The first layer reads the features of
one and two images ago, the second those of two and four images ago, so that it reaches further at
the same cost.

        x -> embed -> Y --> first layer --> F --> second layer --> M --> head --> fusion -> image
                            ^  F-1, F-2           ^  M-2, M-4               ^ image-1

Alignment works at half the resolution, where bfloat16 was measured to cost .01 dB at 400x250.

The network is causal. Its state is six feature maps, stored as two tensors, and the last image.

Differences from the paper, besides the size: the features have half the sensor's resolution, by
pixel-unshuffle; the image is a correction of a rate in the input, plus gated filters of the input
at full resolution (gated_views.py); and it is averaged with earlier images (temporal_fusion.py),
because the features alone turned out not to reduce noise over several images.
"""

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.feature_alignment import ContentModulation, JointAlignment
from spike_recon_models.networks.gated_views import GatedViews
from spike_recon_models.networks.measured_light import keep_light
from spike_recon_models.networks.recurrent_network import (
    RecurrentNetwork,
    StateSpec,
    initialise,
)
from spike_recon_models.networks.residual_block import LEAK, LinearResidualBlock
from spike_recon_models.networks.super_resolution import SuperResolution
from spike_recon_models.networks.temporal_fusion import CARRIED_CHANNELS, TemporalFusion

DEPTH = {'recent': 2, 'wide': 4}
"""Number of earlier images whose features each layer stores."""
BOUND = 0.5
"""Limit of the features that are passed on. Real scenes seldom reach half of it; without the limit
some inputs start an oscillation that never ends."""
GATE_WIDTH = 8
"""Channels of the hidden layer of the gate."""
FIRST_GAIN = 0.1
"""Initial gain of the residual paths: training starts near the rate in the input."""


class Spk2Vid(RecurrentNetwork):
    """The network.

    Args:
        channels: of the features at half the resolution, a multiple of 6.
        bins: channels of the input.
        blocks: residual blocks after the embedding and after each layer.
        taps: of the alignment, see JointAlignment.
        base: channel of the input with the rate that the image corrects; None = correct zero, for
            raw planes.
        views: filters of the input at full resolution, mixed into the image (gated_views.py).
            Their gates start at zero, so that training can continue from weights without them.
        motion: whether two channels of the input, the last ones before those of `phases`, are
            optical flow to the previous image, in pixels to the right and down. All alignments
            start from it.
        align_width: channels of the motion estimate; 0 = as many as the features have. Few are
            enough with `motion`.
        gate: whether a factor per pixel, 0 to 2, scales the correction of the rate, so that the
            rate can be kept where it is better than any correction, as in still scenes. It starts
            at 1, so that training can continue from weights without it.
        measured_light: whether the image is as bright as channel `base`, on average over regions
            (measured_light.py). The carried image is not, so weights without it keep their effect.
        scale: output pixels per sensor pixel, along each side; above 1 = super-resolution
            (super_resolution.py), for `channels` a multiple of 12. Training can continue from
            weights of scale 1.
        phases: whether the input ends with the light between the pixels, 2 scale^2 channels, for
            super-resolution alone. Training can continue from weights without it.
        enlarge_width: channels of super-resolution.
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
        gate: bool = False,
        measured_light: bool = False,
        scale: int = 1,
        phases: bool = False,
        enlarge_width: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if phases and scale == 1:
            raise ValueError('phases needs a scale above 1')
        if measured_light and base is None:
            raise ValueError('measured_light needs the channel base')
        self.bins, self.output_scale = bins, scale
        self._base = base
        self._motion = motion
        self._measured_light = measured_light
        self._phases = 2 * scale**2 if phases else 0
        lit = bins - self._phases - (2 if motion else 0)
        self.state_specs = (
            *(StateSpec(name, depth * channels, 2) for name, depth in DEPTH.items()),
            StateSpec('carried', CARRIED_CHANNELS, 1),
        )
        self.embed = nn.Conv2d(4 * lit, channels, 3, padding=1)
        self.refine = nn.Sequential(*(LinearResidualBlock(channels) for _ in range(blocks)))
        self.first = Propagation(channels, blocks, align_width, taps)
        self.second = Propagation(channels, blocks, align_width, taps)
        self.head = nn.Conv2d(channels, 4, 3, padding=1)
        self.views = GatedViews(lit, channels, views) if views else None
        self.gate = CorrectionGate(channels + (2 if motion else 0)) if gate else None
        self.fusion = TemporalFusion(channels, 0 if motion else align_width or channels)
        self.enlarge = (
            SuperResolution(lit, channels, scale, enlarge_width, phases=self._phases)
            if scale > 1
            else None
        )
        initialise(self, seed)
        for part in (self.first.align, self.second.align, self.fusion):
            part.start_still()
        for layer in (*_last_of(self.refine), *_last_of(self.first), *_last_of(self.second)):
            layer.weight.data *= FIRST_GAIN
        nn.init.zeros_(self.head.weight)
        if self.views is not None:
            self.views.start_closed()
        if self.gate is not None:
            self.gate.start_open()
        if self.enlarge is not None:
            self.enlarge.start_bicubic()

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """See RecurrentNetwork."""
        recent, wide, carried = self._state_or_zeros(x, state)
        between = moved = None
        if self._phases:
            x, between = x[:, : -self._phases], x[:, -self._phases :]
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
        image = functional.pixel_shuffle(self.head(drawn), 2)
        if self.views is not None:
            image = image + self.views(centred, drawn)
        if self.gate is not None:
            image = image * self.gate(drawn if step is None else torch.cat([drawn, step.abs()], 1))
        if self._base is not None:
            image = image + x[:, self._base : self._base + 1]
        image, carried = self.fusion(image, carried, drawn, motion if moved is None else moved)
        if self._measured_light and self._base is not None:
            image = keep_light(image, x[:, self._base : self._base + 1])
        if self.enlarge is not None:
            image = self.enlarge(image, centred, drawn, between)
        recent = torch.cat([first, recent_1], 1)
        wide = torch.cat([second, wide_1, wide_2, wide_3], 1)
        return image, (recent, wide, carried)

    def _centred(self, x: torch.Tensor) -> torch.Tensor:
        """Subtract the channel `base` from all others, so that they are centred at zero."""
        if self._base is None:
            return x
        start = x[:, self._base : self._base + 1]
        return torch.cat([start, x[:, : self._base] - start, x[:, self._base + 1 :] - start], 1)


class CorrectionGate(nn.Module):
    """A factor per pixel on the correction.

    Args:
        channels: of its input, at half the resolution.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.judge = nn.Conv2d(channels, GATE_WIDTH, 3, padding=1)
        self.factor = nn.Conv2d(GATE_WIDTH, 4, 3, padding=1)

    def start_open(self) -> None:
        """Set the factor to 1."""
        nn.init.zeros_(self.factor.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return [batch, 1, height, width], 0 to 2; features [batch, _, height / 2, width / 2]."""
        logits = self.factor(functional.leaky_relu(self.judge(features), LEAK))
        return 2 * torch.sigmoid(functional.pixel_shuffle(logits, 2))


class Propagation(nn.Module):
    """One layer: align the earlier features, join them with the present ones, modulate.

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
        """Propagate; see JointAlignment for the arguments.

        Returns: features [batch, channels, height, width], within +-BOUND, and features of the
            motion, [batch, width, height / 2, width / 2].
        """
        aligned, motion = self.align(now, earlier, known)
        joined = self.modulate(now + self.join(torch.cat([now, *aligned], 1)))
        return self.refine(joined).clamp(-BOUND, BOUND), motion


def _times(
    step: torch.Tensor | None, first: int, second: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Extrapolate the flow of one step to two numbers of steps, at constant velocity."""
    return None if step is None else (first * step, second * step)


def _last_of(part: nn.Module) -> list[nn.Conv2d]:
    """Return the convolutions that end the residual paths of a part."""
    found = [block.second for block in part.modules() if isinstance(block, LinearResidualBlock)]
    found += [one.modulate for one in part.modules() if isinstance(one, ContentModulation)]
    return found + [one.join for one in part.modules() if isinstance(one, Propagation)]
