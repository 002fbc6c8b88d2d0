# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Time budget of a training, and a learning rate that is always annealed at its end.

The schedule is a function of elapsed time, not of steps, so a slower machine, or one with other
load, reaches the same final learning rate after the same time. A resumed run continues with the
time of the interrupted one.
"""

import math
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

LAST = 0.01
"""Learning rate at the end, as a share of the highest."""
RISE_STEPS = 20
"""Least number of steps in which the learning rate rises, for short budgets."""


def learning_rate_share(progress: float, warm_up: float) -> float:
    """Return the learning rate as a share of the highest: a linear rise, then half a cosine.

    Args:
        progress: 0 at the start, 1 at the end of the budget.
        warm_up: progress at which the learning rate is highest.
    """
    if progress < warm_up:
        return max(progress / warm_up, LAST)
    along = min(1.0, (progress - warm_up) / (1 - warm_up))
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * along))


class Budget(Callback):
    """Lightning callback that sets the learning rate and stops the training.

    Args:
        minutes: total length of the training.
        learning_rate: the highest.
        warm_up: share of the budget in which the learning rate rises.

    Attributes:
        now_s: seconds of training at the start of the last step, including those before an
            interruption; the same in all processes.
    """

    def __init__(self, minutes: float, learning_rate: float, warm_up: float) -> None:
        self.minutes = minutes
        self.now_s = 0.0
        self._learning_rate = learning_rate
        self._warm_up = warm_up
        self._elapsed_s = 0.0
        self._started_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far, including those before an interruption."""
        now = 0.0 if self._started_s is None else time.monotonic() - self._started_s
        return self._elapsed_s + now

    @property
    def progress(self) -> float:
        """Share of the budget, 0 to 1."""
        return min(1.0, self.now_s / (60 * self.minutes))

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started_s = time.monotonic()

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Set the learning rate of this step."""
        now_s = self.elapsed_s
        if trainer.world_size > 1:  # all must do the same steps
            now_s = trainer.strategy.broadcast(now_s)
        self.now_s = now_s
        share = learning_rate_share(self.progress, self._warm_up)
        share *= min(1.0, (trainer.global_step + 1) / RISE_STEPS)
        for optimizer in trainer.optimizers:
            for group in optimizer.param_groups:
                group['lr'] = share * self._learning_rate

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Stop if the budget had ended before this step, which was therefore fully annealed."""
        if self.progress >= 1:
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of this callback."""
        return {'elapsed_s': self.elapsed_s}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a checkpoint stored."""
        self._elapsed_s = self.now_s = float(state_dict['elapsed_s'])
