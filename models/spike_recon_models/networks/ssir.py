# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""SSIR: the spiking network for spike cameras whose weights are published.

Zhao et al., "Spike Camera Image Reconstruction Using Deep Spiking Neural Networks", IEEE TCSVT
2024: convolutions with spiking neurons, to half the resolution and back, and a head of four
convolutions over the spikes. It reads 41 planes in one step, with all membranes at zero, so it has
no state. A neuron integrates a learned share of its current; that share and the normalisation
after each convolution are folded into the convolution here. The authors' weights may not be
redistributed; `load_published` reads a file that the user has.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.checkpoint_file import published_file, weights_by_name
from spike_recon_models.networks.lif import fire
from spike_recon_models.networks.plane_network import Estimate, PlaneNetwork
from spike_recon_models.networks.recurrent_network import initialise

HEAD_REACH = 4
"""Zeros around the head's input, once for all of its convolutions, pixels."""
FIRST_BIAS = 0.7
"""Initial bias of the neurons, whose threshold is 1: without it few of the deep ones ever fire."""
WHITE_RATE = 0.44
"""Spikes per plane at which the published weights give 1: the best fit on three public clips. The
darkest parts of these clips become twice as bright as they should be."""


class Ssir(PlaneNetwork):
    """The network.

    Args:
        planes: number of input planes; the instant is in their middle.
        channels: at full and half resolution, a multiple of 4.
        seed: of the initial weights.
    """

    pad_multiple = 2
    state_specs = ()
    spiking = True
    allows_bfloat16 = False
    """Neurons feed neurons: a spike that is changed by rounding changes others."""

    def __init__(self, planes: int = 41, channels: int = 128, seed: int = 0) -> None:
        super().__init__()
        self.bins = planes
        narrow = channels // 4
        self.first = nn.Conv2d(planes, channels, 3, padding=1)
        self.down = nn.Conv2d(channels, channels, 3, stride=2, padding=1)
        self.reduce = nn.Conv2d(channels, narrow, 1)
        self.middle = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.expand = nn.Conv2d(narrow, channels, 1)
        self.up = nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1)
        self.head = nn.Sequential(
            nn.Conv2d(channels // 2, narrow, 3),
            nn.Conv2d(narrow, narrow, 3),
            nn.Conv2d(narrow, narrow, 3),
            nn.Conv2d(narrow, 1, 3, bias=False),
        )
        initialise(self, seed)
        for layer in (self.first, self.down, self.reduce, self.middle, self.expand, self.up):
            assert layer.bias is not None
            nn.init.constant_(layer.bias, FIRST_BIAS)

    def estimates(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[tuple[Estimate, ...], tuple[torch.Tensor, ...]]:
        """See PlaneNetwork."""
        half = fire(self.down(fire(self.first(x))))
        inner = fire(self.middle(fire(self.reduce(half))))
        half = half + fire(self.expand(inner))
        seen = functional.pad(fire(self.up(half)), (HEAD_REACH,) * 4)
        return (Estimate(WHITE_RATE * self.head(seen)),), ()


_NEURONS = {
    'first': ('static_conv.layer.0', 'static_conv.layer.1', 'static_conv.layer.2'),
    'down': ('enc1.layer.0', 'enc1.layer.1', 'enc1.layer.2'),
    'reduce': ('eres1.conv1.0', 'eres1.conv1.1', 'eres1.sn1'),
    'middle': ('eres1.conv2.0', 'eres1.conv2.1', 'eres1.sn2'),
    'expand': ('eres1.conv3.0', 'eres1.conv3.1', 'eres1.sn3'),
    'up': ('dec3.layer.0', 'dec3.layer.1', 'dec3.layer.2'),
    'head.0': ('pred3.conv1.0', 'pred3.conv1.1', None),
    'head.1': ('pred3.conv2.0', 'pred3.conv2.1', None),
    'head.2': ('pred3.conv3.0', 'pred3.conv3.1', None),
}
"""By layer: its convolution, normalisation and neuron in the published file."""
_LAST = 'pred3.conv4.weight'
_NORMALISATION_EPSILON = 1e-5


def load_published(path: Path) -> Ssir:
    """Return SSIR with weights from a file in the layout of the authors.

    Nothing in the file is executed.

    Raises:
        ValueError: the file does not hold such weights.
    """
    with published_file(path, 'SSIR') as content:
        theirs = weights_by_name(content)
        ours = {'head.3.weight': theirs[_LAST]}
        for layer, names in _NEURONS.items():
            ours |= _folded(theirs, layer, *names)
        network = Ssir(planes=ours['first.weight'].shape[1])
        network.load_state_dict(ours)
    return network


def _folded(
    theirs: dict[str, torch.Tensor],
    layer: str,
    convolution: str,
    normalisation: str,
    neuron: str | None,
) -> dict[str, torch.Tensor]:
    """Return a convolution with the normalisation and the neuron's share folded in."""
    mean, variance = (theirs[f'{normalisation}.running_{what}'] for what in ('mean', 'var'))
    gain = theirs[f'{normalisation}.weight'] / torch.sqrt(variance + _NORMALISATION_EPSILON)
    share = torch.sigmoid(theirs[f'{neuron}.w']) if neuron else torch.ones(())
    weight = theirs[f'{convolution}.weight']
    # The output channels of a transposed convolution are its second axis.
    along = (1, -1, 1, 1) if layer == 'up' else (-1, 1, 1, 1)
    bias = theirs[f'{normalisation}.bias'] - mean * gain
    return {
        f'{layer}.weight': share * weight * gain.view(along),
        f'{layer}.bias': share * bias,
    }
