# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon evaluate` on a data set of spike planes: every clip against its ground truth.

Comes in: the command line. Goes out: PSNR and SSIM of each clip and on average. Knows nothing
about how data sets are laid out, nor how an image is scored.
"""

import argparse
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from spike_recon_ros.cli.plane_options import planes_told
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.spike_instants import check_options, check_size, figures, image_at
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.spike_clip import SpikeClip, read_truth
from spike_recon_ros.sources.spike_datasets import find_clips

FIGURES = 'psnr', 'ssim'


def evaluate_clips(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Score one model on the test part of a data set.

    The figures of a clip are the mean over its instants, those of the data set the mean over its
    clips. Instants for which a clip ends too early are counted as `skipped`.

    Returns: what the main program prints as JSON.

    Raises:
        UserError: the data set or an option is not usable, or no instant can be scored.
    """
    check_options(args, 'a data set')
    if told := planes_told(args):
        raise UserError(
            f'a data set knows its layout; leave out {", ".join(told)}, or write it into a file '
            'NAME.dat.yaml beside each NAME.dat'
        )
    path = args.datasets[0]
    clips = [clip for clip in find_clips(path) if clip.truths]
    if not clips:
        raise UserError(
            f'{path} holds planes but no images to compare with; look at them with spike-recon run'
        )
    models: dict[tuple[int, int], Model] = {}
    found: dict[str, Any] = {}
    instants = 0
    for clip in track(clips, 'clips', console=Console(stderr=True), transient=True):
        size = clip.layout.width, clip.layout.height
        if size not in models:
            models[size] = load_model(settings, *size, kind=SensorKind.SPIKE)
        rate = clip.white_rate if args.white_rate is None else args.white_rate
        instants += len(clip.truths)
        if scored := _scored(clip, models[size], rate):
            found[clip.name] = {'white_rate': rate, **_mean(scored), 'instants': scored}
    for model in models.values():
        model.close()
    name = next(iter(models.values())).name
    if not found:
        raise UserError(f'no clip of {path} is long enough for {name}; choose another model')
    return {
        'source': str(path),
        'model': name,
        'clips': found,
        'skipped': instants - sum(len(clip['instants']) for clip in found.values()),
        'mean': _mean(list(found.values())),
    }


def _scored(clip: SpikeClip, model: Model, white_rate: float) -> list[dict[str, Any]]:
    """Return the figures of each instant of a clip, each from a cold start."""
    planes, scored = clip.planes(), []
    for truth in clip.truths:
        needed = truth.plane + 1 + model.lookahead_planes
        if needed > len(planes):
            continue
        image = read_truth(truth.image)
        check_size(truth.image, image, clip.files[0], clip.layout.width, clip.layout.height)
        model.reset()
        drawn = image_at(model, planes, truth.plane, white_rate)
        scored.append({'plane': truth.plane, **figures(drawn, image)})
    return scored


def _mean(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in FIGURES}


def show_clips(result: dict[str, Any], console: Console) -> None:
    """Print the figures for people."""
    table = Table('clip', 'instants', 'PSNR, dB', 'SSIM')
    for name, clip in result['clips'].items():
        table.add_row(
            name, str(len(clip['instants'])), f'{clip["psnr"]:.2f}', f'{clip["ssim"]:.3f}'
        )
    mean = result['mean']
    table.add_section()
    table.add_row('mean', '', f'{mean["psnr"]:.2f}', f'{mean["ssim"]:.3f}')
    console.print(table)
    if result['skipped']:
        console.print(
            f'{result["skipped"]} instants are left out: their clips have too few planes after '
            f'them for {result["model"]}'
        )
