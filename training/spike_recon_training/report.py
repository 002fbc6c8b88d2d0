# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a run says and leaves behind while it trains.

Comes in: the training, as Lightning callbacks. Goes out: lines on stderr, TensorBoard curves,
validation.json, sheets of pictures and checkpoints. Knows nothing about how weights are found.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from spike_recon_training.budget import Budget
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments
from spike_recon_training.task import ReconstructionTask
from spike_recon_training.validation import scores, write_sheet

CHECKPOINT = 'last.ckpt'
LINE_S = 10.0
CURVE_STEPS = 10
CHECKPOINT_S = 120.0
VALIDATIONS = 10
VALIDATION_S = 45.0
"""Least time between two, so that short runs do not spend theirs on it."""


class Report(Callback):
    """Prints a line now and then and draws curves.

    Args:
        budget: of the run.
        segments: whose time is reported as a share.
        frames_per_step: over all processes.
    """

    def __init__(self, budget: Budget, segments: SimulatedSegments, frames_per_step: int) -> None:
        self._budget = budget
        self._segments = segments
        self._frames_per_step = frames_per_step
        self._console = Console(stderr=True, highlight=False)
        self._begun = self._line_at = time.monotonic()
        self._line_step = self._first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start counting."""
        self._begun = self._line_at = time.monotonic()
        self._line_step = self._first_step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Say how it goes."""
        assert isinstance(pl_module, ReconstructionTask)
        if not trainer.is_global_zero:
            return
        step, now = trainer.global_step, time.monotonic()
        rate = trainer.optimizers[0].param_groups[0]['lr']
        if step % CURVE_STEPS == 0 and trainer.logger:
            curves = {name: float(term) for name, term in pl_module.last_terms.items()}
            trainer.logger.log_metrics({**curves, 'learning_rate': rate}, step)
        if now - self._line_at < LINE_S and self._budget.progress < 1:
            return
        frames_per_s = (step - self._line_step) * self._frames_per_step / (now - self._line_at)
        terms = '  '.join(f'{k} {float(v):.4f}' for k, v in pl_module.last_terms.items())
        self._console.print(
            f'{100 * self._budget.progress:3.0f} %  step {step:6d}  {terms}  '
            f'rate {rate:.1e}  {frames_per_s:.0f} frames/s',
            soft_wrap=True,
        )
        self._line_at, self._line_step = now, step

    def summary(self, trainer: Trainer) -> dict[str, float | int]:
        """Return the figures of the run so far."""
        seconds = time.monotonic() - self._begun
        frames = (trainer.global_step - self._first_step) * self._frames_per_step
        return {
            'steps': trainer.global_step,
            'frames': trainer.global_step * self._frames_per_step,
            'frames_per_s': round(frames / max(seconds, 1e-9), 1),
            'simulation_share': round(self._segments.seconds / max(seconds, 1e-9), 3),
            'minutes': round(self._budget.elapsed_s / 60, 2),
        }


class Validation(Callback):
    """Scores the averaged weights now and then, and at the end.

    Args:
        segments: held back.
        run: folder for validation.json and sheets.
        budget: of the run.
    """

    def __init__(self, segments: list[Segment], run: Path, budget: Budget) -> None:
        self._segments = segments
        self._file = run / 'validation.json'
        self._sheets = run / 'sheets'
        self._budget = budget
        self._console = Console(stderr=True, highlight=False)
        self._last_s = 0.0
        self.history: list[dict[str, float]] = []

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Validate where it is due."""
        every_s = max(VALIDATION_S, 60 * self._budget.minutes / VALIDATIONS)
        if self._budget.now_s - self._last_s >= every_s and self._budget.progress < 1:
            self._validate(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate what is exported."""
        self._validate(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {'history': self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.history = list(state_dict['history'])
        self._last_s = self.history[-1]['elapsed_s'] if self.history else 0.0

    def _validate(self, trainer: Trainer, task: LightningModule) -> None:
        self._last_s = self._budget.now_s
        if not (trainer.is_global_zero and self._segments):
            return
        assert isinstance(task, ReconstructionTask)
        network = task.average.eval()
        found = scores(network, self._segments)
        if trainer.logger:
            trainer.logger.log_metrics(
                {f'held/{name}': value for name, value in found.items()}, trainer.global_step
            )
        said = '  '.join(f'{k} {v:.4f}' for k, v in found.items())
        self._console.print(f'held back:  {said}', soft_wrap=True)
        self.history.append(
            {'step': trainer.global_step, 'elapsed_s': round(self._last_s, 1), **found}
        )
        self._file.write_text(json.dumps(self.history, indent=1) + '\n', encoding='utf-8')
        self._sheets.mkdir(exist_ok=True)
        sheet = self._sheets / f'{trainer.global_step:07d}.png'
        write_sheet(network, self._segments[:1], sheet)


class Checkpoints(Callback):
    """Writes one checkpoint over the other, whole or not at all.

    Args:
        run: folder to write in.
        budget: of the run; all processes save together, so its clock decides.
        started_from: what is known of the training of the first weights.

    Attributes:
        started_from: the same; of a run that is resumed, what it was told at its beginning.
    """

    def __init__(self, run: Path, budget: Budget, started_from: dict[str, Any] | None) -> None:
        self.started_from = started_from
        self._file = run / CHECKPOINT
        self._budget = budget
        self._last_s: float | None = None

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save now and then."""
        if self._last_s is None:
            self._last_s = self._budget.now_s
        if self._budget.now_s - self._last_s > CHECKPOINT_S:
            self.save(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save what an interruption by the user would lose."""
        if isinstance(exception, KeyboardInterrupt) and trainer.world_size == 1:
            self.save(trainer)
            Console(stderr=True).print(
                f'stopped and saved to {self._file}; go on with --resume', soft_wrap=True
            )

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {'started_from': self.started_from}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.started_from = state_dict['started_from']

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint."""
        self._last_s = self._budget.now_s
        part = self._file.with_suffix('.part')
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            os.replace(part, self._file)
