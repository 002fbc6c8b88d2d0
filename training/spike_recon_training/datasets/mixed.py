# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One endless stream of simulated and recorded training segments."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import IterableDataset

from spike_recon_training.datasets.clips import ClipSequences
from spike_recon_training.datasets.recorded import RecordedSequences
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments


class MixedSegments(IterableDataset):
    """Batches of sequences; each batch is either simulated or recorded, at random.

    The simulated batches are the same, and in the same order, as in a run without recordings.

    Args:
        simulated: source of the simulated batches; also provides the device and the start.
        recorded: source of the recorded batches.
        share: probability that a batch is recorded, 0 to 1.
        seed: seed of that choice and of the recorded batches.
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
        """Yield segments endlessly."""
        device = self._simulated.device()
        rng = np.random.default_rng([self._seed, *self._simulated.start(), 1])
        simulated = self._simulated.sequences()
        while True:
            if rng.random() < self._share:
                yield from self._recorded.sequence(rng, device)
            else:
                yield from next(simulated)
