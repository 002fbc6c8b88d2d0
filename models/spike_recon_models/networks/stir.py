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

Difference from the publication: the encoder has neither biases nor batch normalisation (see
stir_encoder.py), so that a state of zeros is a dark window.
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
COARSER_WEIGHTS = 0.125, 0.0625, 0.0625, 0.0625
"""Loss weights of the images at 1/2 to 1/16: .5, .25, .25 and .25, divided by their number."""
GROUPS = 3
STILL = 0.1
"""Gain of the initial flow: training starts near a camera at rest."""


class Stir(PlaneNetwork):
    """The published form: 61 planes, no state.

    Args:
        widths: channels of the features at full resolution and at each of the four halvings; the
            first is also that of the embedding, and the last a multiple of 4.
        seed: of the initial weights.
    """

    pad_multiple = 16
    allows_bfloat16 = False
    state_specs: tuple[StateSpec, ...] = ()
    bins = 2 * HOP + WINDOW

    def __init__(self, widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> None:
        super().__init__()
        self.embed = HybridEmbedding(widths[0])
        self.encode = PyramidEncoder(widths[0], widths)
        self.attend = InteractiveAttention(widths[-1])
        self.coarsest = CoarsestLevel(widths[-1])
        finer = [
            FinerLevel(widths[scale + 1], widths[scale], 1 if scale else GROUPS)
            for scale in reversed(range(len(widths) - 1))
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
        level = self.coarsest(self.attend(middle[-1], before[-1], after[-1]))
        images = [level.image]
        scales = list(zip(before, middle, after, strict=True))[-2::-1]
        for decode, windows in zip(self.finer, scales, strict=True):
            level = decode(windows, level)
            images.insert(0, level.image)
        weights = 1.0, *COARSER_WEIGHTS
        return tuple(Estimate(*pair) for pair in zip(images, weights, strict=True))


class StirStreaming(Stir):
    """The streaming form: the newest 21 planes, 20 planes after those of the previous step.

    The state is the features of the last two windows, the older one first. The image shows the
    middle plane of the previous window, 30 planes ago.

    Args:
        widths: as for Stir.
        seed: of the initial weights.
    """

    bins = WINDOW
    hop_planes = HOP

    def __init__(self, widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> None:
        super().__init__(widths, seed)
        self.state_specs = tuple(
            StateSpec(name, 2 * channels, 2**scale)
            for scale, (name, channels) in enumerate(zip(SCALES, widths, strict=True))
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
