# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The checkpoint of a run: writing it without ever losing the last good one, and reading it.

A checkpoint is read as tensors and plain values only, so a run folder from somebody else cannot
execute code.
"""

import os
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from rich.console import Console

from spike_recon_models.networks.checkpoint_file import load_tensors
from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_training.budget import Budget

CHECKPOINT = 'last.ckpt'
CHECKPOINT_S = 120.0
"""Time between two, seconds."""
PARTS = {
    'state_dict': dict,
    'callbacks': dict,
    'loops': dict,
    'optimizer_states': list,
    'global_step': int,
    'epoch': int,
}
"""What Lightning needs to resume, and its type."""


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint, on the CPU.

    Raises:
        UserError: the file is damaged, contains other than tensors and plain values, or is no
            checkpoint of a run.
    """
    try:
        content = load_tensors(file)
    except ValueError as error:
        raise UserError(f'{error}; restore it from a copy, or train again') from None
    if not isinstance(content, dict):
        raise UserError(f'{file} is not a checkpoint of `spike-recon train`')
    for part, kind in PARTS.items():
        if not isinstance(content.get(part), kind):
            raise UserError(f'{file} is not a checkpoint of `spike-recon train`: it lacks {part}')
    if not all(isinstance(kept, dict) for kept in content['callbacks'].values()):
        raise UserError(f'{file} is not a checkpoint of `spike-recon train`')
    return content


def remembered(checkpoint: dict[str, Any], name: str, default: Any = None) -> Any:
    """Return the value that a callback of the run stored under `name`."""
    return next((s[name] for s in checkpoint['callbacks'].values() if name in s), default)


class Checkpoints(Callback):
    """Writes checkpoints.

    Each is written beside the last one and then renamed over it, so a crash at any time leaves a
    whole file. Weights that are not finite never replace good ones.

    Args:
        run: folder to write in.
        budget: of the run; all processes save together, so its clock decides.
        started_from: what is known about the training of the initial weights.
        teacher: name of the network to imitate, if there is one.

    Attributes:
        started_from: the same; in a resumed run, that of its first start.
    """

    def __init__(
        self,
        run: Path,
        budget: Budget,
        started_from: dict[str, Any] | None,
        teacher: str | None = None,
    ) -> None:
        self.started_from = started_from
        self._teacher = teacher
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
        """Save every CHECKPOINT_S seconds."""
        if self._last_s is None:
            self._last_s = self._budget.now_s
        if self._budget.now_s - self._last_s > CHECKPOINT_S:
            self.save(trainer)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Save what has been trained, whatever stops the run, unless it diverged.

        A resumed run that stops before its first step has trained nothing, and may not even have
        read all of its checkpoint. Several processes must save together, which they cannot after
        an error in one of them.
        """
        diverged = isinstance(exception, UserError) or not _finite(trainer)
        if trainer.world_size > 1 or self._last_s is None or diverged:
            return
        self.save(trainer)
        Console(stderr=True).print(
            f'stopped and saved to {self._file}; continue with --resume', soft_wrap=True
        )

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint stores of this callback."""
        return {'started_from': self.started_from, 'teacher': self._teacher}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a checkpoint stored."""
        self.started_from = state_dict['started_from']

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint.

        Raises:
            UserError: the weights are not finite, or the file cannot be written; the last
                checkpoint is kept.
        """
        kept = f'; {self._file} keeps the weights before' if self._file.exists() else ''
        if not _finite(trainer):
            raise UserError(
                f'the weights are not finite after {trainer.global_step} steps{kept}; lower '
                'optimisation.learning_rate in the recipe'
            )
        started_s = time.monotonic()
        self._last_s = self._budget.now_s
        part = self._file.with_suffix('.part')
        try:
            trainer.save_checkpoint(part)
            if trainer.is_global_zero:
                with part.open('rb') as written:
                    os.fsync(written.fileno())
                os.replace(part, self._file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(
                f'{self._file} cannot be written after {trainer.global_step} steps: '
                f'{reason_and_cure(error)}{kept}'
            ) from error
        self._budget.exclude(time.monotonic() - started_s)


def _finite(trainer: Trainer) -> bool:
    weights: list[torch.Tensor] = list(trainer.lightning_module.state_dict().values())
    return all(bool(one.isfinite().all()) for one in weights if one.is_floating_point())
