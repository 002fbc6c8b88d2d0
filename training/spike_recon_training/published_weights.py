# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Exports published weights of other authors as bundles, to run them in the same pipeline."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spike_recon_models.export import export_bundle
from spike_recon_models.networks import (
    bsf,
    firenet,
    spike_base,
    spk2img,
    spk2img_published,
    ssir,
    stir,
    stir_published,
    swinsf,
    swinsf_published,
    wgse,
)
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.errors import UserError


@dataclass(frozen=True, slots=True)
class Published:
    """A network whose authors have published weights.

    Attributes:
        make: returns it with random weights.
        load: returns it with the weights of a file, or raises ValueError.
        arguments: returns the arguments of the network, for its card.
        card: further entries of its model card.
    """

    make: Callable[[], RecurrentNetwork]
    load: Callable[[Path], RecurrentNetwork]
    arguments: Callable[[RecurrentNetwork], dict[str, Any]]
    card: dict[str, Any]


def _spike_card(paper: str) -> dict[str, Any]:
    """Return the card of a network that reads a stack of planes."""
    return {'sensor': 'spike', 'window_ms': 1.0, 'data': f'see {paper}'}


def _plane_stack(network: RecurrentNetwork) -> dict[str, Any]:
    """Return the representation of all planes that a network reads, the instant in the middle."""
    planes = network.bins
    return {'kind': 'spike_stack', 'planes': planes, 'lookahead_planes': planes // 2}


def _swinsf_arguments(network: RecurrentNetwork) -> dict[str, Any]:
    assert isinstance(network, swinsf.SwinSf)
    return {
        'channels': network.embed.out_channels,
        'patch': network.patch,
        'as_coded': True,
    }


PUBLISHED = {
    'base': Published(
        spike_base.SpikeBase,
        spike_base.load_published,
        lambda network: {'planes': network.bins},
        _spike_card('Spike-Zoo, and Chen et al., arXiv 2501.04477'),
    ),
    'bsf': Published(
        bsf.Bsf,
        bsf.load_published,
        lambda network: {'planes': network.bins},
        _spike_card('Zhao et al., CVPR 2024'),
    ),
    'firenet': Published(
        firenet.FireNet,
        firenet.load_published,
        lambda network: {'bins': network.bins},
        {
            'representation': {'normalisation': 'nonzero'},
            'window_ms': 20.0,
            'data': 'see Scheerlinck et al., WACV 2020',
        },
    ),
    'spk2imgnet': Published(
        spk2img.Spk2Img,
        spk2img_published.load_published,
        lambda network: {},
        _spike_card('Zhao et al., CVPR 2021'),
    ),
    'ssir': Published(
        ssir.Ssir,
        ssir.load_published,
        lambda network: {'planes': network.bins},
        _spike_card('Zhao et al., IEEE TCSVT 2024'),
    ),
    'stir': Published(
        lambda: stir.Stir(biases=True),
        stir_published.load_published,
        lambda network: {'biases': True},
        _spike_card('Fan et al., NeurIPS 2024'),
    ),
    'swinsf': Published(
        lambda: swinsf.SwinSf(as_coded=True),
        swinsf_published.load_published,
        _swinsf_arguments,
        _spike_card('Jiang et al., ICVRV 2024'),
    ),
    'wgse': Published(
        wgse.Wgse,
        wgse.load_published,
        lambda network: {},
        _spike_card('Zhang et al., AAAI 2023'),
    ),
}
"""By the name before the path of the weights, as in `firenet:weights.pth`."""
NETWORK_OF = {'spk2imgnet': 'spk2img'}
"""Name of the network's definition where it differs."""


def export_published(
    name: str,
    weights: Path | None,
    bundle: Path,
    progress: Callable[[str], None] = lambda phase: None,
) -> None:
    """Write a bundle of a network with weights from a file in the layout of its authors.

    Args:
        name: one of PUBLISHED.
        weights: the file; None = random weights, for timing.
        bundle: folder to write.
        progress: called with the name of each phase before it.

    Raises:
        UserError: the file does not hold such weights.
    """
    published = PUBLISHED[name]
    progress('reading the weights')
    try:
        network = published.make() if weights is None else published.load(weights)
    except ValueError as error:
        raise UserError(f'{error}; give the .pth file that its authors publish') from None
    card = {
        'name': name,
        'network': {'name': NETWORK_OF.get(name, name), 'arguments': published.arguments(network)},
        'recipe': "the authors'",
        'metrics': {},
        'licence': 'that of the weights',
        'representation': _plane_stack(network),
        **published.card,
    }
    export_bundle(network.eval(), bundle, card, progress)
