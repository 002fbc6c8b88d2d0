# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Exports published weights of other authors as bundles, to run them in the same pipeline."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spike_recon_models.export import export_bundle
from spike_recon_models.networks import firenet, ssir
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.errors import UserError


@dataclass(frozen=True, slots=True)
class Published:
    """A network whose authors have published weights.

    Attributes:
        make: returns it with random weights.
        load: returns it with the weights of a file, or raises ValueError.
        inputs: name of its argument for the channels of the input.
        card: further entries of its model card.
    """

    make: Callable[[], RecurrentNetwork]
    load: Callable[[Path], RecurrentNetwork]
    inputs: str
    card: dict[str, Any]


PUBLISHED = {
    'firenet': Published(
        firenet.FireNet,
        firenet.load_published,
        'bins',
        {
            'representation': {'normalisation': 'nonzero'},
            'window_ms': 20.0,
            'data': 'see Scheerlinck et al., WACV 2020',
        },
    ),
    'ssir': Published(
        ssir.Ssir,
        ssir.load_published,
        'planes',
        {
            'sensor': 'spike',
            'representation': {'kind': 'spike_stack', 'planes': 41, 'lookahead_planes': 20},
            'window_ms': 1.0,
            'data': 'see Zhao et al., IEEE TCSVT 2024',
        },
    ),
}
"""By the name before the path of the weights, as in `firenet:weights.pth`."""


def export_published(name: str, weights: Path | None, bundle: Path) -> None:
    """Write a bundle of a network with weights from a file in the layout of its authors.

    Args:
        name: one of PUBLISHED.
        weights: the file; None = random weights, for timing.
        bundle: folder to write.

    Raises:
        UserError: the file does not hold such weights.
    """
    published = PUBLISHED[name]
    try:
        network = published.make() if weights is None else published.load(weights)
    except ValueError as error:
        raise UserError(f'{error}; give the .pth file that its authors publish') from None
    card = {
        'name': name,
        'network': {'name': name, 'arguments': {published.inputs: network.bins}},
        'recipe': "the authors'",
        'metrics': {},
        'licence': 'that of the weights',
        **published.card,
    }
    export_bundle(network.eval(), bundle, card)
