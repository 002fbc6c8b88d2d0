# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Exports the averaged weights of a training run as a bundle, and writes its model card."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from spike_recon_models.export import export_bundle
from spike_recon_models.networks.registry import NETWORKS, make_network
from spike_recon_ros.errors import UserError
from spike_recon_training.checkpoint import CHECKPOINT, read_checkpoint, remembered
from spike_recon_training.initial_weights import first_network
from spike_recon_training.recipe import IMAGES, Recipe, find_recipe, read_recipe
from spike_recon_training.train import SUMMARY
from spike_recon_training.typed_values import plain

PREFIX = 'average.'
EVENT_LIMITS = (
    'Trained on simulated events only. Events show how brightness changes, not how bright the '
    'scene is: areas where nothing has moved since the last reset are grey, absolute brightness '
    'is a guess, and large flat areas may be uneven. When motion stops, the image fades slowly; '
    'without `rest` in the loss of the recipe it fades within seconds, and without `noise` it '
    'fades in noise. Not simulated: colour filters, and noise unlike that of current event '
    'cameras. Flickering lamps were simulated only if the recipe has a share of `lamps`.'
)
SPIKE_LIMITS = (
    'Trained on simulated spike planes only, at the light levels of the recipe. Intensity is in '
    'spikes per plane: a pixel that fires at every plane is white, however bright it is, and a '
    'pixel that seldom fires is dark. Not simulated: pixels that are dead or always fire, and '
    'flickering lamps.'
)
FRAME_LIMITS = (
    'With frames of an aligned camera, the brightness is that of the frames, where there are any. '
    'The frames were simulated with nearly the gain of the truth, and with blur, noise, a latency '
    'of up to 0.3 s and a misalignment of up to one pixel, never with parallax between two '
    'lenses. '
)
IMAGE_LIMITS = {
    'colour': 'The colours are made up, from the brightness of 17x17 pixels and from what is '
    'frequent in the training photographs. They are no evidence of the real colours.',
    'between': 'Motion is not estimated. Between frames with fast motion, the result is a blend '
    'of both, with double edges.',
}
LIMITS = {'event': EVENT_LIMITS, 'spike': SPIKE_LIMITS}
KINDS = {
    'event': 'simulated events from moving photographs; no recording was used',
    'spike': 'simulated spike planes of moving photographs; no recording was used',
    'images': 'photographs, or videos, with their colours or every second frame left out',
}
SIMULATION = {'event': 'sequences', 'spike': 'spikes', 'images': 'images'}
"""The part of a recipe that says what is simulated."""
STRETCH = 1.2
"""Longest window that is read at once, as a multiple of the longest in training."""


def export_run(
    run: Path,
    bundle: Path,
    name: str | None = None,
    figures: dict[str, Any] | None = None,
    average_with: Path | None = None,
    progress: Callable[[str], None] = lambda phase: None,
) -> dict[str, Any]:
    """Write the bundle of a run, finished or interrupted.

    Args:
        run: folder of the run.
        bundle: folder to write.
        name: of the model; None = the recipe's.
        figures: measured with an earlier export, for the card.
        average_with: bundle to average the weights with, half and half. If the run started from
            this bundle and trained on other data, the mean keeps much of both (Wortsman et al.,
            "Robust fine-tuning of zero-shot models", CVPR 2022).
        progress: called with the name of each phase before it.

    Returns: what the command line prints.

    Raises:
        UserError: there is no run, its checkpoint is damaged or does not fit its recipe, or the
            bundle to average with has another network.
    """
    file = run / CHECKPOINT
    if not file.is_file():
        what = f'{run} holds no {CHECKPOINT}' if run.exists() else f'{run} does not exist'
        raise UserError(f'{what}; give the folder of `spike-recon train -o`')
    progress('reading the checkpoint')
    recipe = read_recipe(run / 'recipe.yaml')
    checkpoint = read_checkpoint(file)
    weights = {
        key.removeprefix(PREFIX): value
        for key, value in checkpoint['state_dict'].items()
        if key.startswith(PREFIX)
    }
    network = make_network(recipe.network.name, **recipe.network.arguments)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise UserError(f'{file} was not trained with {run / "recipe.yaml"}: {error}') from None
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise UserError(f'the weights in {file} are not finite; the training diverged')
    if average_with is not None:
        network.load_state_dict(_mean(weights, recipe, average_with))
    card = _card(run, recipe, int(checkpoint['global_step']), name, figures or {})
    # A run that was interrupted has left no summary.
    minutes = remembered(checkpoint, 'elapsed_s', 0.0) / 60
    card['recipe'].setdefault('minutes', round(minutes, 2))
    if started_from := remembered(checkpoint, 'started_from'):
        card['recipe'].setdefault('started_from', started_from)
    if teacher := remembered(checkpoint, 'teacher'):
        card['recipe']['teacher'] = teacher
    if average_with is not None:
        del card['metrics']['held_back_photographs']  # measured before the mean was taken
        card['recipe'] = {'averaged_with': average_with.name, **card['recipe']}
    export_bundle(network.eval(), bundle, card, progress)
    return {'bundle': str(bundle), 'name': card['name'], 'steps': int(checkpoint['global_step'])}


def export_untrained(recipe_name: str, bundle: Path) -> None:
    """Write the bundle of a network with its initial weights, which is enough to time it.

    Args:
        recipe_name: name of a recipe of the package, or a file.
        bundle: folder to write.

    Raises:
        UserError: there is no such recipe.
    """
    recipe = read_recipe(find_recipe(recipe_name))
    network = make_network(recipe.network.name, **recipe.network.arguments)
    export_bundle(network.eval(), bundle, _card(bundle, recipe, 0, None, {}))


def _card(
    run: Path, recipe: Recipe, steps: int, name: str | None, figures: dict[str, Any]
) -> dict[str, Any]:
    """Return the content of the model card."""
    summary = _summary(run / SUMMARY)
    asked = dataclasses.asdict(recipe)
    kept = 'loss', 'optimisation', SIMULATION[recipe.sensor]
    return {
        'name': name or recipe.name,
        **_reads(recipe),
        'network': {'name': recipe.network.name, 'arguments': recipe.network.arguments},
        'recipe': {
            'seed': recipe.seed,
            'steps': steps,
            **{
                key: summary[key]
                for key in ('started_from', 'minutes', 'frames', 'device')
                if summary.get(key)
            },
            **{key: plain(asked[key]) for key in kept},
        },
        'data': {
            'kind': KINDS[recipe.sensor],
            **summary.get('data', {}),
        },
        'metrics': {'held_back_photographs': summary.get('held_back', {}), **figures},
        'limits': _limits(recipe),
        'licence': recipe.licence,
    }


def _summary(file: Path) -> dict[str, Any]:
    """Return the figures that a finished run left, or nothing if it was interrupted."""
    if not file.is_file():
        return {}
    try:
        summary = json.loads(file.read_text(encoding='utf-8'))
    except (OSError, ValueError, RecursionError):
        summary = None
    if not isinstance(summary, dict):
        raise UserError(f'{file} is damaged; delete it to export without its figures')
    return summary


def _mean(
    weights: dict[str, torch.Tensor], recipe: Recipe, bundle: Path
) -> dict[str, torch.Tensor]:
    """Return the mean of these weights and those with which the bundle starts a run."""
    try:
        other = first_network(recipe, bundle).state_dict()
    except UserError as error:
        raise UserError(f'{bundle} cannot be averaged with the run: {error}') from None
    return {key: (value + other[key]) / 2 for key, value in weights.items()}


def _limits(recipe: Recipe) -> str:
    """Return what the network cannot do."""
    if recipe.sensor == IMAGES:
        return IMAGE_LIMITS[recipe.image_task]
    frames = FRAME_LIMITS if NETWORKS[recipe.network.name].reads_frames else ''
    return frames + LIMITS[recipe.sensor]


def _reads(recipe: Recipe) -> dict[str, Any]:
    """Return the card's entries about the camera and the windows; none of a network for images."""
    if recipe.sensor == IMAGES:
        return {}
    entries = {
        'sensor': recipe.sensor,
        'representation': recipe.representation or {'normalisation': recipe.normalisation},
        'window_ms': recipe.window_ms,
    }
    if recipe.sensor == 'event':
        longest_ms = round(STRETCH * recipe.sequences.window_ms[1], 3)
        entries['longest_window_ms'] = recipe.longest_window_ms or longest_ms
    return entries
