# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lightning callbacks that report a run: progress lines, TensorBoard curves and validation.

Validation writes validation.json and sheets of images; checkpoint.py writes the weights.
"""

import json
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from spike_recon_training.budget import Budget
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments
from spike_recon_training.recipe import Recipe
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.videos import Clips
from spike_recon_training.task import ReconstructionTask
from spike_recon_training.validation import held_segments, scores, write_sheet

LINE_S = 10.0
CURVE_STEPS = 10
VALIDATIONS = 10
VALIDATION_S = 45.0
"""Least time between two, seconds, so that short runs do not spend theirs on validation."""


class Report(Callback):
    """Prints a progress line every LINE_S seconds and logs curves.

    Args:
        budget: of the run.
        segments: the simulation, whose share of the time is reported.
        frames_per_step: over all processes.
    """

    def __init__(self, budget: Budget, segments: SimulatedSegments, frames_per_step: int) -> None:
        self._budget = budget
        self._segments = segments
        self._frames_per_step = frames_per_step
        self._console = Console(stderr=True, highlight=False)
        self._started_s = self._line_s = time.monotonic()
        self._line_step = self._first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started_s = self._line_s = time.monotonic()
        self._line_step = self._first_step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Log, and print a line where it is due."""
        assert isinstance(pl_module, ReconstructionTask)
        if not trainer.is_global_zero:
            return
        step, now = trainer.global_step, time.monotonic()
        rate = trainer.optimizers[0].param_groups[0]['lr']
        if step % CURVE_STEPS == 0 and trainer.logger:
            curves = {name: float(term) for name, term in pl_module.last_terms.items()}
            trainer.logger.log_metrics({**curves, 'learning_rate': rate}, step)
        if now - self._line_s < LINE_S and self._budget.progress < 1:
            return
        frames_per_s = (step - self._line_step) * self._frames_per_step / (now - self._line_s)
        terms = '  '.join(f'{k} {float(v):.4f}' for k, v in pl_module.last_terms.items())
        self._console.print(
            f'{100 * self._budget.progress:3.0f} %  step {step:6d}  {terms}  '
            f'rate {rate:.1e}  {frames_per_s:.0f} frames/s',
            soft_wrap=True,
        )
        self._line_s, self._line_step = now, step

    def summary(self, trainer: Trainer) -> dict[str, float | int]:
        """Return the figures of the run so far."""
        seconds = time.monotonic() - self._started_s
        frames = (trainer.global_step - self._first_step) * self._frames_per_step
        return {
            'steps': trainer.global_step,
            'frames': trainer.global_step * self._frames_per_step,
            'frames_per_s': round(frames / max(seconds, 1e-9), 1),
            'simulation_share': round(self._segments.seconds / max(seconds, 1e-9), 3),
            'minutes': round(self._budget.elapsed_s / 60, 2),
        }


class Validation(Callback):
    """Scores the averaged weights VALIDATIONS times and at the end.

    Args:
        held: photographs that are not trained on; None = do not validate.
        held_clips: videos that are not trained on; their figures begin with `video_`.
        recipe: of the run.
        bins: input channels of the network.
        run: folder for validation.json and sheets.
        budget: of the run.

    Attributes:
        history: step, time and figures of each validation.
    """

    def __init__(
        self,
        held: Photographs | None,
        recipe: Recipe,
        bins: int,
        run: Path,
        budget: Budget,
        held_clips: Clips | None = None,
    ) -> None:
        self._held, self._held_clips = held, held_clips
        self._recipe, self._bins = recipe, bins
        self._segments: list[Segment] = []
        self._filmed: list[Segment] = []
        self._file = run / 'validation.json'
        self._sheets = run / 'sheets'
        self._budget = budget
        self._console = Console(stderr=True, highlight=False)
        self._last_s = 0.0
        self.history: list[dict[str, float]] = []

    @property
    def last(self) -> dict[str, float]:
        """Figures of the last validation; nothing if there was none."""
        last = self.history[-1] if self.history else {}
        return {name: value for name, value in last.items() if name not in ('step', 'elapsed_s')}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Simulate the sequences of the validation, on the device of the training."""
        if self._held is not None and trainer.is_global_zero:
            held = self._held.to(trainer.strategy.root_device)
            self._segments = held_segments(held, self._recipe, self._bins)
            if self._held_clips:
                self._filmed = held_segments(held, self._recipe, self._bins, self._held_clips)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Validate if it is due."""
        every_s = max(VALIDATION_S, 60 * self._budget.minutes / VALIDATIONS)
        if self._budget.now_s - self._last_s >= every_s and self._budget.progress < 1:
            self._validate(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate the weights that will be exported."""
        self._validate(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of this callback."""
        return {'history': self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a checkpoint stored."""
        self.history = list(state_dict['history'])
        self._last_s = self.history[-1]['elapsed_s'] if self.history else 0.0

    def _validate(self, trainer: Trainer, task: LightningModule) -> None:
        self._last_s = self._budget.now_s
        if not (trainer.is_global_zero and self._segments):
            return
        assert isinstance(task, ReconstructionTask)
        network = task.average.eval()
        found = scores(network, self._segments)
        if self._filmed:
            filmed = scores(network, self._filmed)
            found |= {f'video_{name}': value for name, value in filmed.items()}
        if trainer.logger:
            trainer.logger.log_metrics(
                {f'held/{name}': value for name, value in found.items()}, trainer.global_step
            )
        figures = '  '.join(f'{k} {v:.4f}' for k, v in found.items())
        self._console.print(f'held back:  {figures}', soft_wrap=True)
        self.history.append(
            {'step': trainer.global_step, 'elapsed_s': round(self._last_s, 1), **found}
        )
        self._file.write_text(json.dumps(self.history, indent=1) + '\n', encoding='utf-8')
        self._sheets.mkdir(exist_ok=True)
        sheet = self._sheets / f'{trainer.global_step:07d}.png'
        write_sheet(network, [*self._segments[:1], *self._filmed[:1]], sheet)
