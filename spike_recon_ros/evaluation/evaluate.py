# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compares models on recordings: scores every frame, and writes tables, curves and pictures."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.color_scores import check_color_metrics
from spike_recon_ros.evaluation.contenders import Contender, contenders
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, COLOR_METRICS
from spike_recon_ros.evaluation.no_reference import load_judges
from spike_recon_ros.evaluation.protocols import Protocol, protocol_named, protocol_scores
from spike_recon_ros.evaluation.recordings import (
    Recording,
    evaluated_frames,
    survey,
    with_color_truth,
    with_cut,
    with_rectification,
)
from spike_recon_ros.evaluation.report import Scores, summarise, write_report
from spike_recon_ros.evaluation.score import Compare, EvaluatedFrame, Score
from spike_recon_ros.evaluation.sheet import Sheet, sheet_instants_s
from spike_recon_ros.evaluation.spike_rate import spike_metrics
from spike_recon_ros.model_choice import reads_frames
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.settings import FRAME_MODEL, Settings
from spike_recon_ros.sources.rectification import Rectification
from spike_recon_ros.whole_file import check_output_folder, write_picture


def evaluate(
    models: Sequence[str],
    recordings: Sequence[Path | str],
    out: Path | str,
    settings: Settings | None = None,
    *,
    metrics: Sequence[str] | None = None,
    topic: str | None = None,
    truth_topic: str | None = None,
    frame_topic: str | None = None,
    rectification: Rectification | None = None,
    facts: Mapping[str, Any] | None = None,
    skip_s: float = 0.0,
    protocol: str | None = None,
    lpips_weights: Sequence[Path | str] = (),
    parameters: dict[str, Sequence[Path]] | None = None,
    overwrite: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Run each model over each recording of an event camera, and score its frames.

    Args:
        models: names in the zoo, filters, folders of bundles, or weights: `firenet:FILE.pth`.
        recordings: anything that `open_source` reads.
        out: folder for summary.json, summary.csv, frames.csv, sheets/ and curves/.
        settings: of the pipeline; its model, sync mode and rendering are replaced.
        metrics: names of METRICS; None = all that are possible, without lpips.
        topic: of the events; None = the only one.
        truth_topic: of the ground truth images; None = found by itself.
        frame_topic: see Recording.
        rectification: of the ground truth, if it is rectified.
        facts: `size` or `encoding` for `open_source`.
        skip_s: leave out the first seconds in metrics that compare with ground truth.
        protocol: name of PROTOCOLS; scores the published part of each sequence.
        lpips_weights: AlexNet of torchvision and, without the library lpips, its linear layers.
        parameters: files of `niqe` and `brisque`, see `no_reference`.
        overwrite: write into `out` although it is not empty.
        console: for progress.

    Returns: the content of summary.json.

    Raises:
        UserError: a model, recording or argument is not usable, or a metric is not possible.
    """
    settings, out, console = settings or Settings(), Path(out), console or Console(stderr=True)
    _check_output(out, overwrite)
    rules, sheets = protocol_named(protocol, skip_s), out / 'sheets'
    asked, metrics = metrics, _chosen(metrics, rules, with_lpips=bool(lpips_weights))
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        found = contenders(models, Path(scratch))
        in_color, added = _check_options(settings, found, frame_topic, asked, console)
        listed = survey(recordings, console, topic, truth_topic, metrics or (), facts, frame_topic)
        listed = [with_cut(with_rectification(one, rectification), rules) for one in listed]
        listed = _with_color_truths(listed, asked, console) if in_color else listed
        metrics = [*(metrics or BY_DEFAULT), *(COLOR_METRICS if in_color and not asked else ())]
        _check_skip(skip_s, listed)
        scores = _empty_scores(listed, found, [*metrics, *added], lpips_weights, parameters)
        for one in listed:
            _score(one, found, scores[one.name], settings, sheets, console)
    return _reported(out, settings, found, listed, scores, skip_s, rules, console)


def _check_output(out: Path, overwrite: bool) -> None:
    check_output_folder(out)
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UserError(f'{out} is not empty; choose another name or add --overwrite')


def _reported(
    out: Path,
    settings: Settings,
    models: Sequence[Contender],
    recordings: Sequence[Recording],
    scores: Scores,
    skip_s: float,
    rules: Protocol | None,
    console: Console,
) -> dict[str, Any]:
    """Write and return what was scored, and the scores; also as a protocol averages them."""
    summary = {
        'out': str(out),
        'skip_s': skip_s,
        'fps': settings.fps,
        'models': {model.name: model.typed for model in models},
        'datasets': {one.name: _about(one, scores[one.name]) for one in recordings},
        **summarise(scores, skip_s),
    }
    if rules is not None:
        datasets = {one.name: one.cut.dataset for one in recordings if one.cut is not None}
        by_dataset = protocol_scores(rules, scores, datasets)
        summary['protocol'] = {'name': rules.name, 'datasets': by_dataset}
    write_report(out, scores, summary, console)
    return summary


def _empty_scores(
    recordings: Sequence[Recording],
    models: Sequence[Contender],
    metrics: Sequence[str],
    lpips_weights: Sequence[Path | str],
    parameters: dict[str, Sequence[Path]] | None,
) -> Scores:
    lpips = load_distance(lpips_weights) if 'lpips' in metrics else None
    judges = load_judges(metrics, parameters)
    names = [model.name for model in models]
    return {
        one.name: {name: Score(metrics, lpips, judges) for name in names} for one in recordings
    }


def _check_skip(skip_s: float, recordings: Sequence[Recording]) -> None:
    shortest_s = min(recording.duration_s for recording in recordings)
    if skip_s and not 0 < skip_s < shortest_s:
        raise UserError(
            f'--skip-s is {skip_s:g}; it must be 0 or above, and below {shortest_s:.3f}, the '
            'length of the shortest recording'
        )


def _check_options(
    settings: Settings,
    models: Sequence[Contender],
    frame_topic: str | None,
    asked: Sequence[str] | None,
    console: Console,
) -> tuple[bool, Sequence[str]]:
    """Check the options; return whether colours are compared, and metrics of spiking networks.

    Args:
        settings: of the pipeline.
        models: to compare.
        frame_topic: as the user named it.
        asked: metrics that the user named; None = all that are possible.
        console: for sentences about spiking networks.
    """
    if not settings.uses_frames:
        if frame_topic is not None:
            raise UserError(
                '--frame-topic names the frames to read; give --frames anchor or --color frame too'
            )
    elif settings.frames == 'anchor' and not any(reads_frames(model.model) for model in models):
        raise UserError(
            f'--frames anchor needs a model that reads frames; add {FRAME_MODEL} to the models'
        )
    of_colors = [name for name in COLOR_METRICS if asked is None or name in asked]
    if settings.color == 'off':
        if asked is not None and of_colors:
            raise UserError(f'{of_colors[0]} compares colour images; give --color too')
        return False, spike_metrics(models, asked, console)
    if set(of_colors) - {'psnr_color'}:
        check_color_metrics()
    return bool(of_colors), spike_metrics(models, asked, console)


def _with_color_truths(
    recordings: Sequence[Recording], asked: Sequence[str] | None, console: Console
) -> list[Recording]:
    """Find the colours of the scenes; name the recordings where they are not known.

    Raises:
        UserError: they are not known, but the user named metrics of colours.
    """
    found = [with_color_truth(one) for one in recordings]
    for one in found:
        if one.color_truth is not None:
            continue
        sentence = (
            f'{one.path} has no ground truth with colours, so its colour images are not scored; '
            'name the topic of colour images with --truth-topic (spike-recon simulate --color '
            'records them)'
        )
        if asked is not None:
            raise UserError(sentence)
        console.print(sentence, style='yellow', soft_wrap=True, highlight=False, markup=False)
    return found


def _chosen(
    metrics: Sequence[str] | None, protocol: Protocol | None, *, with_lpips: bool
) -> Sequence[str] | None:
    """Return the metrics asked for, else those of the protocol, else None."""
    if metrics is None and protocol is not None:
        metrics = protocol.metrics
    if with_lpips and 'lpips' not in (metrics or ()):
        metrics = (*(BY_DEFAULT if metrics is None else metrics), 'lpips')
    return metrics


def load_distance(weights: Sequence[Path | str]) -> Compare:
    """Return LPIPS with the given weights, see `perceptual.load_lpips`."""
    with training_installed():
        from spike_recon_training.perceptual import load_lpips  # noqa: PLC0415 -- needs torch
    return load_lpips(*(Path(file).expanduser() for file in weights))


def _score(
    recording: Recording,
    models: Sequence[Contender],
    scores: dict[str, Score],
    settings: Settings,
    sheets: Path,
    console: Console,
) -> None:
    """Run all models over a recording, one after the other, and write its sheet.

    Raises:
        UserError: the recording gives no frame.
    """
    sheet = Sheet(sheet_instants_s(recording.duration_s))
    for model in models:
        tally = ReferenceTally()
        frames = evaluated_frames(recording, model, settings, console, tally)
        for frame, seconds in _timed(frames):
            scores[model.name].pipeline_s.append(seconds)
            row = scores[model.name].add(frame)
            sheet.add(model.name, frame, _note(row))
        if not scores[model.name].rows:
            why = 'it is too short' if recording.truth is None else tally.sentence(recording.truth)
            raise UserError(f'{recording.path} gave no frame; {why}')
    if recording.truth is not None and (sentence := tally.sentence(recording.truth)):
        console.print(f'{recording.name}: {sentence}', style='yellow', markup=False)
    page = sheet.draw()
    assert page is not None
    write_picture(sheets / f'{recording.name}.png', page)


def _timed(frames: Iterator[EvaluatedFrame]) -> Iterator[tuple[EvaluatedFrame, float]]:
    """Yield each frame with the seconds that it took, without those of the consumer."""
    while True:
        started_s = time.perf_counter()
        frame = next(frames, None)
        if frame is None:
            return
        yield frame, time.perf_counter() - started_s


def _note(row: dict[str, Any]) -> str:
    """Return the caption of a picture."""
    if row.get('ssim') is not None:
        return f'ssim {row["ssim"]:.2f}'
    return '' if row.get('tags') is None else f'tags {row["tags"]}'


def _about(recording: Recording, scores: dict[str, Score]) -> dict[str, Any]:
    rectified = recording.rectification
    return {
        'path': str(recording.path),
        'truth_topic': recording.truth,
        **({'rectification': str(rectified.path)} if rectified else {}),
        'frames': len(next(iter(scores.values())).rows),
        'events': recording.events,
        'duration_s': round(recording.duration_s, 6),
    }
