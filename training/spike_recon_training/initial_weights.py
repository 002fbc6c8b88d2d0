# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a training begins with: a network, its first weights and where they come from.

Comes in: a recipe, and the bundle to start from if there is one. Goes out: the network. Knows
nothing about photographs, losses or how it is trained.
"""

import contextlib
import logging
from pathlib import Path
from typing import Any

import yaml
from safetensors.torch import load_file

from spike_recon_models.export import WEIGHTS
from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.registry import make_network
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.registry import representation_for
from spike_recon_training.recipe import CROP_STEP, Recipe


def first_network(recipe: Recipe, start_from: Path | None) -> RecurrentNetwork:
    """Return the network, with weights of its seed or of a bundle.

    Raises:
        UserError: the recipe asks for what its network cannot be, or the weights do not fit it.
    """
    try:
        network = make_network(recipe.network.name, **recipe.network.arguments)
    except ValueError as error:
        raise UserError(f'recipe {recipe.name}: {error}') from None
    crop = recipe.optimisation.crop
    drawn = {'crop': (crop, f'of {crop} pixels')}
    if recipe.optimisation.small_share:
        drawn['small_share'] = CROP_STEP, f'of all multiples of {CROP_STEP} pixels'
    for option, (side, sides) in drawn.items():
        if side % network.pad_multiple:
            raise UserError(
                f'recipe {recipe.name}: optimisation.{option} draws sensors {sides} a side; '
                f'{recipe.network.name} needs a multiple of {network.pad_multiple}'
            )
    if recipe.sensor == 'spike':
        reads = representation_for(recipe.representation, crop, crop).channels
        if reads != network.bins:
            raise UserError(
                f'recipe {recipe.name}: its representation has {reads} channels, but '
                f'{recipe.network.name} reads {network.bins}; change the one or the other'
            )
    if start_from is not None:
        file = start_from / WEIGHTS if start_from.is_dir() else start_from
        narrow = 'reduction' in recipe.network.arguments
        hint = '; `spike-recon prune` makes narrow ones of wide ones' if narrow else ''
        try:
            fit = network.load_state_dict(load_file(file), strict=False)
        except (OSError, RuntimeError) as error:
            raise UserError(f'{file} does not fit {recipe.network.name}: {error}{hint}') from None
        if fit.unexpected_keys:
            raise UserError(
                f'{file} does not fit {recipe.network.name}: it holds '
                f'{", ".join(fit.unexpected_keys)}; start from weights of the same network'
            )
        if fit.missing_keys:
            logging.getLogger(__name__).warning(
                '%s lacks %s: drawn anew', file, ', '.join(fit.missing_keys)
            )
    return network


def ancestor(start_from: Path | None) -> dict[str, Any] | None:
    """Return what is known of the training of the first weights."""
    if start_from is None:
        return None
    told: dict[str, Any] = {'bundle': start_from.name}
    with contextlib.suppress(OSError, yaml.YAMLError, KeyError, TypeError):
        card = yaml.safe_load((start_from / 'model.yaml').read_text(encoding='utf-8'))
        known = ('pruned', 'started_from', 'steps', 'minutes', 'frames')
        told |= {key: card['recipe'][key] for key in known if card['recipe'].get(key)}
    return told
