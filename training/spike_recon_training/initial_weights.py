# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Makes the network of a recipe, with weights of its seed or of a bundle."""

import contextlib
import logging
from pathlib import Path
from typing import Any

import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.registry import make_network
from spike_recon_models.trained_network import trained_network
from spike_recon_models.widening.widen import can_grow, is_wider, widen
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.description import DESCRIPTION
from spike_recon_ros.bundles.network import WEIGHTS
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.registry import representation_for
from spike_recon_training.recipe import CROP_STEP, IMAGES, Recipe

LEAST_BINS = 2
"""Of a simulated voxel grid: each event lies between two bins."""


def first_network(recipe: Recipe, start_from: Path | None) -> RecurrentNetwork:
    """Return the network of a recipe.

    Args:
        recipe: names the network and the seed of its weights.
        start_from: bundle, or safetensors file, with the initial weights; None = random ones. A
            bundle may have fewer channels than the recipe, see spike_recon_models/widening.

    Raises:
        UserError: the recipe does not suit its network, or the weights do not fit.
    """
    try:
        network = make_network(recipe.network.name, **recipe.network.arguments)
    except ValueError as error:
        raise UserError(f'recipe {recipe.name}: {error}') from None
    _check_sides(recipe, network)
    _check_channels(recipe, network)
    if start_from is not None and not _widened(network, recipe, start_from):
        _load(network, recipe, start_from / WEIGHTS if start_from.is_dir() else start_from)
    _freeze_others(network, recipe)
    return network


def _freeze_others(network: RecurrentNetwork, recipe: Recipe) -> None:
    """Exclude the weights of all parts from training, except those of `optimisation.only`."""
    parts = dict(network.named_children())
    for name in recipe.optimisation.only:
        if name not in parts:
            raise UserError(
                f'recipe {recipe.name}: optimisation.only names {name}, but the parts of '
                f'{recipe.network.name} are {", ".join(parts)}'
            )
    if recipe.optimisation.only:
        network.requires_grad_(False)
        for name in recipe.optimisation.only:
            parts[name].requires_grad_(True)


def _check_sides(recipe: Recipe, network: RecurrentNetwork) -> None:
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


def _check_channels(recipe: Recipe, network: RecurrentNetwork) -> None:
    if (recipe.sensor == IMAGES) != bool(network.image_inputs):
        read = 'images' if network.image_inputs else 'the samples of a camera'
        raise UserError(
            f'recipe {recipe.name}: {recipe.network.name} reads {read}, but sensor is '
            f'{recipe.sensor}; change one of the two'
        )
    if recipe.sensor == 'event' and network.grid_bins < LEAST_BINS:
        raise UserError(
            f'recipe {recipe.name}: {recipe.network.name} reads {network.grid_bins} bin, but a '
            f'voxel grid is simulated with {LEAST_BINS} or more; raise bins'
        )
    if recipe.sensor != 'spike':
        return
    crop = recipe.optimisation.crop
    channels = representation_for(recipe.representation, crop, crop).channels
    if channels != network.bins:
        raise UserError(
            f'recipe {recipe.name}: its representation has {channels} channels, but '
            f'{recipe.network.name} reads {network.bins}; change one of the two'
        )


def _widened(network: RecurrentNetwork, recipe: Recipe, start_from: Path) -> bool:
    """Start from a bundle of a narrower network; return False if it is no such bundle."""
    if not can_grow(network) or not (start_from / DESCRIPTION).is_file():
        return False
    narrow = trained_network(read_bundle(start_from))
    if not is_wider(network, narrow):
        return False
    try:
        widen(narrow, network)
    except ValueError as error:
        raise UserError(f'{start_from} does not fit recipe {recipe.name}: {error}') from None
    return True


def _load(network: RecurrentNetwork, recipe: Recipe, file: Path) -> None:
    """Load the weights that the file has; others keep their random values, with a warning."""
    narrow = 'reduction' in recipe.network.arguments
    hint = '; `spike-recon prune` makes narrow networks of wide ones' if narrow else ''
    try:
        fit = network.load_state_dict(load_file(file), strict=False)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise UserError(f'{file} does not fit {recipe.network.name}: {error}{hint}') from None
    if fit.unexpected_keys:
        raise UserError(
            f'{file} does not fit {recipe.network.name}: it holds '
            f'{", ".join(fit.unexpected_keys)}; start from weights of the same network'
        )
    if fit.missing_keys:
        parts = dict.fromkeys(key.partition('.')[0] for key in fit.missing_keys)
        logging.getLogger(__name__).warning(
            '%s has no weights of %s: these parts keep their initial values',
            file,
            ', '.join(parts),
        )


def ancestor(start_from: Path | None) -> dict[str, Any] | None:
    """Return what is known about the training of the initial weights."""
    if start_from is None:
        return None
    known: dict[str, Any] = {'bundle': start_from.name}
    with contextlib.suppress(OSError, yaml.YAMLError, KeyError, TypeError):
        card = yaml.safe_load((start_from / DESCRIPTION).read_text(encoding='utf-8'))
        keys = ('pruned', 'started_from', 'steps', 'minutes', 'frames')
        known |= {key: card['recipe'][key] for key in keys if card['recipe'].get(key)}
    return known
