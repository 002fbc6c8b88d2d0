# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a bundle to one of the same network, narrower inside its blocks.

Comes in: what a bundle is, and what its network reads of recordings. Goes out: a bundle to
train on from. Knows nothing about which channels are worth keeping.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import load_file

from spike_recon_models.export import export_bundle
from spike_recon_models.networks.registry import make_network
from spike_recon_models.pruning import prune
from spike_recon_ros.errors import UserError


def narrower_bundle(
    card: dict[str, Any],
    weights: Path,
    reduction: int,
    sequences: Sequence[Sequence[np.ndarray]],
    recordings: list[str],
    output: Path,
    progress: Callable[[str], None] = lambda phase: None,
) -> dict[str, Any]:
    """Write the bundle; return what its card says of it.

    Args:
        card: of the bundle, in the form of model.yaml.
        weights: file of the bundle.
        reduction: how many times fewer channels a block has inside than outside.
        sequences: tensors [bins, height, width] of windows that follow each other; several such
            stretches.
        recordings: what they were made of, for the card.
        output: folder to write.
        progress: called with the name of each phase before it.

    Raises:
        UserError: the network cannot be narrower.
    """
    name, arguments = card['network']['name'], card['network']['arguments']
    wide = make_network(name, **arguments).eval()
    wide.load_state_dict(load_file(weights))
    arguments = arguments | {'reduction': reduction}
    try:
        narrow = make_network(name, **arguments)
    except ValueError:
        raise UserError(
            f'{card["name"]} cannot be narrower: its network, {name}, takes no `reduction`'
        ) from None
    progress('comparing channels')
    try:
        lost = prune(wide, narrow, sequences)
    except ValueError as error:
        raise UserError(
            f'{card["name"]} cannot be narrower with --reduction {reduction}: {error}'
        ) from None
    said = {
        'reduction': reduction,
        'recordings': recordings,
        'lost': {block: round(share, 4) for block, share in lost.items()},
    }
    trained = card['recipe'] if isinstance(card['recipe'], dict) else {}
    changed = {
        'network': {'name': name, 'arguments': arguments},
        'recipe': {'pruned': said, **trained},
        'metrics': {},  # they are the wide one's
    }
    export_bundle(narrow, output, card | changed, progress)
    return said
