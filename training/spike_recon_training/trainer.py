# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The process of a training and its Lightning trainer: threads, device, precision, `torchrun`."""

import logging
import os
import signal
import warnings
from pathlib import Path
from typing import Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, IterableDataset

from spike_recon_ros.cpu_threads import default_threads
from spike_recon_ros.errors import UserError
from spike_recon_training.recipe import Recipe

PRECISION: dict[str, Literal['32-true', 'bf16-mixed', '16-mixed']] = {
    '32': '32-true',
    'bf16': 'bf16-mixed',
    '16': '16-mixed',
}


def processes() -> int:
    """Return how many processes `torchrun` started, here and elsewhere."""
    return int(os.environ.get('WORLD_SIZE', '1'))


def is_first_process() -> bool:
    """Return whether this is the process of all those that writes the files of the run."""
    return os.environ.get('RANK', '0') == '0'


def make_trainer(device: str, run: Path, recipe: Recipe, callbacks: list[Callback]) -> Trainer:
    """Return the trainer of a run.

    Args:
        device: auto, cpu or cuda.
        run: folder of the run, for the curves of TensorBoard.
        recipe: of the run.
        callbacks: in the order in which they are called.

    Raises:
        UserError: there is no CUDA device.
    """
    if device == 'cuda' and not torch.cuda.is_available():
        raise UserError('PyTorch finds no CUDA device; leave out --device')
    gpu = device != 'cpu' and torch.cuda.is_available()
    here = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    return Trainer(
        accelerator='gpu' if gpu else 'cpu',
        devices=here,
        num_nodes=processes() // here,
        strategy='ddp' if processes() > 1 else 'auto',
        precision=PRECISION[recipe.optimisation.precision],
        gradient_clip_val=recipe.optimisation.gradient_clip,
        max_epochs=-1,
        callbacks=callbacks,
        logger=TensorBoardLogger(run, name='', version='tensorboard'),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        log_every_n_steps=1_000_000,
    )


def fit(
    trainer: Trainer, task: LightningModule, segments: IterableDataset, checkpoint: Path | None
) -> None:
    """Train until a callback of the trainer stops it.

    Args:
        trainer: of the run.
        task: with the network.
        segments: its batches.
        checkpoint: from which the run continues; None = from the start.

    Raises:
        KeyboardInterrupt: the training was interrupted; the callbacks have saved what there is.
    """
    handler = signal.getsignal(signal.SIGINT)
    batches = DataLoader(segments, batch_size=None)
    try:
        trainer.fit(task, batches, ckpt_path=checkpoint, weights_only=True)
    except SystemExit as ended:  # Lightning makes this of an interrupt, and ignores further ones
        if not isinstance(ended.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, handler)
        raise KeyboardInterrupt from None


def prepare_process(threads: int) -> None:
    """Set the number of threads; silence hints about options that are not offered here."""
    here = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    torch.set_num_threads(threads or max(1, default_threads() // here))
    logging.getLogger('lightning.pytorch').setLevel(logging.ERROR)
    logging.getLogger('lightning.fabric').setLevel(logging.ERROR)
    warnings.filterwarnings('ignore', module='lightning')
    warnings.filterwarnings('ignore', message='.*does not have many workers.*')
