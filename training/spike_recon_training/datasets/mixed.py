# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated and recorded segments in one stream.

Comes in: both kinds of sequences and the share of one. Goes out: Segments, without end. Knows
nothing about how either is made.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.utils.data import IterableDataset

from spike_recon_training.datasets.clips import ClipSequences
from spike_recon_training.datasets.recorded import RecordedSequences
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments


class MixedSegments(IterableDataset):
    """Batches of sequences that are simulated or recorded, drawn for each batch as a whole.

    The simulated ones are those of a run without recordings, in the same order.

    Args:
        simulated: one kind.
        recorded: the other.
        share: of batches that are recorded, 0 to 1.
        seed: of the draws.
        device: as for SimulatedSegments.
        start: as for SimulatedSegments.
    """

    def __init__(
        self,
        simulated: SimulatedSegments,
        recorded: RecordedSequences | ClipSequences,
        share: float,
        seed: int,
        *,
        device: Callable[[], torch.device] = lambda: torch.device('cpu'),
        start: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        super().__init__()
        self._simulated = simulated
        self._recorded = recorded
        self._share = share
        self._seed = seed
        self._device = device
        self._start = start

    def __iter__(self) -> Iterator[Segment]:
        """Yield segments for ever."""
        device = self._device()
        chance = np.random.default_rng([self._seed, *self._start(), 1])
        simulated = self._simulated.sequences()
        while True:
            if chance.random() < self._share:
                yield from self._recorded.sequence(chance, device)
            else:
                yield from next(simulated)
