# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated and recorded segments in one endless stream."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import IterableDataset

from spike_recon_training.datasets.clips import ClipSequences
from spike_recon_training.datasets.recorded import RecordedSequences
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments


class MixedSegments(IterableDataset):
    """Batches of sequences, each either all simulated or all recorded, at random.

    The simulated batches are those of a run without recordings, in the same order.

    Args:
        simulated: source of the simulated batches, and of device and start of the stream.
        recorded: source of the others.
        share: of batches that are recorded, 0 to 1.
        seed: of the choice.
    """

    def __init__(
        self,
        simulated: SimulatedSegments,
        recorded: RecordedSequences | ClipSequences,
        share: float,
        seed: int,
    ) -> None:
        super().__init__()
        self._simulated = simulated
        self._recorded = recorded
        self._share = share
        self._seed = seed

    def __iter__(self) -> Iterator[Segment]:
        """Yield segments without end."""
        device = self._simulated.device()
        rng = np.random.default_rng([self._seed, *self._simulated.start(), 1])
        simulated = self._simulated.sequences()
        while True:
            if rng.random() < self._share:
                yield from self._recorded.sequence(rng, device)
            else:
                yield from next(simulated)
