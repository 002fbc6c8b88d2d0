# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Length of a training, in minutes or steps, and a learning rate that is annealed at its end.

With minutes, the schedule is a function of elapsed time, not of steps, so a slower machine, or one
with other load, reaches the same final learning rate after the same time. The minutes count from
the start of the command and include loading, validation and writing: `reserve_s` is kept for the
last validation, and no step starts that would end too late. A resumed run continues with the time
of the interrupted one.
"""

import math
import time
from collections import deque
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

LAST = 0.01
"""Learning rate at the end, as a share of the highest."""
RISE_STEPS = 20
"""Least number of steps in which the learning rate rises, for short budgets."""
RECENT_STEPS = 8
"""Number of steps, the longest of which predicts the time of the next one."""


def learning_rate_share(
    progress: float, warm_up: float, stages: int = 0, stage_factor: float = 0.5
) -> float:
    """Return the learning rate as a share of the highest.

    Args:
        progress: 0 at the start, 1 at the end of the training.
        warm_up: progress at which the learning rate is highest.
        stages: number of equal parts of the training, each with a constant learning rate; 0 = a
            linear rise, then half a cosine.
        stage_factor: learning rate of a stage, as a share of that of the stage before.
    """
    if stages:
        return stage_factor ** min(int(progress * stages), stages - 1)
    if progress < warm_up:
        return max(progress / warm_up, LAST)
    along = min(1.0, (progress - warm_up) / (1 - warm_up))
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * along))


class Budget(Callback):
    """Lightning callback that sets the learning rate and stops the training.

    Args:
        minutes: total length of the training; ignored if `steps` is set.
        learning_rate: the highest.
        warm_up: share of the training in which the learning rate rises.
        stages: see `learning_rate_share`.
        stage_factor: see `learning_rate_share`.

    Attributes:
        minutes: the argument.
        steps: number of optimiser steps, set before the first one; 0 = as many as fit into the
            minutes.
        now_s: seconds of training at the start of the last step, including those before an
            interruption; the same in all processes.
        progress: share of the training before the last step, 0 to 1; 1 = it ends with this step.
            The same in all processes.
        reserve_s: time that is kept for what follows the last step, seconds.
    """

    def __init__(
        self,
        minutes: float,
        learning_rate: float,
        warm_up: float,
        stages: int = 0,
        stage_factor: float = 0.5,
    ) -> None:
        self.minutes, self.steps = minutes, 0
        self._stages = stages, stage_factor
        self.now_s = self.progress = self.reserve_s = 0.0
        self._learning_rate = learning_rate
        self._warm_up = warm_up
        self._elapsed_s = 0.0
        self._started_s = time.monotonic()
        self._step_started_s: float | None = None
        self._recent_s: deque[float] = deque(maxlen=RECENT_STEPS)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start of the command, including those before an interruption."""
        return self._elapsed_s + time.monotonic() - self._started_s

    def exclude(self, seconds: float) -> None:
        """Leave out the time of a validation or a checkpoint when predicting that of a step."""
        if self._step_started_s is not None:
            self._step_started_s += seconds

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Set the learning rate of this step."""
        now_s = self.elapsed_s
        if self._step_started_s is not None:
            self._recent_s.append(now_s - self._step_started_s)
        self._step_started_s = now_s
        progress = self._progress(trainer.global_step, now_s)
        if trainer.world_size > 1:  # all must do the same steps
            now_s, progress = trainer.strategy.broadcast((now_s, progress))
        self.now_s, self.progress = now_s, progress
        share = learning_rate_share(progress, self._warm_up, *self._stages)
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
        """Stop after the last step, which was therefore fully annealed."""
        if self.progress >= 1:
            trainer.should_stop = True

    def _progress(self, step: int, now_s: float) -> float:
        """Return the progress at a step; 1 if there is no time for another one after it."""
        if self.steps:
            return min(1.0, (step + 1) / self.steps)
        end_s = 60 * self.minutes - self.reserve_s
        step_s = max(self._recent_s, default=0.0)
        # The next step would end two steps from now: half a step too early or too late is best.
        return now_s / end_s if now_s + 1.5 * step_s < end_s else 1.0

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of this callback."""
        return {'elapsed_s': self.elapsed_s}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a checkpoint stored."""
        self._elapsed_s = self.now_s = float(state_dict['elapsed_s'])
