# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wanted of the figures of `field_images`, and tables of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

PEER = 'firenet'
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
    Criterion('fast', 'tags', True, 9.0),
    *(
        Criterion('noise', f'{kind}_{name}', False, bound)
        for name in (
            *('dvxplorer_libcaer_rollover', 'hd_evt3_trigger'),
            *('noise_0.2_hz', 'noise_2_hz', 'noise_10_hz'),
        )
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
