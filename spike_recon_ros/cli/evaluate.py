# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon evaluate`: models and recordings in, one table out.

Comes in: the command line. Goes out: a folder of figures. Knows what is compared with what, not
how; nor anything about ROS.
"""

import argparse
import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console

from spike_recon_ros.cli.settings_options import add_settings, settings_of
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation import spike_clips, spike_instants
from spike_recon_ros.evaluation.contenders import Contender, contenders, model_of, unique
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, METRICS
from spike_recon_ros.evaluation.recordings import Recording, shots, survey
from spike_recon_ros.evaluation.report import (
    Scores,
    show,
    summarise,
    write_curves,
    write_tables,
)
from spike_recon_ros.evaluation.score import Compare, Score
from spike_recon_ros.evaluation.sheet import Sheet, sheet_instants_s
from spike_recon_ros.offline.output_folder import check_free
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.settings import AUTO, Settings
from spike_recon_ros.sources.open_images import truth_topic
from spike_recon_ros.sources.spike_datasets import holds_clips

HELP = 'compare models on recordings: errors, tags read, flicker'
DESCRIPTION = """\
Runs each model over each recording, from a cold start, and compares what comes out.

  spike-recon evaluate -m fibar leaky_integrator -d walk board -o out
  spike-recon evaluate -m fibar firenet:firenet.pth -d recording/ --fps 50 -q tags flicker -o out
  spike-recon evaluate -m tfi -d clip.dat --truth clip.png --truth-plane 150
  spike-recon evaluate -m tfi -d spike_reds/

Where a recording holds ground truth images (as those of spike-recon simulate do), each frame is
reconstructed from the events between two of them and compared with the second one, as in EVREAL
(Ercan et al., CVPRW 2023). The intensity of a network is compared as it is, limited to 0..1, not
equalised; that of a filter, which has no range, with 1 % of the pixels black and 1 % white, which
is also how tags are read. Without ground truth, frames come at --fps, and only tags and flicker
can be measured.

METRICS
{metrics}

The last two forms score images of a spike camera by PSNR and SSIM (the default model if none is
named), in units of --white-rate and rounded to 8 bits: one instant against --truth, or all of
the test part of a data set (spike-REDS, spike-X4K, SREDS, or .dat and .png in one folder).

A figure is the mean over the frames of a recording, and then over the recordings. OUT gets
summary.json, summary.csv, frames.csv, a sheet of pictures for each recording in sheets/, and the
metrics over time in curves/ (where matplotlib is installed).
""".format(metrics='\n'.join(f'  {one.name:<13} {one.meaning}' for one in METRICS.values()))

OWN_SETTINGS = (
    'model', 'sync_mode', 'window_events', 'trigger_edge', 'image_encoding', 'percentile_low',
    'percentile_high', 'tone_time', 'gamma', 'clahe_clip',
)  # fmt: skip
"""The same for all, or else nothing could be compared."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument(
        '-m', '--models', nargs='+', metavar='MODEL',
        help='filters, networks of the zoo, folders of bundles, or firenet:FILE.pth and '
        'ssir:FILE.pth, weights as the authors of FireNet and SSIR publish them',
    )  # fmt: skip
    parser.add_argument(
        '-d', '--datasets', nargs='+', required=True, type=Path, metavar='RECORDING',
        help='recordings, of any kind that spike-recon run reads',
    )  # fmt: skip
    parser.add_argument(
        '-q', '--metrics', nargs='+', choices=METRICS, metavar='METRIC',
        help='what to measure (all that is possible, but lpips)',
    )  # fmt: skip
    parser.add_argument('-o', '--out', type=Path, metavar='OUT', help='folder to write')
    parser.add_argument('--overwrite', action='store_true', help='replace what OUT holds')
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only where there are several'
    )
    parser.add_argument('--truth-topic', metavar='TOPIC', help='topic of the ground truth images')
    parser.add_argument(
        '--skip-s', type=float, default=0.0, metavar='S',
        help='leave the first seconds out of the metrics that compare with the ground truth '
        '(%(default)s)',
    )  # fmt: skip
    spike_instants.add_arguments(parser)
    add_settings(parser, without=OWN_SETTINGS)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Evaluate; return the summary that is also written to summary.json.

    Raises:
        UserError: a model, a recording or an option is not usable, or a metric is not possible.
    """
    settings = settings_of(args)
    if args.truth is not None or args.truth_plane is not None:
        return _of_planes(args, settings, spike_instants.evaluate_plane, spike_instants.show_plane)
    if holds_clips(args.datasets[0]):
        return _of_planes(args, settings, spike_clips.evaluate_clips, spike_clips.show_clips)
    if not args.models or args.out is None:
        raise UserError('evaluate needs the models (-m) and a folder to write (-o); name them')
    check_free(args.out, overwrite=args.overwrite)
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        models = contenders(args.models, Path(scratch))
        recordings = _recordings(args, console)
        lpips = _lpips() if 'lpips' in (args.metrics or ()) else None
        (args.out / 'sheets').mkdir(parents=True, exist_ok=True)
        scores: Scores = {}
        for recording in recordings:
            metrics = args.metrics or BY_DEFAULT
            made = {model.name: Score(metrics, lpips) for model in models}
            scores[recording.name] = made
            _score(recording, models, made, settings, args.out / 'sheets', console)
    summary = {
        'out': str(args.out),
        'skip_s': args.skip_s,
        'fps': settings.fps,
        'models': {model.name: model.typed for model in models},
        'datasets': {one.name: _about(one, scores[one.name]) for one in recordings},
        **summarise(scores, args.skip_s),
    }
    write_tables(args.out, scores, summary)
    write_curves(args.out / 'curves', scores, summary, console)
    show(console, summary)
    written = ', '.join(sorted(path.name for path in args.out.iterdir()))
    console.print(f'{args.out}: {written}', soft_wrap=True, highlight=False)
    return summary


def _of_planes(
    args: argparse.Namespace,
    settings: Settings,
    evaluate: Callable[[argparse.Namespace, Settings], dict[str, Any]],
    show_result: Callable[[dict[str, Any], Console], None],
) -> dict[str, Any]:
    """Score images of a spike camera, which writes nothing."""
    if args.out is not None:
        raise UserError('images of a spike camera are scored without writing; leave out -o')
    [name, *_] = args.models or [AUTO]
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        model = model_of(name, Path(scratch) / 'published')
        result = evaluate(args, dataclasses.replace(settings, model=model))
    show_result(result, Console(stderr=True))
    return result


def _recordings(args: argparse.Namespace, console: Console) -> list[Recording]:
    """Look at every recording before the first model runs.

    Raises:
        UserError: one cannot be read, or does not have what a metric asks for.
    """
    recordings = []
    names = unique(
        [path.stem if path.is_file() else path.resolve().name for path in args.datasets]
    )
    for path, name in zip(args.datasets, names, strict=True):
        truth = args.truth_topic or truth_topic(path)
        asked = [one for one in args.metrics or () if METRICS[one].needs_truth]
        if asked and truth is None:
            raise UserError(
                f'{asked[0]} compares with ground truth and {path} has none; name the topic of '
                'its images with --truth-topic, or ask for tags, first_tag_ms and flicker only'
            )
        recordings.append(survey(path, name, args.topic, truth, console))
    shortest_s = min(recording.duration_s for recording in recordings)
    if args.skip_s and not 0 < args.skip_s < shortest_s:
        raise UserError(
            f'--skip-s is {args.skip_s:g}; it must be 0 or above, and below {shortest_s:.3f}, the '
            'length of the shortest recording'
        )
    return recordings


def _lpips() -> Compare:
    with training_installed():
        from spike_recon_training.perceptual import load_lpips  # noqa: PLC0415
    return load_lpips()


def _score(
    recording: Recording,
    models: list[Contender],
    scores: dict[str, Score],
    settings: Settings,
    sheets: Path,
    console: Console,
) -> None:
    """Run all models over a recording, one after the other, and write its sheet.

    Raises:
        UserError: it gives no frame.
    """
    sheet = Sheet(sheet_instants_s(recording.duration_s))
    for model in models:
        for shot in shots(recording, model, settings, console):
            row = scores[model.name].add(shot)
            sheet.add(model.name, shot, _note(row))
        if not scores[model.name].rows:
            why = 'it is too short' if recording.truth is None else (
                f'no stamp on {recording.truth} falls among its events'
            )  # fmt: skip
            raise UserError(f'{recording.path} gave no frame; {why}')
    page = sheet.draw()
    assert page is not None
    file = sheets / f'{recording.name}.png'
    if not cv2.imwrite(str(file), page):
        raise UserError(f'{file} cannot be written; is the disk full?')


def _note(row: dict[str, Any]) -> str:
    """Return what stands beside a picture."""
    if row.get('ssim') is not None:
        return f'ssim {row["ssim"]:.2f}'
    return '' if row.get('tags') is None else f'tags {row["tags"]}'


def _about(recording: Recording, scores: dict[str, Score]) -> dict[str, Any]:
    return {
        'path': str(recording.path),
        'truth_topic': recording.truth,
        'frames': len(next(iter(scores.values())).rows),
        'events': recording.events,
        'duration_s': round(recording.duration_s, 6),
    }
