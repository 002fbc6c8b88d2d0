# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compares models on recordings: scores every frame, and writes tables, curves and pictures."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import Contender, contenders
from spike_recon_ros.evaluation.metrics import BY_DEFAULT
from spike_recon_ros.evaluation.recordings import Recording, evaluated_frames, survey
from spike_recon_ros.evaluation.report import Scores, summarise, write_report
from spike_recon_ros.evaluation.score import Compare, Score
from spike_recon_ros.evaluation.sheet import Sheet, sheet_instants_s
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.settings import Settings


def evaluate(
    models: Sequence[str],
    recordings: Sequence[Path | str],
    out: Path | str,
    settings: Settings | None = None,
    *,
    metrics: Sequence[str] | None = None,
    topic: str | None = None,
    truth_topic: str | None = None,
    facts: Mapping[str, Any] | None = None,
    skip_s: float = 0.0,
    overwrite: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Run each model over each recording of an event camera, and score its frames.

    Args:
        models: names of filters or of the zoo, folders of bundles, or published weights such as
            `firenet:FILE.pth`.
        recordings: anything that `open_source` reads.
        out: folder for summary.json, summary.csv, frames.csv, sheets/ and curves/.
        settings: of the pipeline; its model, sync mode and rendering are replaced.
        metrics: names of METRICS; None = all that are possible, without lpips.
        topic: of the events; None = the only one.
        truth_topic: of the ground truth images; None = found by itself.
        facts: `size` or `encoding` for `open_source`, if the recordings do not state them.
        skip_s: leave out the first seconds in metrics that compare with ground truth.
        overwrite: write into `out` although it is not empty.
        console: for progress; None = stderr.

    Returns: the content of summary.json.

    Raises:
        UserError: a model, a recording or an argument is not usable, or a metric is not possible.
    """
    settings, out = settings or Settings(), Path(out)
    console = console or Console(stderr=True)
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise UserError(f'{out} is not empty; choose another name or add --overwrite')
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        found = contenders(models, Path(scratch))
        paths = [Path(path) for path in recordings]
        surveyed = survey(paths, console, topic, truth_topic, metrics or (), facts)
        _check_skip(skip_s, surveyed)
        lpips = _lpips() if 'lpips' in (metrics or ()) else None
        (out / 'sheets').mkdir(parents=True, exist_ok=True)
        scores: Scores = {
            recording.name: {model.name: Score(metrics or BY_DEFAULT, lpips) for model in found}
            for recording in surveyed
        }
        for one in surveyed:
            _score(one, found, scores[one.name], settings, out / 'sheets', console)
    summary = {
        **{'out': str(out), 'skip_s': skip_s, 'fps': settings.fps},
        'models': {model.name: model.typed for model in found},
        'datasets': {one.name: _about(one, scores[one.name]) for one in surveyed},
        **summarise(scores, skip_s),
    }
    write_report(out, scores, summary, console)
    return summary


def _check_skip(skip_s: float, recordings: Sequence[Recording]) -> None:
    shortest_s = min(recording.duration_s for recording in recordings)
    if skip_s and not 0 < skip_s < shortest_s:
        raise UserError(
            f'--skip-s is {skip_s:g}; it must be 0 or above, and below {shortest_s:.3f}, the '
            'length of the shortest recording'
        )


def _lpips() -> Compare:
    with training_installed():
        from spike_recon_training.perceptual import load_lpips  # noqa: PLC0415 -- needs torch
    return load_lpips()


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
        for frame in evaluated_frames(recording, model, settings, console, tally):
            row = scores[model.name].add(frame)
            sheet.add(model.name, frame, _note(row))
        if not scores[model.name].rows:
            why = 'it is too short' if recording.truth is None else tally.sentence(recording.truth)
            raise UserError(f'{recording.path} gave no frame; {why}')
    if recording.truth is not None and (sentence := tally.sentence(recording.truth)):
        console.print(f'{recording.name}: {sentence}', style='yellow', markup=False)
    page = sheet.draw()
    assert page is not None
    file = sheets / f'{recording.name}.png'
    if not cv2.imwrite(str(file), page):
        raise UserError(f'{file} cannot be written; is the disk full?')


def _note(row: dict[str, Any]) -> str:
    """Return the caption of a picture."""
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
