# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes a bundle with the mean over reflections of another bundle's network."""

from collections.abc import Callable
from pathlib import Path

from spike_recon_models.export import export_bundle
from spike_recon_models.networks.mirrored import Mirrored
from spike_recon_models.trained_network import trained_network
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError


def mirrored_bundle(
    bundle: Bundle,
    output: Path,
    name: str,
    progress: Callable[[str], None] = lambda phase: None,
) -> None:
    """Write the bundle.

    Args:
        bundle: with the network that is run once for each reflection.
        output: folder to write.
        name: of the new network.
        progress: called with the name of each phase before it.

    Raises:
        UserError: the network cannot be mirrored, or its weights do not fit its definition.
    """
    try:
        network = Mirrored(trained_network(bundle))
    except ValueError as error:
        raise UserError(f'{bundle.name} cannot be mirrored: {error}') from None
    card = bundle.description
    trained = card['recipe'] if isinstance(card['recipe'], dict) else {}
    arguments = bundle.network_arguments | {'mirrored': True}
    changed = {
        'name': name,
        'network': {'name': bundle.network, 'arguments': arguments},
        'recipe': {'mirrored': bundle.name, **trained},
        'metrics': {},  # they are those of the other network
    }
    export_bundle(network, output, card | changed, progress)
