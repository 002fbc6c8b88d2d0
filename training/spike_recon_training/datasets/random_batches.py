# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Batches of sequences from random positions; shared by clips and recordings."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Optimisation

Sample = tuple[np.ndarray, np.ndarray]
"""Input tensor float32 [channels, crop, crop] and truth float32 [1, crop, crop], 0 to 1."""


def batched_segments(
    optimisation: Optimisation,
    longest: int,
    draw: Callable[[int], Iterator[Sample]],
    rng: np.random.Generator,
    device: torch.device,
) -> Iterator[Segment]:
    """Yield the segments of one batch of sequences; the first starts with a zero state.

    Args:
        optimisation: defines batch, windows and the range of the number of segments.
        longest: number of segments in the longest recording; an upper limit.
        draw: called with a number of windows; starts a sequence and returns its samples.
        rng: random generator of the number of segments, which is drawn before the sequences.
        device: device of the tensors.
    """
    o = optimisation
    segments = min(int(rng.integers(o.segments[0], o.segments[1] + 1)), longest)
    sequences = [draw(segments * o.windows) for _ in range(o.batch)]
    for number in range(segments):
        windows = [[next(samples) for samples in sequences] for _ in range(o.windows)]
        tensors = np.stack([[tensor for tensor, _ in batch] for batch in windows])
        truths = np.stack([[truth for _, truth in batch] for batch in windows])
        yield Segment(
            torch.from_numpy(tensors).to(device),
            torch.from_numpy(truths).to(device),
            cold=number == 0,
        )


def draw_position(positions: Sequence[int], rng: np.random.Generator) -> tuple[int, int]:
    """Draw one of all positions with equal probability.

    Args:
        positions: number of positions in each recording.
        rng: random generator.

    Returns: the index of the recording and the position in it.
    """
    counts = np.array(positions)
    position = int(rng.integers(counts.sum()))
    number = int(np.searchsorted(counts.cumsum(), position, 'right'))
    return number, position - int(counts[:number].sum())
