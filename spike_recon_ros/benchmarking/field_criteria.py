# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wanted of the figures of `field_images`, and tables of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

PEER = 'firenet'
NOISE = (
    *('dvxplorer_libcaer_rollover', 'hd_evt3_trigger'),
    *('noise_0.2_hz', 'noise_2_hz', 'noise_10_hz'),
)
"""Recordings of the part `noise`."""
Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A bound on a figure.

    Attributes:
        part: of field_images.
        figure: name of the figure.
        at_least: whether the bound is a lower one.
        bound: the bound, or what is added to `times` the figure of the peer.
        times: factor on the figure of the peer; None = the bound is absolute.
    """

    part: str
    figure: str
    at_least: bool
    bound: float
    times: float | None = None

    def limit(self, peer: float | None) -> float | None:
        """Return the bound; None if it needs the peer's figure and there is none."""
        if self.times is None:
            return self.bound
        return None if peer is None else self.times * peer + self.bound

    def met(self, value: float, limit: float) -> bool:
        """Whether a figure keeps to the bound."""
        return value >= limit if self.at_least else value <= limit


CRITERIA = (
    Criterion('cross', 'ssim', True, 0.08, 1.0),
    Criterion('cross', 'ssim_matched', True, 0.05, 1.0),
    Criterion('cross', 'mse', False, 0.0, 0.7),
    Criterion('cross', 'fine', True, 0.0, 1.0),
    Criterion('rest', 'tags_10_20_s', True, 10.0),
    Criterion('board', 'share', True, 0.95),
    Criterion('board', 'share_30_60_s', True, 0.95),
    Criterion('rates', 'tags_50_fps', True, 10.3),
    Criterion('rates', 'tags_200_fps', True, 10.0),
    Criterion('rates', 'tags_1000_fps', True, 9.0),
    Criterion('rates', 'flicker_50_fps', False, 0.0, 1.0),
    Criterion('rates', 'still_change_50_fps', False, 0.0, 1.0),
    Criterion('fast', 'tags', True, 0.0, 0.957),
    *(
        Criterion('noise', f'{kind}_{name}', False, bound)
        for name in NOISE
        for kind, bound in (('raw_std', 0.02), ('mono8_std', 8.0))
    ),
    Criterion('wall', 'wall_p95', False, 0.03),
    Criterion('lamp', 'flicker_ratio', False, 1.3),
    Criterion('own', 'ssim', True, 0.72),
)
"""For the default network; smaller ones have lower bounds on some."""


def figure(rows: Rows, model: str, part: str, name: str) -> float | None:
    """Return a figure; None if it was not measured."""
    for row in rows:
        if (row['model'], row['part']) == (model, part):
            value = row.get(name)
            return None if value is None else float(value)
    return None


def show_criteria(console: Console, rows: Rows) -> None:
    """Print the figures beside their bounds; those outside are red."""
    models = list(dict.fromkeys(row['model'] for row in rows))
    table = Table('part', 'figure', 'wanted', *models, box=None)
    for one in CRITERIA:
        values = [figure(rows, model, one.part, one.figure) for model in models]
        if all(value is None for value in values):
            continue
        limit = one.limit(figure(rows, PEER, one.part, one.figure))
        sign = '>=' if one.at_least else '<='
        wanted = '' if limit is None else f'{sign} {limit:.4g}'
        cells = [_cell(value, one, limit) for value in values]
        table.add_row(one.part, one.figure, wanted, *cells)
    console.print(table)


def _cell(value: float | None, criterion: Criterion, limit: float | None) -> str:
    if value is None:
        return '-'
    text = f'{value:.4g}'
    if limit is None:
        return text
    return text if criterion.met(value, limit) else f'[red]{text}[/]'


FIGURES = (
    ('real video, other simulator: MSE', 'cross', ('mse',), 4),
    ('real video: SSIM', 'cross', ('ssim',), 3),
    ('real video: MSE / SSIM, mean matched', 'cross', ('mse_mean', 'ssim_mean'), 4),
    (
        'real video: MSE / SSIM, mean and contrast matched',
        'cross',
        ('mse_matched', 'ssim_matched'),
        4,
    ),
    ('real video: correlation in the finest octave', 'cross', ('fine',), 3),
    ('simulated sequences: MSE / SSIM', 'own', ('mse', 'ssim'), 4),
    (
        'simulated sequences: MSE / SSIM, mean and contrast matched',
        'own',
        ('mse_matched', 'ssim_matched'),
        4,
    ),
    (
        'tags read of 12 at 50 / 200 / 500 / 1000 fps',
        'rates',
        tuple(f'tags_{fps}_fps' for fps in (50, 200, 500, 1000)),
        2,
    ),
    (
        'flicker / change where no event fell, 50 fps',
        'rates',
        ('flicker_50_fps', 'still_change_50_fps'),
        4,
    ),
    (
        'tags read 2-5 / 5-10 / 10-20 s after the motion, in noise of 0.2 Hz',
        'rest',
        ('tags_2_5_s', 'tags_5_10_s', 'tags_10_20_s'),
        2,
    ),
    (
        'share of tags read on a board at rest: 60 s / the last 30 s',
        'board',
        ('share', 'share_30_60_s'),
        3,
    ),
    ('tags read on a board at 600 px/s / in view', 'fast', ('tags', 'tags_in_view'), 2),
    (
        'noise alone, raw deviation: DVXplorer / Gen4 / 0.2 / 2 / 10 Hz',
        'noise',
        tuple(f'raw_std_{name}' for name in NOISE),
        3,
    ),
    (
        'noise alone, deviation in `mono8`, grey levels',
        'noise',
        tuple(f'mono8_std_{name}' for name in NOISE),
        1,
    ),
    ('still wall beside a person: 95 % within', 'wall', ('wall_p95',), 3),
    ('same scene: deviation in the dark / of the person', 'wall', ('dark_std', 'person_std'), 3),
    ('flicker under a lamp of 100 Hz, steady light = 1', 'lamp', ('flicker_ratio',), 2),
)
"""Rows of the tables: label, part, figures, decimals."""


def markdown(rows: Rows, models: Sequence[str]) -> str:
    """Return a table of FIGURES in Markdown, a column for each model; `-` = not measured."""
    lines = [
        '| | ' + ' | '.join(f'`{name}`' for name in models) + ' |',
        '|---' * (len(models) + 1) + '|',
    ]
    for label, part, names, digits in FIGURES:
        cells = []
        for model in models:
            values = [figure(rows, model, part, name) for name in names]
            cells.append(' / '.join(_decimal(value, digits) for value in values))
        lines.append(f'| {label} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _decimal(value: float | None, digits: int) -> str:
    return '-' if value is None else f'{value:.{digits}f}'.removeprefix('0')
