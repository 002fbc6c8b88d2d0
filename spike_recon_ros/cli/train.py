# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon train`: trains a network from a recipe and photographs."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.bundle_options import bundle_path
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.training_extra import training_installed

DESCRIPTION = """\
Train a network on photographs, which move in front of a simulated event camera or spike camera.
--videos adds scenes with people, foliage, depth and still cameras. --recordings adds recordings
with frames: HDF5 files of event_utils or MVSEC, sequence folders of EVREAL or ECD. Validation uses
simulated data only.

  spike-recon train toy --photos photos/ -o runs/toy --budget-minutes 5
  spike-recon train toy --photos photos/ -o runs/toy --budget-minutes 9 --resume
  spike-recon export runs/toy -o bundles/toy
  spike-recon run recording/ --model bundles/toy -o out

RECIPE is a YAML file, or the name of a recipe of this package. The learning rate reaches its final
value at the end of the budget. To train on several GPUs or machines, start the same command with
torchrun:

  torchrun --nproc-per-node 4 -m spike_recon_ros.cli.main train RECIPE ...
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument(
        'recipe', metavar='RECIPE', help='YAML file, or name of a recipe of this package'
    )
    parser.add_argument(
        '--photos', type=Path, action='extend', nargs='+', default=[], metavar='FOLDER',
        help='folders of photographs, with their subfolders',
    )  # fmt: skip
    parser.add_argument(
        '--videos', type=Path, action='extend', nargs='+', default=[], metavar='FOLDER',
        help='folders of videos, as further scenes',
    )  # fmt: skip
    parser.add_argument(
        '--recordings', type=Path, action='extend', nargs='+', default=[], metavar='PATH',
        help='recordings with frames, as further training data; of networks for images, folders '
        'that hold a folder `grey` and a folder `rgb` with images of the same names',
    )  # fmt: skip
    parser.add_argument(
        '--recordings-share', type=float, default=0.5, metavar='S',
        help='share of the sequences taken from --recordings (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='RUN', help='folder of the run'
    )
    parser.add_argument(
        '--budget-minutes', type=float, metavar='N',
        help='time of the whole command with validation, and with earlier parts of a resumed run '
        '(default: of the recipe)',
    )  # fmt: skip
    parser.add_argument(
        '--epochs', type=int, metavar='N',
        help='train for so many epochs instead of minutes; an epoch is as many sequences as there '
        'are photographs to train on',
    )  # fmt: skip
    parser.add_argument('--resume', action='store_true', help='continue RUN where it stopped')
    parser.add_argument(
        '--start-from', type=bundle_path, metavar='BUNDLE',
        help='start from the weights of a bundle, or of a network of the zoo by its name',
    )  # fmt: skip
    parser.add_argument(
        '--teacher', type=bundle_path, metavar='BUNDLE',
        help='trained network whose images replace a share (loss.teacher) of the truth: a bundle, '
        'or a network of the zoo by its name',
    )  # fmt: skip
    parser.add_argument(
        '--vgg-weights', type=Path, metavar='FILE',
        help="weights of torchvision's VGG-19 (.pth), for recipes with loss.perceptual",
    )  # fmt: skip
    parser.add_argument(
        '--threads', type=int, default=0, metavar='N',
        help='CPU threads (default: one fewer than the cores)',
    )  # fmt: skip
    parser.add_argument(
        '--device',
        choices=('auto', 'cpu', 'cuda'),
        default='auto',
        help='where to train (default: %(default)s)',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train; return the run's figures.

    Raises:
        UserError: an option, the recipe or the photographs are not usable, or PyTorch or Lightning
            is not installed.
    """
    if args.budget_minutes is not None and not args.budget_minutes > 0:
        raise UserError('--budget-minutes must be above 0')
    if args.epochs is not None and args.epochs < 1:
        raise UserError('--epochs must be 1 or above')
    if args.epochs and args.budget_minutes:
        raise UserError('--epochs and --budget-minutes exclude each other; leave one out')
    if args.threads < 0:
        raise UserError('--threads must be 0 or above')
    if not 0 < args.recordings_share <= 1:
        raise UserError('--recordings-share must be above 0 and at most 1')
    with Console(stderr=True).status('loading PyTorch'), training_installed():
        from spike_recon_training.train import Request, train  # noqa: PLC0415
    return train(
        Request(
            recipe=args.recipe,
            photos=args.photos,
            videos=args.videos,
            recordings=args.recordings,
            recordings_share=args.recordings_share,
            run=args.output,
            budget_minutes=args.budget_minutes,
            epochs=args.epochs,
            resume=args.resume,
            start_from=args.start_from,
            teacher=args.teacher,
            vgg_weights=args.vgg_weights,
            threads=args.threads,
            device=args.device,
        )
    )


def in_words(result: dict[str, Any]) -> str:
    """Return what was trained, as a line for people."""
    run = result['run']
    return (
        f'{result["steps"]:,} steps in {result["minutes"]:g} min -> {run}; '
        f'next: spike-recon export {run} -o BUNDLE'
    )
