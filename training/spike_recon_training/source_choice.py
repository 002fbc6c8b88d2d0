# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a run is trained on: photographs, videos and recordings.

Splits off the photographs and videos that are held back for validation.
"""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.errors import UserError
from spike_recon_training.datasets.clips import ClipSequences
from spike_recon_training.datasets.recorded import RecordedSequences
from spike_recon_training.recipe import Recipe
from spike_recon_training.simulation.photographs import (
    Photographs,
    find_photographs,
    load_held,
    load_photographs,
    split_photographs,
)
from spike_recon_training.simulation.videos import Clips, find_videos, load_clips

RECORDED_KINDS = {
    'event': 'simulated events from moving photographs, and recordings of event cameras',
    'spike': 'simulated spike planes of moving photographs, and data sets of spike planes',
}


def photographs_of(
    recipe: Recipe, folders: list[Path]
) -> tuple[Photographs, Photographs | None, dict[str, Any]]:
    """Return the photographs to train on, those held back, and the counts for the model card."""
    choice = recipe.photographs
    used, held = split_photographs(find_photographs(folders), choice.held_share)
    load = partial(load_photographs, side=choice.side, pattern_share=choice.pattern_share)
    photographs = load(used, seed=recipe.seed)
    kept = load_held(partial(load, seed=1 + recipe.seed), held)
    _warn_of_unused(len(used) + len(held), photographs, kept, 'photographs')
    counts = {
        'folders': [folder.name for folder in folders],
        'photographs': photographs.files,
        'held_back': kept.files if kept else 0,
        'squares': len(photographs),
    }
    return photographs, kept, counts


def clips_of(
    recipe: Recipe, folders: Sequence[Path]
) -> tuple[Clips | None, Clips | None, dict[str, Any]]:
    """Return the videos to train on, those held back, and the counts for the model card."""
    if not folders:
        return None, None, {}
    choice = recipe.videos
    used, held = split_photographs(find_videos(list(folders)), choice.held_share)
    load = partial(load_clips, side=choice.side, longest=choice.longest)
    clips, kept = load(used), load_held(load, held)
    _warn_of_unused(len(used) + len(held), clips, kept, 'videos')
    kind = 'spike planes' if recipe.sensor == 'spike' else 'events'
    counts = {
        'kind': f'simulated {kind} from moving photographs and videos; no recording was used',
        'video_folders': [folder.name for folder in folders],
        'videos': clips.files,
        'videos_held_back': kept.files if kept else 0,
        'videos_share': choice.share,
    }
    return clips, kept, counts


def _warn_of_unused(
    found: int, used: Photographs | Clips, held: Photographs | Clips | None, kind: str
) -> None:
    """Warn of files that were found but are not used.

    Args:
        found: number of files.
        used: to train on.
        held: held back.
        kind: plural of what they are.
    """
    unused = found - used.files - (held.files if held else 0)
    if unused:
        logging.getLogger(__name__).warning(
            '%d of %d files of %s are left out: they cannot be read, or are too small, too short '
            'or without texture',
            unused, found, kind,
        )  # fmt: skip


def recordings_of(
    recipe: Recipe, network: RecurrentNetwork, paths: Sequence[Path], share: float
) -> tuple[RecordedSequences | ClipSequences | None, dict[str, Any]]:
    """Return the recordings to train on, if there are any, and their names for the model card.

    Args:
        recipe: of the run.
        network: that is trained.
        paths: of the recordings or data sets.
        share: of the sequences that come from them.

    Raises:
        UserError: they cannot be read, or hold no truth for such a network.
    """
    if not paths:
        return None, {}
    if network.reads_frames:
        raise UserError(
            f'{recipe.network.name} reads frames, which are the truth of recordings; leave out '
            '--recordings'
        )
    if network.output_scale > 1:
        raise UserError(
            f'{recipe.network.name} makes images {network.output_scale} times as large as the '
            'truth of recordings; leave out --recordings'
        )
    described = {
        'kind': RECORDED_KINDS[recipe.sensor],
        'recordings': [path.name for path in paths],
        'recordings_share': share,
    }
    if recipe.sensor == 'spike':
        return ClipSequences(paths, recipe), described
    return RecordedSequences(paths, recipe, network.grid_bins), described
