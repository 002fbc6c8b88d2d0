# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batches of sequences from random places of recordings."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Optimisation

Sample = tuple[np.ndarray, np.ndarray]
"""Input float32 [channels, crop, crop] and truth float32 [1, crop, crop], 0 to 1."""


def drawn_segments(
    optimisation: Optimisation,
    longest: int,
    draw: Callable[[int], Iterator[Sample]],
    rng: np.random.Generator,
    device: torch.device,
) -> Iterator[Segment]:
    """Yield the segments of a batch of sequences; the first one starts cold.

    Args:
        optimisation: has batch, windows and segments.
        longest: limit of the number of segments, that of the longest recording.
        draw: starts a sequence of a number of windows.
        rng: decides the number of segments, before any sequence starts.
        device: of the segments.
    """
    o = optimisation
    segments = min(int(rng.integers(o.segments[0], o.segments[1] + 1)), longest)
    sequences = [draw(segments * o.windows) for _ in range(o.batch)]
    for number in range(segments):
        windows = [[next(one) for one in sequences] for _ in range(o.windows)]
        tensors = np.stack([[tensor for tensor, _ in batch] for batch in windows])
        truths = np.stack([[truth for _, truth in batch] for batch in windows])
        yield Segment(
            torch.from_numpy(tensors).to(device),
            torch.from_numpy(truths).to(device),
            cold=number == 0,
        )


def drawn_place(places: Sequence[int], rng: np.random.Generator) -> tuple[int, int]:
    """Return the index of a recording and of a place in it, uniform over all places of all."""
    counts = np.array(places)
    place = int(rng.integers(counts.sum()))
    number = int(np.searchsorted(counts.cumsum(), place, 'right'))
    return number, place - int(counts[:number].sum())
