# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The half of `spike-recon evaluate` that scores single images of spike cameras."""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spike_recon_ros.cli.partial_result import check_complete
from spike_recon_ros.cli.plane_options import given_layout
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.evaluation.clip_extras import CLIP_METRICS, ClipExtras
from spike_recon_ros.evaluation.contenders import resolve_model
from spike_recon_ros.evaluation.evaluate import load_distance
from spike_recon_ros.evaluation.metrics import METRICS
from spike_recon_ros.evaluation.no_reference import load_judges
from spike_recon_ros.evaluation.spike_clips import evaluate_clips
from spike_recon_ros.evaluation.spike_scores import BICUBIC, evaluate_plane
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import AUTO, Settings
from spike_recon_ros.unused_settings import unused
from spike_recon_ros.whole_file import write_whole

OF_STREAMS = 'fps', 'max_gap', 'grid_origin', 'color', 'bayer_pattern'
"""Settings of frames that follow each other, or of their colours."""


def score_plane(args: argparse.Namespace, settings: Settings, console: Console) -> dict[str, Any]:
    """Score one image of a recording of spike planes; see `evaluate_plane`."""
    if args.truth is None:
        raise UserError('--truth-plane needs --truth, the image that shows the plane')
    if args.truth_plane is None:
        raise UserError('--truth needs --truth-plane, the plane that it shows, counted from 0')
    _check_options(args, '--truth')
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        result = evaluate_plane(
            args.datasets[0],
            args.truth,
            args.truth_plane,
            _with_model(args, settings, Path(scratch), console),
            white_rate=args.white_rate,
            enlarge=args.enlarge or BICUBIC,
            layout=given_layout(args),
            console=console,
            extras=_extras(args),
        )
    console.print(
        f'{result["model"]} at plane {result["truth_plane"]}: PSNR {result["psnr"]:.2f} dB, '
        f'SSIM {result["ssim"]:.3f}',
        markup=False,
        soft_wrap=True,
    )
    return result


def score_clips(args: argparse.Namespace, settings: Settings, console: Console) -> dict[str, Any]:
    """Score the clips of a data set; see `evaluate_clips`."""
    _check_options(args, 'a data set')
    if given := given_layout(args):
        raise UserError(
            f'the layout of a data set is known; leave out {", ".join(given)}, or write it into a '
            'file NAME.dat.yaml beside each NAME.dat'
        )
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        result = evaluate_clips(
            args.datasets[0],
            _with_model(args, settings, Path(scratch), console),
            white_rate=args.white_rate,
            enlarge=args.enlarge or BICUBIC,
            console=console,
            extras=_extras(args),
        )
    if args.out is not None:
        write_whole(args.out / 'summary.json', json.dumps(result, indent=2) + '\n')
    _show_clips(result, console)
    check_complete(result, len(result['clips']))
    return result


def _check_options(args: argparse.Namespace, what: str) -> None:
    """Refuse options that only comparisons of event recordings have."""
    if len(args.datasets) != 1 or len(args.models or ()) > 1:
        raise UserError(f'{what} is for one recording and one model; give one -d and one -m')
    if other := [one for one in args.metrics or () if one not in CLIP_METRICS]:
        raise UserError(
            f'{what} can be measured by {", ".join(CLIP_METRICS)}; leave out {", ".join(other)}'
        )
    full = args.out is not None and args.out.exists() and any(args.out.iterdir())
    if full and not args.overwrite:
        raise UserError(f'{args.out} is not empty; choose another name or add --overwrite')
    for option in (
        'topic',
        'truth_topic',
        'frame_topic',
        'skip_s',
        'size',
        'encoding',
        'protocol',
    ):
        if getattr(args, option):
            flag = option.replace('_', '-')
            raise UserError(f'--{flag} is for recordings of event cameras; leave it out')


def _extras(args: argparse.Namespace) -> ClipExtras:
    """Return the further metrics and the folder that were asked for."""
    metrics = args.metrics or ()
    files = {'niqe': args.niqe_parameters, 'brisque': args.brisque_parameters}
    asked = 'lpips' in metrics or args.lpips_weights
    return ClipExtras(
        load_judges(metrics, files),
        load_distance(args.lpips_weights) if asked else None,
        args.out,
    )


def _with_model(
    args: argparse.Namespace, settings: Settings, scratch: Path, console: Console
) -> Settings:
    """Return the settings with the model; name those that have no effect."""
    [name] = args.models or [AUTO]
    settings = dataclasses.replace(settings, model=resolve_model(name, scratch / 'published'))
    sentences = unused(settings, [SensorKind.SPIKE])
    for one in OF_STREAMS:
        if getattr(settings, one) != getattr(Settings, one):
            sentences[one] = f'{one} has no effect: single grey images are scored'
    for sentence in sentences.values():
        print_warning(console, sentence)
    return settings


def _show_clips(result: dict[str, Any], console: Console) -> None:
    mean = result['mean']
    table = Table('clip', 'images', *(f'{name}, dB' if name == 'psnr' else name for name in mean))
    rows = {**result['clips'], 'mean': mean}
    for name, clip in rows.items():
        if name == 'mean':
            table.add_section()
        values = (clip.get(one) for one in mean)
        shown = (
            '' if value is None else f'{value:.{METRICS[one].digits}f}'
            for one, value in zip(mean, values, strict=True)
        )
        table.add_row(escape(name), str(len(clip.get('instants', ())) or ''), *shown)
    console.print(table)
    if result['without_truth']:
        console.print(
            f'{counted(result["without_truth"], "clips")} without ground truth: there is no image '
            'of that name',
            markup=False,
            soft_wrap=True,
        )
    if result['skipped']:
        console.print(
            f'{counted(result["skipped"], "images")} left out: too few planes follow for '
            f'{result["model"]}',
            markup=False,
            soft_wrap=True,
        )
