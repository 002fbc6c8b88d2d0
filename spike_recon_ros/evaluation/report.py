# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The files of an evaluation (tables and curves), and a table for the terminal."""

import csv
import io
import json
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from spike_recon_ros.evaluation.curves import CURE, curves_possible, draw_curves
from spike_recon_ros.evaluation.metrics import BY_DEFAULT, LEVELS, METRICS
from spike_recon_ros.evaluation.score import Score
from spike_recon_ros.whole_file import write_whole

Scores = dict[str, dict[str, Score]]
"""Recording -> model -> score."""
Figures = dict[str, float | None]
FRAME_COLUMNS = ('model', 'dataset', 'frame', 't_s', 'events')
MEAN = 'mean'
MODEL_WIDTH = 10
"""Characters of the column of models; longer names are folded."""


def summarise(scores: Scores, skip_s: float) -> dict[str, Any]:
    """Return `mean` of each model, and `by_dataset`.

    A score on a dataset is a mean over its frames. The mean of a model is over the datasets,
    long or short, on which the metric applies: those where any model has a score. A model
    without a score there (it never read a tag) has no mean.
    """
    by_dataset = {
        dataset: {model: score.summary(skip_s) for model, score in models.items()}
        for dataset, models in scores.items()
    }
    return {'mean': _means(by_dataset), 'by_dataset': _rounded(by_dataset)}


def write_report(out: Path, scores: Scores, summary: dict[str, Any], console: Console) -> None:
    """Write the tables, and the curves if matplotlib is installed.

    Args:
        out: folder.
        scores: of each model on each recording.
        summary: content of summary.json.
        console: for the hint how to install matplotlib.

    Raises:
        UserError: the disk is full, or a file cannot be written for another reason.
    """
    _write_tables(out, scores, summary)
    _write_curves(out / 'curves', scores, summary, console)


def _write_tables(out: Path, scores: Scores, summary: dict[str, Any]) -> None:
    """Write frames.csv, summary.csv and summary.json."""
    rows = [
        {'model': model, 'dataset': dataset, 'frame': number, **row}
        for dataset, models in scores.items()
        for model, score in models.items()
        for number, row in enumerate(score.rows)
    ]
    _write_csv(out / 'frames.csv', FRAME_COLUMNS, rows)
    lines = [
        {'model': model, 'dataset': dataset, **figures}
        for dataset, models in [*summary['by_dataset'].items(), (MEAN, summary['mean'])]
        for model, figures in models.items()
    ]
    _write_csv(out / 'summary.csv', ('model', 'dataset'), lines)
    write_whole(out / 'summary.json', json.dumps(summary, indent=2) + '\n')


def _write_curves(out: Path, scores: Scores, summary: dict[str, Any], console: Console) -> None:
    """Write a PNG for each recording and each metric that frames have.

    Without matplotlib none is written; the console then shows how to install it. Metrics that
    were not asked for are left out, though others may have needed them.
    """
    if not curves_possible():
        hint = f'no curves: matplotlib is not installed; run: {CURE}'
        console.print(hint, markup=False, highlight=False, soft_wrap=True)
        return
    asked = {name for figures in summary['mean'].values() for name in figures}
    for dataset, models in scores.items():
        for metric in (METRICS[name] for name in METRICS if name in asked):
            curves = {
                model: (
                    [row['t_s'] for row in score.rows],
                    [row.get(metric.name) for row in score.rows],
                )
                for model, score in models.items()
            }
            if any(value is not None for _, values in curves.values() for value in values):
                title = f'{dataset}: {metric.meaning}'
                draw_curves(out / f'{dataset}_{metric.name}.png', title, metric.name, curves)


def show(console: Console, summary: dict[str, Any]) -> None:
    """Print the means, with the best of each column in bold; more tables if one is too wide."""
    means: dict[str, Figures] = summary['mean']
    datasets = list(summary['by_dataset'])
    where = (
        datasets[0]
        if len(datasets) == 1
        else f'mean of {len(datasets)} recordings, each where it applies'
    )
    columns = [name for name in METRICS if any(name in row for row in means.values())]
    if set(columns) >= set(BY_DEFAULT):
        columns = [name for name in columns if METRICS[name].in_table]
    columns = [name for name in columns if any(row[name] is not None for row in means.values())]
    rest = [_column(name, means.values()) for name in columns]
    while rest:
        widths = accumulate(max(map(len, texts)) + 2 for texts, _ in rest)
        n_fit = sum(width + MODEL_WIDTH <= console.width for width in widths) or 1
        console.print(_table(where, list(means), rest[:n_fit]))
        rest = rest[n_fit:]


def _column(name: str, rows: Iterable[Figures]) -> tuple[list[str], list[str]]:
    """Return the lines of a column as they look, and its cells with their markup."""
    arrow = '↓' if METRICS[name].lower_is_better else '↑'
    rows = list(rows)
    cells = [_shown(name, row[name], rows) for row in rows]
    header = [*name.replace('_', '_\n').split('\n'), arrow]
    texts = [*header, *(Text.from_markup(cell).plain for cell in cells)]
    return texts, ['\n'.join(header), *cells]


def _table(where: str, models: list[str], columns: list[tuple[list[str], list[str]]]) -> Table:
    # Headers are folded, and so are long names of models, for a terminal of 80 columns.
    table = Table(
        title=escape(where), title_justify='left', box=None, padding=(0, 2, 0, 0), pad_edge=False
    )
    table.add_column('model', overflow='fold', min_width=MODEL_WIDTH)
    for _, (header, *_) in columns:
        table.add_column(header, justify='right', no_wrap=True)
    for i, model in enumerate(models, start=1):
        table.add_row(escape(model), *(cells[i] for _, cells in columns))
    return table


def _shown(name: str, value: float | None, rows: Iterable[Figures]) -> str:
    if value is None:
        return '-'
    best = min if METRICS[name].lower_is_better else max
    text = f'{value:.{METRICS[name].digits}f}'
    others = [other for row in rows if (other := row[name]) is not None]
    return f'[bold]{text}[/]' if len(others) > 1 and value == best(others) else text


def _means(by_dataset: dict[str, dict[str, Figures]]) -> dict[str, Figures]:
    means: dict[str, Figures] = {}
    for models in by_dataset.values():
        for model in models:
            means.setdefault(model, {})
    names = {name for models in by_dataset.values() for row in models.values() for name in row}
    for name in (one for one in (*METRICS, *LEVELS) if one in names):
        applies = [
            models
            for models in by_dataset.values()
            if any(row.get(name) is not None for row in models.values())
        ]
        for model, means_of_model in means.items():
            values = [models[model].get(name) for models in applies]
            known = [value for value in values if value is not None]
            complete = bool(known) and len(known) == len(values)
            means_of_model[name] = round(sum(known) / len(known), 6) if complete else None
    return means


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def _write_csv(file: Path, first: Iterable[str], rows: list[dict[str, Any]]) -> None:
    """Write rows that need not have the same keys; missing values stay empty."""
    names = list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
    table = io.StringIO()
    writer = csv.DictWriter(table, names, lineterminator='\n')
    writer.writeheader()
    writer.writerows(
        {
            name: f'{value:.6g}' if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    )
    write_whole(file, table.getvalue())
