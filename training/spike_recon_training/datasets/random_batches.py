# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batches of sequences from places that are drawn at random.

Comes in: how many places there are, and what makes a sequence. Goes out: places and Segments.
Knows nothing about recordings, clips or what a window holds.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Optimisation

Sample = tuple[np.ndarray, np.ndarray]
"""Tensor float32 [channels, crop, crop] and truth float32 [1, crop, crop], 0 to 1."""


def drawn_segments(
    optimisation: Optimisation,
    longest: int,
    draw: Callable[[int], Iterator[Sample]],
    chance: np.random.Generator,
    device: torch.device,
) -> Iterator[Segment]:
    """Yield the segments of a batch of sequences; the first one begins cold.

    Args:
        optimisation: whose batch, windows and segments are used.
        longest: segments that the longest recording is good for.
        draw: begins a sequence of so many windows.
        chance: decides how many segments there are, before anything is drawn.
        device: where the segments are wanted.
    """
    o = optimisation
    segments = min(int(chance.integers(o.segments[0], o.segments[1] + 1)), longest)
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


def drawn_place(places: Sequence[int], chance: np.random.Generator) -> tuple[int, int]:
    """Return which recording, and which of its places; all places of all are alike."""
    counts = np.array(places)
    place = int(chance.integers(counts.sum()))
    number = int(np.searchsorted(counts.cumsum(), place, 'right'))
    return number, place - int(counts[:number].sum())
