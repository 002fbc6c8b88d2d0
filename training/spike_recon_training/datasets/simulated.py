# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training segments that are simulated on demand, on the training device."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import IterableDataset

from spike_recon_models.networks.registry import NETWORKS
from spike_recon_ros.representations import anchor_planes
from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import CROP_STEP, SMALLEST_CROP, Recipe
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.sequences import Sequences, normalise_nonzero
from spike_recon_training.simulation.spike_sequences import SpikeSequences
from spike_recon_training.simulation.videos import Clips

MOST_TIMES = 8
"""Maximum ratio of the batch size for small sensors to the normal one: each sequence needs memory
for its photographs."""


class SimulatedSegments(IterableDataset):
    """Endless segments; each sequence starts cold and has a random number of segments.

    Args:
        photographs: textures of the scenes, on any device.
        recipe: defines the sensor, the sequences and the batches.
        bins: channels of a voxel grid; ignored for spike cameras, whose representation has its own
            channels.
        other_instants: offsets from each instant, in planes, at which truth is also returned; for
            spike cameras.
        clips: videos; a share of the sequences, set by the recipe, is cut from them.
        device: returns the device to simulate on; called before the first segment, because
            Lightning selects the device late.
        start: returns (rank, steps done); called at the same time. Both enter the seed, so other
            processes and resumed runs get other sequences.

    Attributes:
        device: the argument.
        start: the argument.
        seconds: time spent on simulation, s (on a GPU: on launching the kernels).
    """

    def __init__(
        self,
        photographs: Photographs,
        recipe: Recipe,
        bins: int,
        other_instants: tuple[int, ...] = (),
        *,
        clips: Clips | None = None,
        device: Callable[[], torch.device] = lambda: torch.device('cpu'),
        start: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        super().__init__()
        self._photographs = photographs
        self._recipe = recipe
        self._bins = bins
        self._other_instants = other_instants
        self._clips = clips
        self.device = device
        self.start = start
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Segment]:
        """Yield segments endlessly."""
        for sequence in self.sequences():
            yield from sequence

    def sequences(self) -> Iterator[Iterator[Segment]]:
        """Yield iterators over the segments of one batch of sequences each, endlessly."""
        photographs = self._photographs.to(self.device())
        minimum, maximum = self._recipe.optimisation.segments
        rng = np.random.default_rng([self._recipe.seed, *self.start()])
        while True:
            seed = int(rng.integers(2**62))
            count = int(rng.integers(minimum, maximum + 1))
            filmed = self._clips and rng.random() < self._recipe.videos.share
            yield self._sequence(photographs, self._clips if filmed else None, seed, count)

    def _sequence(
        self, photographs: Photographs, clips: Clips | None, seed: int, segments: int
    ) -> Iterator[Segment]:
        for number in range(segments):
            started_s = time.perf_counter()
            if number == 0:
                sequences = new_sequences(
                    photographs,
                    self._recipe,
                    self._bins,
                    seed,
                    other_instants=self._other_instants,
                    clips=clips,
                )
            segment = next_segment(sequences, self._recipe, cold=number == 0)
            self.seconds += time.perf_counter() - started_s
            yield segment


def new_sequences(
    photographs: Photographs,
    recipe: Recipe,
    bins: int,
    seed: int,
    batch: int | None = None,
    other_instants: tuple[int, ...] = (),
    clips: Clips | None = None,
) -> Sequences | SpikeSequences:
    """Return a new batch of sequences with the distribution of the recipe.

    Args:
        photographs: textures of the scenes, on the device to simulate on.
        recipe: defines the sensor and the sequences.
        bins: channels of a voxel grid; ignored for spike cameras.
        seed: seed of all random values.
        batch: number of sequences; None = that of the recipe, or more if the seed selects small
            sensors.
        other_instants: offsets from each instant, in planes, at which truth is also returned; for
            spike cameras.
        clips: videos to cut the scenes from, instead of photographs.
    """
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
            other_instants=other_instants,
            seed=seed,
            clips=clips,
        )
    return Sequences(
        photographs,
        recipe.sequences,
        batch,
        crop,
        crop,
        bins=bins,
        seed=seed,
        clips=clips,
        with_frames=NETWORKS[recipe.network.name].reads_frames,
    )


def _crop_and_batch(recipe: Recipe, seed: int) -> tuple[int, int]:
    """Return the side in pixels and the number of sensors; batches of small sensors are larger."""
    o = recipe.optimisation
    rng = np.random.default_rng([seed, o.crop])
    if rng.random() >= o.small_share:
        return o.crop, o.batch
    maximum = o.crop // 2 // CROP_STEP
    side = CROP_STEP * int(rng.integers(SMALLEST_CROP // CROP_STEP, maximum + 1))
    return side, o.batch * min(MOST_TIMES, (o.crop // side) ** 2)


def _representation(recipe: Recipe, seed: int) -> dict[str, Any]:
    """Return the recipe's representation; a `hasty_share` of seeds shortens the lookahead."""
    representation = recipe.representation
    rng = np.random.default_rng(seed)
    if rng.random() >= recipe.spikes.hasty_share:
        return representation
    return with_lookahead(representation, int(rng.integers(representation['lookahead_planes'])))


@torch.no_grad()
def next_segment(
    sequences: Sequences | SpikeSequences,
    recipe: Recipe,
    *,
    cold: bool,
    windows: int | None = None,
) -> Segment:
    """Simulate the next windows of a batch of sequences, as inputs of the network.

    Args:
        sequences: the batch; advanced by the windows.
        recipe: defines the normalisation and the default number of windows.
        cold: whether these are the first windows of the sequences.
        windows: number of windows; None = that of the recipe.
    """
    count = windows or recipe.optimisation.windows
    if isinstance(sequences, SpikeSequences):
        grids, truths, others = sequences.next(count)
        return Segment(grids, truths, cold, others)
    grids, truths = sequences.next(count)
    if recipe.normalisation == 'nonzero':
        frames = anchor_planes.CHANNELS * NETWORKS[recipe.network.name].reads_frames
        bins = grids.shape[2] - frames
        grids = torch.cat([normalise_nonzero(grids[:, :, :bins]), grids[:, :, bins:]], 2)
    return Segment(grids, truths, cold)
