# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes a bundle with a narrower network of another bundle, to continue training from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_models.export import export_bundle
from spike_recon_models.networks.registry import make_network
from spike_recon_models.pruning import prune
from spike_recon_models.trained_network import trained_network
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError


def narrower_bundle(
    bundle: Bundle,
    reduction: int,
    sequences: Sequence[Sequence[np.ndarray]],
    recordings: list[str],
    output: Path,
    progress: Callable[[str], None] = lambda phase: None,
) -> dict[str, Any]:
    """Write the bundle; return the entry of its card about the pruning.

    Args:
        bundle: with the wide network.
        reduction: channels outside a block per channel inside.
        sequences: inputs [bins, height, width] of consecutive windows, of several sequences.
        recordings: names of the recordings that they come from, for the card.
        output: folder to write.
        progress: called with the name of each phase before it.

    Raises:
        UserError: the network cannot be narrower, or its weights do not fit its definition.
    """
    wide = trained_network(bundle)
    arguments = bundle.network_arguments | {'reduction': reduction}
    try:
        narrow = make_network(bundle.network, **arguments)
    except ValueError:
        raise UserError(
            f'{bundle.name} cannot be narrower: its network, {bundle.network}, takes no '
            '`reduction`'
        ) from None
    progress('comparing channels')
    try:
        lost = prune(wide, narrow, sequences)
    except ValueError as error:
        raise UserError(
            f'{bundle.name} cannot be narrower with --reduction {reduction}: {error}'
        ) from None
    pruned = {
        'reduction': reduction,
        'recordings': recordings,
        'lost': {block: round(share, 4) for block, share in lost.items()},
    }
    card = bundle.description
    trained = card['recipe'] if isinstance(card['recipe'], dict) else {}
    changed = {
        'network': {'name': bundle.network, 'arguments': arguments},
        'recipe': {'pruned': pruned, **trained},
        'metrics': {},  # they are the wide one's
    }
    export_bundle(narrow, output, card | changed, progress)
    return pruned
