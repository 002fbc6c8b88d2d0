# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sudden cuts of simulated scenes: from one sample to the next the sensor sees another scene.

The other scene is the next one of the batch, mirrored, so a cut costs no rendering.
"""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform

MOST_CUTS = 32
"""Number of cuts of a sequence; after the last one the scene remains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutModel:
    """Distribution of the cuts.

    Attributes:
        share: share of sequences with cuts; 0 disables them.
        interval_s: range of the time between two cuts, s.
    """

    share: float = 0.0
    interval_s: tuple[float, float] = (0.2, 2.0)


class SceneCuts:
    """The cuts of a batch of sequences.

    Args:
        model: distribution.
        batch: number of sequences.
        generator: random generator, on the device to simulate on.
    """

    def __init__(self, model: CutModel, batch: int, generator: torch.Generator) -> None:
        cut = uniform(generator, (batch, 1), 0, 1) < model.share
        interval_s = log_uniform(generator, (batch, MOST_CUTS), *model.interval_s)
        self._times_s = torch.where(cut, interval_s.cumsum(1), torch.inf)

    def shown(self, scenes: torch.Tensor, t_s: torch.Tensor) -> torch.Tensor:
        """Return what the sensors see.

        After n cuts a sequence sees the scene that is n places after its own in the batch,
        mirrored from left to right if n is odd.

        Args:
            scenes: float32 [batch, times, height, width], one scene per sequence.
            t_s: float32 [batch, times], s.
        """
        cuts = (t_s[:, :, None] >= self._times_s[:, None]).sum(2)
        batch, times = t_s.shape
        index = torch.arange(batch, device=t_s.device)[:, None]
        chosen = scenes[(index + cuts) % batch, torch.arange(times, device=t_s.device)]
        return torch.where((cuts % 2 == 1)[:, :, None, None], chosen.flip(-1), chosen)
