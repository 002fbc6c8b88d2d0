# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From a recipe and photographs to a run: a folder with weights and how they came about.

Comes in: a recipe, folders of photographs, recordings if there are any, a budget. Goes out: in the
run's folder `recipe.yaml`, `last.ckpt`, `validation.json`, `sheets/` and `tensorboard/`. Knows
nothing about the command line.

One process trains on one device. `torchrun` starts several, on one machine or many, and each then
simulates its own sequences.
"""

import json
import logging
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.data import DataLoader, IterableDataset

from spike_recon_ros.cpu_threads import default_threads
from spike_recon_ros.errors import UserError
from spike_recon_training.budget import Budget
from spike_recon_training.datasets.clips import ClipSequences
from spike_recon_training.datasets.mixed import MixedSegments
from spike_recon_training.datasets.recorded import RecordedSequences
from spike_recon_training.datasets.simulated import SimulatedSegments
from spike_recon_training.initial_weights import ancestor, first_network
from spike_recon_training.recipe import Recipe, find_recipe, read_recipe, write_recipe
from spike_recon_training.report import CHECKPOINT, Checkpoints, Report, Validation
from spike_recon_training.simulation.photographs import (
    Photographs,
    find_photographs,
    load_photographs,
    split_photographs,
)
from spike_recon_training.task import ReconstructionTask
from spike_recon_training.validation import held_segments

PRECISION = {'32': '32-true', 'bf16': 'bf16-mixed', '16': '16-mixed'}
SUMMARY = 'run.json'
RECORDED_KINDS = {
    'event': 'simulated events from moving photographs, and recordings of event cameras',
    'spike': 'simulated spike planes of moving photographs, and data sets of spike planes',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for.

    Attributes:
        recipe: a file, or the name of a recipe of the package.
        photos: folders of photographs.
        recordings: datasets with frames, to train on as well.
        recordings_share: of the sequences that come from them, above 0, at most 1.
        run: folder to make, or to go on in.
        budget_minutes: None = the recipe's.
        resume: go on from the last checkpoint.
        start_from: bundle whose weights are the first ones.
        threads: of the CPU; 0 = one fewer than there are cores.
        device: auto, cpu or cuda.
    """

    recipe: str
    photos: list[Path]
    run: Path
    recordings: Sequence[Path] = ()
    recordings_share: float = 0.5
    budget_minutes: float | None = None
    resume: bool = False
    start_from: Path | None = None
    threads: int = 0
    device: str = 'auto'


def train(request: Request) -> dict[str, Any]:
    """Train; return the figures of the run, which are also in `run.json`.

    Raises:
        UserError: recipe, photographs or the run's folder are not usable, or the loss diverged.
    """
    recipe = read_recipe(find_recipe(request.recipe))
    processes = int(os.environ.get('WORLD_SIZE', '1'))
    _set_threads(request.threads)
    _quieten_lightning()
    checkpoint = _checkpoint(request)
    network = first_network(recipe, request.start_from)
    minutes = request.budget_minutes or recipe.optimisation.budget_minutes
    budget = Budget(minutes, recipe.optimisation.learning_rate, recipe.optimisation.warm_up)
    photographs, held, data = _photographs(recipe, request.photos)
    recorded, said = _recorded(request, recipe, network.bins)
    request.run.mkdir(parents=True, exist_ok=True)
    write_recipe(recipe, request.run / 'recipe.yaml')

    task = ReconstructionTask(network, recipe.loss, recipe.optimisation)
    trainer = _trainer(request, recipe, processes)
    when = {
        'device': lambda: task.device,
        'start': lambda: (trainer.global_rank, trainer.global_step),
    }
    simulated = SimulatedSegments(photographs, recipe, network.bins, **when)
    segments: IterableDataset = simulated
    if recorded is not None:
        share = request.recordings_share
        segments = MixedSegments(simulated, recorded, share, recipe.seed, **when)
    optimisation = recipe.optimisation
    report = Report(budget, simulated, optimisation.batch * optimisation.windows * processes)
    kept = _held_segments(held, recipe, network.bins, trainer)
    validation = Validation(kept, request.run, budget)
    checkpoints = Checkpoints(request.run, budget, ancestor(request.start_from))
    trainer.callbacks += [budget, report, validation, checkpoints]
    loader = DataLoader(segments, batch_size=None)
    trainer.fit(task, loader, ckpt_path=checkpoint, weights_only=False)
    checkpoints.save(trainer)
    last = validation.history[-1] if validation.history else {}
    result = {
        'run': str(request.run),
        'network': recipe.network.name,
        'parameters': sum(parameter.numel() for parameter in network.parameters()),
        'started_from': checkpoints.started_from,
        'device': str(trainer.strategy.root_device),
        'processes': processes,
        **report.summary(trainer),
        'held_back': {k: v for k, v in last.items() if k not in ('step', 'elapsed_s')},
        'data': data | said,
    }
    if trainer.is_global_zero:
        text = json.dumps(result, indent=1) + '\n'
        (request.run / SUMMARY).write_text(text, encoding='utf-8')
    return result


def _checkpoint(request: Request) -> Path | None:
    """Return what to go on from, and see that no other run is overwritten."""
    file = request.run / CHECKPOINT
    if request.resume:
        if not file.is_file():
            raise UserError(f'there is nothing to resume in {request.run}; leave out --resume')
        checkpoint = torch.load(file, map_location='cpu', weights_only=False)
        trained_s = remembered(checkpoint, 'elapsed_s', 0.0)
        if request.budget_minutes and trained_s >= 60 * request.budget_minutes:
            raise UserError(
                f'{request.run} has trained for {trained_s / 60:.1f} minutes already; give a '
                'larger --budget-minutes, which counts from the beginning'
            )
        return file
    if file.exists() and int(os.environ.get('RANK', '0')) == 0:
        raise UserError(
            f'{request.run} holds a run already; add --resume or choose another folder'
        )
    return None


def remembered(checkpoint: dict[str, Any], name: str, otherwise: Any = None) -> Any:
    """Return what the callbacks of a run had kept under a name when it was saved."""
    return next((s[name] for s in checkpoint['callbacks'].values() if name in s), otherwise)


def _photographs(
    recipe: Recipe, folders: list[Path]
) -> tuple[Photographs, Photographs | None, dict[str, Any]]:
    """Read those to train on and those held back; say how many there are."""
    choice = recipe.photographs
    used, held = split_photographs(find_photographs(folders), choice.held_share)
    options = {'pattern_share': choice.pattern_share}
    photographs = load_photographs(used, choice.side, **options, seed=recipe.seed)
    kept = load_photographs(held, choice.side, **options, seed=1 + recipe.seed) if held else None
    said = {
        'folders': [folder.name for folder in folders],
        'photographs': photographs.files,
        'held_back': kept.files if kept else 0,
        'squares': len(photographs),
    }
    return photographs, kept, said


def _recorded(
    request: Request, recipe: Recipe, bins: int
) -> tuple[RecordedSequences | ClipSequences | None, dict[str, Any]]:
    """Open the recordings to train on, if there are any; say which."""
    if not request.recordings:
        return None, {}
    said = {
        'kind': RECORDED_KINDS[recipe.sensor],
        'recordings': [path.name for path in request.recordings],
        'recordings_share': request.recordings_share,
    }
    if recipe.sensor == 'spike':
        return ClipSequences(request.recordings, recipe), said
    return RecordedSequences(request.recordings, recipe, bins), said


def _held_segments(
    held: Photographs | None, recipe: Recipe, bins: int, trainer: Trainer
) -> list[Any]:
    if held is None or not trainer.is_global_zero:
        return []
    return held_segments(held.to(trainer.strategy.root_device), recipe, bins)


def _trainer(request: Request, recipe: Recipe, processes: int) -> Trainer:
    if request.device == 'cuda' and not torch.cuda.is_available():
        raise UserError('PyTorch finds no CUDA device; leave out --device')
    gpu = request.device != 'cpu' and torch.cuda.is_available()
    here = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    return Trainer(
        accelerator='gpu' if gpu else 'cpu',
        devices=here,
        num_nodes=processes // here,
        strategy='ddp' if processes > 1 else 'auto',
        precision=PRECISION[recipe.optimisation.precision],  # type: ignore[arg-type]
        gradient_clip_val=recipe.optimisation.gradient_clip,
        max_epochs=-1,
        logger=TensorBoardLogger(request.run, name='', version='tensorboard'),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        log_every_n_steps=1_000_000,
    )


def _set_threads(threads: int) -> None:
    here = int(os.environ.get('LOCAL_WORLD_SIZE', '1'))
    torch.set_num_threads(threads or max(1, default_threads() // here))


def _quieten_lightning() -> None:
    """Leave its hints out: they are about options that the user does not have here."""
    logging.getLogger('lightning.pytorch').setLevel(logging.ERROR)
    logging.getLogger('lightning.fabric').setLevel(logging.ERROR)
    warnings.filterwarnings('ignore', module='lightning')
    warnings.filterwarnings('ignore', message='.*does not have many workers.*')
