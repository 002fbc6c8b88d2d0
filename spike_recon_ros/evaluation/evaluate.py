# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compares models on recordings: scores every frame, and writes tables, curves and pictures."""

import dataclasses
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import Contender, contenders, unique_names
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, COLOR_METRICS
from spike_recon_ros.evaluation.no_reference import load_judges
from spike_recon_ros.evaluation.options import (
    check_options,
    check_output,
    check_skip,
    chosen_metrics,
    warn_of_unused,
    with_color_truths,
)
from spike_recon_ros.evaluation.protocols import (
    Protocol,
    protocol_named,
    protocol_scores,
    sequence_name,
)
from spike_recon_ros.evaluation.recordings import (
    Recording,
    evaluated_frames,
    survey,
    with_cut,
    with_rectification,
)
from spike_recon_ros.evaluation.report import Scores, summarise, write_report
from spike_recon_ros.evaluation.score import Compare, EvaluatedFrame, Score
from spike_recon_ros.evaluation.sheet import Sheet, sheet_instants_s
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.several_inputs import Used, check_any_left, use_each
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.rectification import Rectification
from spike_recon_ros.whole_file import write_picture


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

    Returns: the content of summary.json, also of what is left out, see `Used.left_out`.

    Raises:
        UserError: a model, all recordings or an argument is not usable, or a metric impossible.
    """
    settings, out, console = settings or Settings(), Path(out), console or Console(stderr=True)
    check_output(out, overwrite)
    rules = protocol_named(protocol, skip_s)
    asked, metrics = metrics, chosen_metrics(metrics, rules, with_lpips=bool(lpips_weights))
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        found = contenders(models, Path(scratch))
        in_color, added = check_options(settings, found, frame_topic, asked, console)
        asks: dict[str, Any] = {'topic': topic, 'truth_topic': truth_topic, 'facts': facts}
        asks |= {'metrics': metrics or (), 'frame_topic': frame_topic}
        listed, failed = _surveyed(recordings, asks, rectification, rules, skip_s, console)
        listed = with_color_truths(listed, asked, console) if in_color else listed
        metrics = [*(metrics or BY_DEFAULT), *(COLOR_METRICS if in_color and not asked else ())]
        scores = _empty_scores(listed, found, [*metrics, *added], lpips_weights, parameters)
        used = _score_each(listed, found, scores, settings, out / 'sheets', console)
    left_out = dataclasses.replace(used, failed=failed | used.failed).left_out()
    return _reported(out, settings, found, listed, scores, skip_s, rules, left_out, console)


def _surveyed(
    recordings: Sequence[Path | str],
    asks: Mapping[str, Any],
    rectification: Rectification | None,
    rules: Protocol | None,
    skip_s: float,
    console: Console,
) -> tuple[list[Recording], dict[str, str]]:
    """Return the recordings that can be used, and why the others cannot, by name.

    Args:
        recordings: their paths.
        asks: arguments of `survey`.
        rectification: see `evaluate`.
        rules: protocol, if one was named.
        skip_s: see `evaluate`.
        console: for progress.
    """
    paths = [*map(Path, recordings)]
    names = unique_names([sequence_name(path) for path in paths])

    def surveyed(named: tuple[str, Path]) -> Recording:
        name, path = named
        one = survey(path, console, name=name, **asks)
        return with_cut(with_rectification(one, rectification), rules)

    by_name = {name: (name, path) for name, path in zip(names, paths, strict=True)}
    used = use_each(by_name, surveyed, console)
    if used.unfinished:  # nothing has been scored yet
        raise KeyboardInterrupt
    check_any_left(used)
    listed = [*used.outputs.values()]
    check_skip(skip_s, listed, asks['metrics'] or BY_DEFAULT)
    return listed, used.failed


def _reported(
    out: Path,
    settings: Settings,
    models: Sequence[Contender],
    recordings: Sequence[Recording],
    scores: Scores,
    skip_s: float,
    rules: Protocol | None,
    left_out: Mapping[str, Any],
    console: Console,
) -> dict[str, Any]:
    """Write and return what was scored, and the scores; also as a protocol averages them."""
    recordings = [one for one in recordings if one.name in scores]
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
    summary |= left_out
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


def load_distance(weights: Sequence[Path | str]) -> Compare:
    """Return LPIPS with the given weights, see `perceptual.load_lpips`."""
    with training_installed():
        from spike_recon_training.perceptual import load_lpips  # noqa: PLC0415 -- needs torch
    return load_lpips(*(Path(file).expanduser() for file in weights))


def _score_each(
    recordings: Sequence[Recording],
    models: Sequence[Contender],
    scores: dict[str, dict[str, Score]],
    settings: Settings,
    sheets: Path,
    console: Console,
) -> Used[None]:
    """Score all recordings; those that cannot be scored, or are left, then have no scores."""
    by_name = {one.name: one for one in recordings}
    warn_of_unused(settings, models, recordings, console)
    used = use_each(
        by_name,
        lambda one: _score(one, models, scores[one.name], settings, sheets, console),
        console,
    )
    check_any_left(used)
    for name in (*used.failed, *used.unfinished):
        del scores[name]
    return used


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
        text = f'{recording.name}: {sentence}'
        console.print(text, style='yellow', soft_wrap=True, markup=False)
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
