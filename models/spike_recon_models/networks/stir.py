# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""STIR: joint alignment and reconstruction of spike planes, from coarse to fine, in two forms.

After Fan et al., "Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of
Spiking Cameras", NeurIPS 2024:

        21 planes -> embedding -> encoder --+            +-> image 1/16, 1/8, 1/4, 1/2
        21 planes -> embedding -> encoder ---> attention -> decoder -> image
        21 planes -> embedding -> encoder --+

Three windows, each sharing a plane with the next, make 61 planes; the image is that of the middle
one. The same weights run in two forms. `Stir` reads all 61 planes for each image, as published.
`StirStreaming` reads the newest 21 and stores the features of the two previous windows as its
state, so each window is encoded once instead of three times. It needs a step every 20 planes and
then gives the same images, from the first one on. Motion and image, nine tenths of the work, are
still computed in every step.

Difference from the publication: unless `biases` is set, the encoder has neither biases nor batch
normalisation (see stir_encoder.py), so that a state of zeros is a dark window. Further arguments
leave out parts, as the ablation studies of the paper do.
"""

import torch
from torch import nn

from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import StateSpec, initialise
from spike_recon_models.networks.stir_attention import InteractiveAttention
from spike_recon_models.networks.stir_decoder import CoarsestLevel, FinerLevel
from spike_recon_models.networks.stir_encoder import WINDOW, HybridEmbedding, PyramidEncoder

HOP = WINDOW - 1
SCALES = ('embedding', 'half', 'quarter', 'eighth', 'sixteenth')
WIDTHS = 16, 24, 32, 64, 96
COARSER_WEIGHTS = 0.5, 0.25, 0.25, 0.25
"""Loss weights of the images at 1/2 to 1/16, to be divided by their number."""
FEWEST_LEVELS = 2
GROUPS = 3
STILL = 0.1
"""Gain of the initial flow: training starts near a camera at rest."""


class Stir(PlaneNetwork):
    """The published form: 61 planes, no state.

    Args:
        widths: channels of the features at full resolution and at each of the four halvings; the
            first is also that of the embedding, and the last one used a multiple of 4.
        seed: of the initial weights.
        levels: number of resolutions, 2 to 5; the first `levels` of `widths` are used.
        groups: flows that are used side by side at full resolution.
        attention: whether the coarsest features interact by attention before they are decoded.
        warping: whether the features of the outer windows are warped along estimated flow. Without
            it the image is synthesised from features that are read where they are.
        biases: whether the encoder has biases and batch normalisation, as in the authors' code.

    Raises:
        ValueError: there are fewer widths than levels, or a number is out of range.
    """

    allows_bfloat16 = False
    state_specs: tuple[StateSpec, ...] = ()
    bins = 2 * HOP + WINDOW

    def __init__(
        self,
        widths: tuple[int, ...] = WIDTHS,
        seed: int = 0,
        *,
        levels: int = 5,
        groups: int = GROUPS,
        attention: bool = True,
        warping: bool = True,
        biases: bool = False,
    ) -> None:
        super().__init__()
        most = min(len(widths), len(SCALES))
        if not FEWEST_LEVELS <= levels <= most:
            raise ValueError(f'levels is {levels}; it must be {FEWEST_LEVELS} to {most}')
        if groups < 1:
            raise ValueError(f'groups is {groups}; it must be 1 or above')
        widths = self._widths = tuple(widths[:levels])
        self.pad_multiple = 2 ** (levels - 1)
        self.embed = HybridEmbedding(widths[0], biases)
        self.encode = PyramidEncoder(widths[0], widths, biases)
        self.attend = InteractiveAttention(widths[-1]) if attention else None
        self.coarsest = CoarsestLevel(widths[-1], warping)
        finer = [
            FinerLevel(
                widths[scale + 1],
                widths[scale],
                (1 if scale else groups) if warping else 0,
                last=not scale,
            )
            for scale in reversed(range(levels - 1))
        ]
        self.finer = nn.ModuleList(finer)
        initialise(self, seed)
        with torch.no_grad():
            for layer in (self.coarsest.draw, *(level.draw for level in finer)):
                layer.weight[1:] *= STILL

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork: the image, then those at 1/2 to 1/16."""
        windows = [self.features(x[:, first : first + WINDOW]) for first in (0, HOP, 2 * HOP)]
        return self.decoded(*windows), ()

    def features(self, planes: torch.Tensor) -> list[torch.Tensor]:
        """Return the features of a window [batch, 21, height, width], the finest first."""
        embedding = self.embed(planes)
        return [embedding, *self.encode(embedding)]

    def decoded(
        self, before: list[torch.Tensor], middle: list[torch.Tensor], after: list[torch.Tensor]
    ) -> tuple[Estimate, ...]:
        """Return the images of the middle window, the finest first."""
        outer = before[-1], after[-1]
        if self.attend is None:
            together = torch.cat([outer[0], middle[-1], outer[1]], 1)
        else:
            together = self.attend(middle[-1], *outer)
        level = self.coarsest(together)
        images = [level.image]
        scales = list(zip(before, middle, after, strict=True))[-2::-1]
        for decode, windows in zip(self.finer, scales, strict=True):
            level = decode(windows, level)
            images.insert(0, level.image)
        coarser = COARSER_WEIGHTS[: len(images) - 1]
        weights = 1.0, *(weight / len(coarser) for weight in coarser)
        return tuple(Estimate(*pair) for pair in zip(images, weights, strict=True))


class StirStreaming(Stir):
    """The streaming form: the newest 21 planes, 20 planes after those of the previous step.

    The state is the features of the last two windows, the older one first. The image shows the
    middle plane of the previous window, 30 planes ago.

    Args:
        widths: as for Stir.
        seed: of the initial weights.
        parts: further arguments of Stir. With `biases`, the first two images differ from those of
            Stir, because a state of zeros is then not a dark window.
    """

    bins = WINDOW
    hop_planes = HOP

    def __init__(
        self, widths: tuple[int, ...] = WIDTHS, seed: int = 0, **parts: int | bool
    ) -> None:
        super().__init__(widths, seed, **parts)  # type: ignore[arg-type]
        self.state_specs = tuple(
            StateSpec(name, 2 * channels, 2**scale)
            for scale, (name, channels) in enumerate(zip(SCALES, self._widths, strict=False))
        )

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        after = self.features(x)
        kept = [both.chunk(2, 1) for both in self._state_or_zeros(x, state)]
        before, middle = [older for older, _ in kept], [newer for _, newer in kept]
        following = tuple(torch.cat(pair, 1) for pair in zip(middle, after, strict=True))
        return self.decoded(before, middle, after), following
