# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loads the photographs and videos of a run, and splits off those held back for validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spike_recon_training.recipe import Recipe
from spike_recon_training.simulation.photographs import (
    Photographs,
    find_photographs,
    load_photographs,
    split_photographs,
)
from spike_recon_training.simulation.videos import Clips, find_videos, load_clips


def photographs_of(
    recipe: Recipe, folders: list[Path]
) -> tuple[Photographs, Photographs | None, dict[str, Any]]:
    """Return the photographs to train on, those held back, and the counts for the model card."""
    choice = recipe.photographs
    used, held = split_photographs(find_photographs(folders), choice.held_share)
    options = {'pattern_share': choice.pattern_share}
    photographs = load_photographs(used, choice.side, **options, seed=recipe.seed)
    kept = load_photographs(held, choice.side, **options, seed=1 + recipe.seed) if held else None
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
    clips = load_clips(used, choice.side, choice.longest)
    kept = load_clips(held, choice.side, choice.longest) if held else None
    kind = 'spike planes' if recipe.sensor == 'spike' else 'events'
    counts = {
        'kind': f'simulated {kind} from moving photographs and videos; no recording was used',
        'video_folders': [folder.name for folder in folders],
        'videos': clips.files,
        'videos_held_back': kept.files if kept else 0,
        'videos_share': choice.share,
    }
    return clips, kept, counts
