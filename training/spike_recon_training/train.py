# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Trains a network by a recipe, on photographs and, if given, recordings.

The result is the folder of the run: `recipe.yaml`, `last.ckpt`, `run.json`, `training.csv`,
`validation.csv`, `validation.json`, `report.png` (if matplotlib is installed), `sheets/` and
`tensorboard/`. One process trains on one device. `torchrun` starts several, on one machine or
many; each simulates its own sequences.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch import Callback
from torch.utils.data import IterableDataset

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.errors import UserError
from spike_recon_ros.whole_file import write_whole
from spike_recon_training.budget import Budget
from spike_recon_training.checkpoint import (
    CHECKPOINT,
    Checkpoints,
    read_checkpoint,
    remembered,
)
from spike_recon_training.datasets.images import ImageSegments, held_images, image_sources
from spike_recon_training.datasets.mixed import MixedSegments
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import SimulatedSegments
from spike_recon_training.initial_weights import ancestor, first_network
from spike_recon_training.recipe import (
    IMAGES,
    Optimisation,
    Recipe,
    find_recipe,
    read_recipe,
    write_recipe,
)
from spike_recon_training.report import Report, Validation
from spike_recon_training.run_curves import draw_report
from spike_recon_training.run_folder import held
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.videos import Clips
from spike_recon_training.source_choice import clips_of, photographs_of, recordings_of
from spike_recon_training.task import Averaging, ReconstructionTask
from spike_recon_training.teacher import teacher_of
from spike_recon_training.trainer import (
    fit,
    is_first_process,
    make_trainer,
    prepare_process,
    processes,
)
from spike_recon_training.vgg_features import perceptual_distance

SUMMARY = 'run.json'


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for.

    Attributes:
        recipe: a file, or the name of a recipe of the package.
        photos: folders of photographs.
        videos: folders of videos, as further scenes.
        recordings: datasets with frames, to train on as well.
        recordings_share: share of the sequences that come from recordings, above 0, at most 1.
        run: folder to create, or to resume in.
        budget_minutes: length of the training; None = that of the recipe.
        epochs: length of the training instead of minutes; None = that of the recipe.
        resume: continue from the last checkpoint.
        start_from: bundle with the initial weights.
        teacher: bundle of the network to imitate.
        vgg_weights: torchvision's VGG-19, for recipes with `loss.perceptual`.
        threads: of the CPU; 0 = one fewer than there are cores.
        device: auto, cpu or cuda.
    """

    recipe: str
    photos: list[Path]
    run: Path
    videos: Sequence[Path] = ()
    recordings: Sequence[Path] = ()
    recordings_share: float = 0.5
    budget_minutes: float | None = None
    epochs: int | None = None
    resume: bool = False
    start_from: Path | None = None
    teacher: Path | None = None
    vgg_weights: Path | None = None
    threads: int = 0
    device: str = 'auto'


def train(request: Request) -> dict[str, Any]:
    """Train; return the figures of the run, which are also in `run.json`.

    Raises:
        UserError: recipe, photographs, checkpoint or the run's folder are not usable, or the loss
            diverged.
        KeyboardInterrupt: it was interrupted; the checkpoint holds what was trained.
    """
    with held(request.run, resume=request.resume):
        return _train(request)


def _train(request: Request) -> dict[str, Any]:
    recipe = read_recipe(find_recipe(request.recipe))
    optimisation = recipe.optimisation
    budget = _budget(request, optimisation)
    prepare_process(request.threads)
    network = first_network(recipe, request.start_from)
    perceptual = perceptual_distance(recipe, request.vgg_weights)
    taught_by = request.teacher.name if request.teacher else None
    teacher = teacher_of(request.teacher, recipe, network) if request.teacher else None
    task = ReconstructionTask(network, recipe.loss, optimisation, perceptual, teacher)
    prepare = _image_data if recipe.sensor == IMAGES else _sensor_data
    data = prepare(
        request, recipe, network,
        device=lambda: task.device, start=lambda: (trainer.global_rank, trainer.global_step),
    )  # fmt: skip
    budget.steps = _steps(request, optimisation, data.described['photographs'])
    if request.resume:
        _check_resumable(request, task, budget)
    # Written only now: a recipe that does not fit must not replace that of an earlier run.
    if is_first_process():
        write_recipe(recipe, request.run / 'recipe.yaml')

    report = Report(request.run, budget, data.simulated, _frames_per_step(optimisation))
    checkpoints = Checkpoints(request.run, budget, ancestor(request.start_from), taught_by)
    validation = Validation(
        data.held, recipe, request.run, budget, checkpoints, data.held_clips, data.held_segments
    )
    callbacks: list[Callback] = [Averaging(), budget, report, validation, checkpoints]
    trainer = make_trainer(request.device, request.run, recipe, callbacks)
    checkpoint = request.run / CHECKPOINT if request.resume else None
    fit(trainer, task, data.segments, checkpoint)
    result = {
        'run': str(request.run),
        'network': recipe.network.name,
        'parameters': sum(parameter.numel() for parameter in network.parameters()),
        'started_from': checkpoints.started_from,
        'teacher': taught_by,
        'device': str(trainer.strategy.root_device),
        'processes': processes(),
        **report.summary(trainer),
        'held_back': validation.last,
        'data': data.described,
    }
    if trainer.is_global_zero:
        _write_summary(result, request.run)
    return result


class _Data(NamedTuple):
    """What a network is trained and validated on; `described` is for the model card."""

    simulated: SimulatedSegments | ImageSegments
    segments: IterableDataset
    described: dict[str, Any]
    held: Photographs | None = None
    held_clips: Clips | None = None
    held_segments: Sequence[Segment] = ()


def _sensor_data(
    request: Request, recipe: Recipe, network: RecurrentNetwork, **where: Callable[[], Any]
) -> _Data:
    """Return the simulated segments, and recorded ones if there are any."""
    if not request.photos:
        raise UserError('give --photos, with folders of photographs')
    photographs, held, data = photographs_of(recipe, request.photos)
    clips, held_clips, videos = clips_of(recipe, request.videos)
    recorded, recordings = recordings_of(
        recipe, network, request.recordings, request.recordings_share
    )
    simulated = SimulatedSegments(
        photographs, recipe, network.grid_bins, network.other_instants, clips=clips, **where
    )
    segments: IterableDataset = simulated
    if recorded is not None:
        segments = MixedSegments(simulated, recorded, request.recordings_share, recipe.seed)
    return _Data(simulated, segments, data | videos | recordings, held, held_clips)


def _image_data(
    request: Request, recipe: Recipe, network: RecurrentNetwork, **where: Callable[[], Any]
) -> _Data:
    """Return the pairs or sequences of images."""
    used, held, data = image_sources(
        recipe, request.photos, request.videos, request.recordings, request.recordings_share
    )
    segments = ImageSegments(used, recipe, **where)
    return _Data(segments, segments, data, held_segments=held_images(held, recipe) if held else ())


def _write_summary(result: dict[str, Any], run: Path) -> None:
    draw_report(run)
    write_whole(run / SUMMARY, json.dumps(result, indent=1) + '\n')


def _budget(request: Request, optimisation: Optimisation) -> Budget:
    """Return the length of the training in minutes, and the course of its learning rate."""
    return Budget(
        request.budget_minutes or optimisation.budget_minutes,
        optimisation.learning_rate,
        optimisation.warm_up,
        stages=optimisation.stages,
        stage_factor=optimisation.stage_factor,
    )


def _steps(request: Request, optimisation: Optimisation, photographs: int) -> int:
    """Return the length of the training in steps; 0 = it is given in minutes.

    Raises:
        UserError: it is given in epochs, but there are no photographs.
    """
    epochs = optimisation.epochs if request.epochs is None else request.epochs
    if request.budget_minutes or not epochs:
        return 0
    if not photographs:
        raise UserError(
            'the length in epochs counts photographs, and there are none; give --budget-minutes'
        )
    segments = sum(optimisation.segments) / 2
    return math.ceil(epochs * photographs * segments / (optimisation.batch * processes()))


def _check_resumable(request: Request, task: ReconstructionTask, budget: Budget) -> None:
    """Raise UserError if there is no checkpoint, or none of this network with time left."""
    file = request.run / CHECKPOINT
    if not file.is_file():
        raise UserError(f'there is nothing to resume in {request.run}; leave out --resume')
    checkpoint = read_checkpoint(file)
    trained_s = remembered(checkpoint, 'elapsed_s', 0.0)
    taught_by = remembered(checkpoint, 'teacher')
    if taught_by and request.teacher is None:
        raise UserError(f'{request.run} was trained with --teacher {taught_by}; give it again')
    if request.budget_minutes and trained_s >= 60 * request.budget_minutes:
        raise UserError(
            f'{request.run} has trained for {trained_s / 60:.1f} minutes already; give a '
            'larger --budget-minutes, which counts from the beginning'
        )
    if budget.steps and checkpoint['global_step'] >= budget.steps:
        raise UserError(
            f'{request.run} has trained for {checkpoint["global_step"]} of {budget.steps} steps '
            'already; give more --epochs, which count from the beginning'
        )
    cure = f'resume with {request.run / "recipe.yaml"}'
    try:
        task.load_state_dict(checkpoint['state_dict'])
    except RuntimeError:
        raise UserError(
            f'{file} does not hold the network of recipe {request.recipe}; {cure}'
        ) from None
    try:
        task.configure_optimizers().load_state_dict(checkpoint['optimizer_states'][0])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise UserError(
            f'{file} was trained with another optimisation.only than that of {request.recipe}; '
            f'{cure}'
        ) from None


def _frames_per_step(optimisation: Optimisation) -> int:
    return optimisation.batch * optimisation.windows * processes()
