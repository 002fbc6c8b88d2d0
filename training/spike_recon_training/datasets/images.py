# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training segments for networks that turn images into images, and those held back."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset

from spike_recon_ros.errors import UserError
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe
from spike_recon_training.simulation.image_folders import folder_sequence
from spike_recon_training.simulation.image_samples import (
    ColourPhotographs,
    GreySequences,
    ImageSource,
    MovingPhotographs,
    PairedImages,
)
from spike_recon_training.simulation.photographs import (
    find_photographs,
    load_held,
    split_photographs,
)
from spike_recon_training.simulation.videos import find_videos, load_clips

HELD_BATCHES, HELD_SEED = 4, 20_260_101


class ImageSegments(IterableDataset):
    """Endless segments of one sequence per sample; see SimulatedSegments for the attributes.

    Args:
        sources: where samples come from, with the share of each.
        recipe: defines crop and batch.
        device: returns the device of the tensors.
        start: returns (rank, steps done), which enter the seed.
    """

    def __init__(
        self,
        sources: Sequence[tuple[ImageSource, float]],
        recipe: Recipe,
        device: Callable[[], torch.device] = lambda: torch.device('cpu'),
        start: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        super().__init__()
        self._sources, self._recipe = sources, recipe
        self.device, self.start = device, start
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Segment]:
        """Yield segments endlessly."""
        rng = np.random.default_rng([self._recipe.seed, *self.start()])
        while True:
            started_s = time.perf_counter()
            segment = next_segment(self._sources, self._recipe, rng, self.device())
            self.seconds += time.perf_counter() - started_s
            yield segment


def next_segment(
    sources: Sequence[tuple[ImageSource, float]],
    recipe: Recipe,
    rng: np.random.Generator,
    device: torch.device,
) -> Segment:
    """Return a batch of samples, each from a random source."""
    o = recipe.optimisation
    shares = np.array([share for _, share in sources])
    chosen = rng.choice(len(sources), size=o.batch, p=shares / shares.sum())
    samples = [sources[number][0].draw(rng, o.crop) for number in chosen]
    grids = torch.from_numpy(np.stack([grid for grid, _ in samples], 1))
    truths = torch.from_numpy(np.stack([truth for _, truth in samples], 1))
    return Segment(grids.to(device), truths.to(device), cold=True)


def held_images(sources: Sequence[tuple[ImageSource, float]], recipe: Recipe) -> list[Segment]:
    """Return the batches to score on, always the same for the same sources."""
    rng = np.random.default_rng(HELD_SEED)
    return [next_segment(sources, recipe, rng, torch.device('cpu')) for _ in range(HELD_BATCHES)]


Sources = list[tuple[ImageSource, float]]


def image_sources(
    recipe: Recipe,
    photos: Sequence[Path],
    videos: Sequence[Path],
    pairs: Sequence[Path],
    pairs_share: float,
) -> tuple[Sources, Sources, dict[str, Any]]:
    """Return the sources to train on, those held back, and the counts for the model card.

    Args:
        recipe: of a network for images.
        photos: folders of photographs.
        videos: folders of videos, for in-between frames.
        pairs: folders with grey and RGB images of the same names.
        pairs_share: share of the samples that come from `pairs`.

    Raises:
        UserError: nothing is given, or it cannot be used.
    """
    colour, o = recipe.image_task == 'colour', recipe.optimisation
    if videos and colour:
        raise UserError('--videos is for in-between frames; leave it out for colour')
    if not photos and not videos and not pairs:
        raise UserError('give --photos, or --recordings with a folder of paired images')
    used: Sources = []
    held: Sources = []
    data: dict[str, Any] = {'photographs': 0, 'held_back': 0}
    own_share = 1 - pairs_share if pairs else 1.0
    photo_share = own_share * (1 - recipe.videos.share if videos else 1.0)
    if photos and photo_share:
        files, kept = split_photographs(
            find_photographs(list(photos)), recipe.photographs.held_share
        )
        load = partial(ColourPhotographs, side=recipe.images.side, crop=o.crop)
        for still, sources, key in (
            (load(files), used, 'photographs'), (load_held(load, kept), held, 'held_back'),
        ):  # fmt: skip
            if still is not None:
                data[key] = still.files
                moving = MovingPhotographs(still, recipe.images)
                sources.append((still if colour else moving, photo_share))
        data['folders'] = [folder.name for folder in photos]
    if videos and recipe.videos.share:
        files, kept = split_photographs(find_videos(list(videos)), recipe.videos.held_share)
        filmed = partial(_filmed, recipe)
        for grey, sources, key in (
            (filmed(files), used, 'videos'), (load_held(filmed, kept), held, 'videos_held_back'),
        ):  # fmt: skip
            data[key] = grey.files if grey else 0
            if grey is not None:
                sources.append((grey, own_share * recipe.videos.share))
    for folder in pairs:
        source = _paired(folder, recipe, colour)
        used.append((source, pairs_share / len(pairs)))
        data.setdefault('paired_folders', []).append(folder.name)
        data['photographs'] += source.files
    if not used:
        raise UserError(f'recipe {recipe.name}: raise videos.share above 0, or give --photos')
    return used, held, data


def _filmed(recipe: Recipe, files: list[Path]) -> GreySequences:
    clips = load_clips(files, recipe.videos.side, recipe.videos.longest)
    return GreySequences(clips.shots, recipe.images, recipe.optimisation.crop, clips.files)


def _paired(folder: Path, recipe: Recipe, colour: bool) -> PairedImages | GreySequences:
    crop = recipe.optimisation.crop
    if colour:
        return PairedImages(folder, crop)
    shot = folder_sequence(folder)
    return GreySequences([shot], recipe.images, crop, len(shot))
