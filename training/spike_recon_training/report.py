# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Lightning callbacks that report a run: progress lines, curves and validation.

Report writes training.csv, Validation writes validation.json, validation.csv and sheets of images;
run_curves.py draws report.png from both files, and checkpoint.py writes the weights.
"""

import csv
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from spike_recon_ros.whole_file import write_whole
from spike_recon_training.budget import Budget
from spike_recon_training.checkpoint import Checkpoints
from spike_recon_training.datasets.images import ImageSegments
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments
from spike_recon_training.recipe import Recipe
from spike_recon_training.run_curves import TRAINING, VALIDATION, memory_mib
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.videos import Clips
from spike_recon_training.step_table import STEP, StepTable
from spike_recon_training.task import ReconstructionTask
from spike_recon_training.validation import (
    affordable,
    frame_times,
    held_segments,
    scores,
    write_sheet,
)

LINE_S = 10.0
CURVE_STEPS = 10
VALIDATIONS = 10
VALIDATION_S = 45.0
"""Least time between two, seconds, so that short runs do not spend theirs on validation."""
VALIDATION_SHARE = 0.1
"""Largest share of a budget for simulating the held-back sequences and two validations, and of
the time between two validations for one of them."""
FINISH_S = 2.0
"""Time for the last checkpoint and the curves, seconds."""


class Report(Callback):
    """Prints a progress line every LINE_S seconds and logs curves.

    Args:
        run: folder for training.csv.
        budget: of the run.
        segments: the simulation, whose share of the time is reported.
        frames_per_step: over all processes.
    """

    def __init__(
        self,
        run: Path,
        budget: Budget,
        segments: SimulatedSegments | ImageSegments,
        frames_per_step: int,
    ) -> None:
        self._table = StepTable(run / TRAINING)
        self._budget = budget
        self._segments = segments
        self._frames_per_step = frames_per_step
        self._console = Console(stderr=True, highlight=False)
        self._started_s = self._line_s = time.monotonic()
        self._line_step = self._first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; the table goes on at the step of the checkpoint, if there is one."""
        self._started_s = self._line_s = time.monotonic()
        self._line_step = self._first_step = trainer.global_step
        if trainer.is_global_zero:
            self._table.begin_after(trainer.global_step)

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
        ends = self._budget.progress >= 1
        rate = trainer.optimizers[0].param_groups[0]['lr']
        if step % CURVE_STEPS == 0 or ends:
            self._log(trainer, pl_module, rate)
        if now - self._line_s < LINE_S and not ends:
            return
        frames_per_s = (step - self._line_step) * self._frames_per_step / (now - self._line_s)
        terms = '  '.join(f'{k} {float(v):.4f}' for k, v in pl_module.last_terms.items())
        self._console.print(
            f'{100 * self._budget.progress:3.0f} %  step {step:6d}  {terms}  '
            f'rate {rate:.1e}  {frames_per_s:.0f} frames/s',
            soft_wrap=True,
        )
        self._line_s, self._line_step = now, step

    def _log(self, trainer: Trainer, task: ReconstructionTask, rate: float) -> None:
        curves = {name: float(term) for name, term in task.last_terms.items()}
        row = {**curves, 'learning_rate': rate, **memory_mib(trainer.strategy.root_device)}
        if trainer.logger:
            trainer.logger.log_metrics(row, trainer.global_step)
        elapsed_s = round(self._budget.now_s, 1)
        self._table.append({STEP: trainer.global_step, 'elapsed_s': elapsed_s, **row})

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

    A checkpoint is written before each validation, so an error in it loses nothing, and after it,
    so that a resumed run has its figures. The number of held-back sequences depends on the
    measured time of one image, so that a short budget is kept.

    Args:
        held: photographs that are not trained on; None = do not validate.
        recipe: of the run.
        run: folder for validation.json, validation.csv and sheets.
        budget: of the run.
        checkpoints: of the run.
        held_clips: videos that are not trained on; their figures begin with `video_`.
        segments: batches to score on, instead of sequences of `held`; for networks for images.

    Attributes:
        history: step, time and figures of each validation.
    """

    def __init__(
        self,
        held: Photographs | None,
        recipe: Recipe,
        run: Path,
        budget: Budget,
        checkpoints: Checkpoints,
        held_clips: Clips | None = None,
        segments: Sequence[Segment] = (),
    ) -> None:
        self._held, self._held_clips, self._recipe = held, held_clips, recipe
        self._segments = list(segments)
        self._filmed: list[Segment] = []
        self._run = run
        self._budget = budget
        self._checkpoints = checkpoints
        self._console = Console(stderr=True, highlight=False)
        self._last_s = self._last_progress = self._took_s = 0.0
        self.history: list[dict[str, float]] = []

    @property
    def last(self) -> dict[str, float]:
        """Figures of the last validation; nothing if there was none."""
        last = self.history[-1] if self.history else {}
        return {name: value for name, value in last.items() if name not in ('step', 'elapsed_s')}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Simulate the sequences of the validation, on the device of the training."""
        if not trainer.is_global_zero:
            return
        assert isinstance(pl_module, ReconstructionTask)
        if self._segments:
            self._segments = [one.to(trainer.strategy.root_device) for one in self._segments]
            started_s = time.monotonic()
            scores(pl_module.average.eval(), self._segments)
            self._took(time.monotonic() - started_s)
        if self._held is None:
            return
        held = self._held.to(trainer.strategy.root_device)
        network = pl_module.average.eval()
        simulation_s, network_s = frame_times(network, held, self._recipe)
        limit_s = VALIDATION_SHARE * 60 * self._budget.minutes
        sets = 2 if self._held_clips else 1
        frame_s = sets * (simulation_s + 2 * network_s)
        extent = affordable(frame_s, float('inf') if self._budget.steps else limit_s)
        of_run = held, self._recipe, network.grid_bins
        self._segments = held_segments(*of_run, extent=extent)
        if self._held_clips:
            self._filmed = held_segments(*of_run, self._held_clips, extent)
        self._took(sets * extent.frames * network_s)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Validate if it is due."""
        if self._budget.progress >= 1:
            return
        took_s = self._took_s
        if trainer.world_size > 1:  # all must write the checkpoint together
            took_s = trainer.strategy.broadcast(took_s)
        # A run that is resumed for longer has advanced less than before.
        self._last_progress = min(self._last_progress, self._budget.progress)
        advanced = self._budget.progress - self._last_progress
        least_s = max(VALIDATION_S, took_s / VALIDATION_SHARE)
        if advanced >= 1 / VALIDATIONS and self._budget.now_s - self._last_s >= least_s:
            self._validate(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validate the weights that will be exported."""
        self._validate(trainer, pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of this callback."""
        return {'history': self.history, 'progress': self._last_progress}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a checkpoint stored."""
        self.history = list(state_dict['history'])
        self._last_progress = float(state_dict.get('progress', 0.0))
        self._last_s = self.history[-1]['elapsed_s'] if self.history else 0.0

    def _took(self, seconds: float) -> None:
        """Keep time for another validation at the end."""
        self._took_s = seconds
        self._budget.reserve_s = seconds + FINISH_S

    def _validate(self, trainer: Trainer, task: LightningModule) -> None:
        self._last_s, self._last_progress = self._budget.now_s, self._budget.progress
        self._checkpoints.save(trainer)
        started_s = time.monotonic()
        if trainer.is_global_zero and self._segments:
            self._score(trainer, task)
            self._took(time.monotonic() - started_s)
        self._budget.exclude(time.monotonic() - started_s)
        self._checkpoints.save(trainer)

    def _score(self, trainer: Trainer, task: LightningModule) -> None:
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
        images = sum(one.truths.shape[0] * one.truths.shape[1] for one in self._segments)
        self.history.append(
            {
                'step': trainer.global_step,
                'elapsed_s': round(self._last_s, 1),
                'images': images,
                **found,
            }
        )
        write_whole(self._run / 'validation.json', json.dumps(self.history, indent=1) + '\n')
        table = io.StringIO()
        writer = csv.DictWriter(table, self.history[-1], restval='', extrasaction='ignore')
        writer.writeheader()
        writer.writerows(self.history)
        write_whole(self._run / VALIDATION, table.getvalue())
        sheets = self._run / 'sheets'
        shown = [*self._segments[:1], *self._filmed[:1]]
        write_sheet(network, shown, sheets / f'{trainer.global_step:07d}.png')
