# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Weights that others published as bundles, so that they run in the same pipeline as our own.

Comes in: a file that the user has. Goes out: a bundle. Knows nothing about evaluation.
"""

from pathlib import Path

from spike_recon_models.export import export_bundle
from spike_recon_models.networks.firenet import FireNet, load_published
from spike_recon_ros.errors import UserError


def export_firenet(weights: Path | None, bundle: Path) -> None:
    """Write a bundle of FireNet with weights in the layout in which its authors publish them.

    Args:
        weights: the file; None = random ones, which take the same time.
        bundle: folder to write.

    Raises:
        UserError: the file does not hold such weights.
    """
    try:
        network = FireNet() if weights is None else load_published(weights)
    except ValueError as error:
        raise UserError(f'{error}; give the .pth file that its authors publish') from None
    card = {
        'name': 'firenet',
        'representation': {'normalisation': 'nonzero'},
        'window_ms': 20.0,
        'network': {'name': 'firenet', 'arguments': {'bins': network.bins}},
        'recipe': "the authors'",
        'data': 'see Scheerlinck et al., WACV 2020',
        'metrics': {},
        'licence': 'that of the weights',
    }
    export_bundle(network.eval(), bundle, card)
