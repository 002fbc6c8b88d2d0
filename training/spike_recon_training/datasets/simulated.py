# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments that are simulated as they are asked for.

Comes in: photographs and a recipe. Goes out: Segments, without end, made on the device where they
are used: nothing is loaded, copied or waited for. Knows nothing about networks or losses.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset

from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import CROP_STEP, SMALLEST_CROP, Recipe
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.sequences import Sequences, normalise_nonzero
from spike_recon_training.simulation.spike_sequences import SpikeSequences

MOST_TIMES = 8
"""As many sequences in a batch of small sensors: each has its photographs to prepare."""


class SimulatedSegments(IterableDataset):
    """Endless segments; a sequence has a random number of them and begins cold.

    Args:
        photographs: what there is to see, on any device.
        recipe: what to simulate.
        bins: channels of a voxel grid; spike cameras have those of their representation.
        device: asked when the first segment is, because Lightning decides late.
        start: asked then too: numbers (rank, steps done), so that no two processes, and no run
            that is resumed, see the same sequences.

    Attributes:
        seconds: time spent on simulation (on a GPU: on asking for it).
    """

    def __init__(
        self,
        photographs: Photographs,
        recipe: Recipe,
        bins: int,
        *,
        device: Callable[[], torch.device] = lambda: torch.device('cpu'),
        start: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        super().__init__()
        self._photographs = photographs
        self._recipe = recipe
        self._bins = bins
        self._device = device
        self._start = start
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Segment]:
        """Yield segments for ever."""
        for sequence in self.sequences():
            yield from sequence

    def sequences(self) -> Iterator[Iterator[Segment]]:
        """Yield the segments of one batch of sequences after the other, for ever."""
        photographs = self._photographs.to(self._device())
        fewest, most = self._recipe.optimisation.segments
        chance = np.random.default_rng([self._recipe.seed, *self._start()])
        while True:
            seed = int(chance.integers(2**62))
            yield self._sequence(photographs, seed, int(chance.integers(fewest, most + 1)))

    def _sequence(self, photographs: Photographs, seed: int, segments: int) -> Iterator[Segment]:
        for number in range(segments):
            begun = time.perf_counter()
            if number == 0:
                sequences = new_sequences(photographs, self._recipe, self._bins, seed)
            segment = next_segment(sequences, self._recipe, cold=number == 0)
            self.seconds += time.perf_counter() - begun
            yield segment


def new_sequences(
    photographs: Photographs, recipe: Recipe, bins: int, seed: int, batch: int | None = None
) -> Sequences | SpikeSequences:
    """Return a batch of sequences as the recipe wants them, at their beginning."""
    crop = recipe.optimisation.crop
    if batch is None:
        crop, batch = _crop_and_batch(recipe, seed)
    if recipe.sensor == 'spike':
        return SpikeSequences(
            photographs,
            recipe.spikes,
            batch,
            crop,
            crop,
            representation=partial(representation_for, _representation(recipe, seed)),
            scale=recipe.network.arguments.get('scale', 1),
            seed=seed,
        )
    return Sequences(
        photographs,
        recipe.sequences,
        batch,
        crop,
        crop,
        bins=bins,
        seed=seed,
    )


def _crop_and_batch(recipe: Recipe, seed: int) -> tuple[int, int]:
    """Return side and number of the sensors of a batch; of small ones there are more."""
    o = recipe.optimisation
    chance = np.random.default_rng([seed, o.crop])
    if chance.random() >= o.small_share:
        return o.crop, o.batch
    most = o.crop // 2 // CROP_STEP
    side = CROP_STEP * int(chance.integers(SMALLEST_CROP // CROP_STEP, most + 1))
    return side, o.batch * min(MOST_TIMES, (o.crop // side) ** 2)


def _representation(recipe: Recipe, seed: int) -> dict[str, Any]:
    """Return the recipe's, for some sequences with fewer planes to look ahead."""
    said = recipe.representation
    chance = np.random.default_rng(seed)
    if chance.random() >= recipe.spikes.hasty_share:
        return said
    return with_lookahead(said, int(chance.integers(said['lookahead_planes'])))


@torch.no_grad()
def next_segment(
    sequences: Sequences | SpikeSequences,
    recipe: Recipe,
    *,
    cold: bool,
    windows: int | None = None,
) -> Segment:
    """Return the next windows of some sequences, as the network reads them."""
    grids, truths = sequences.next(windows or recipe.optimisation.windows)
    if recipe.sensor == 'event' and recipe.normalisation == 'nonzero':
        grids = normalise_nonzero(grids)
    return Segment(grids, truths, cold)
