# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A page that compares models: a row for each model, a column for each of a few instants."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from spike_recon_ros.evaluation.score import EvaluatedFrame
from spike_recon_ros.evaluation.side_by_side import (
    FAINT_INK,
    INK,
    PAGE,
    draw_events,
    write_text,
)

EARLY_S = (0.05, 0.1, 0.25)
"""Instants soon after the start, where models differ most."""
SHARES = (0.5, 0.95)
"""Further instants, as shares of the recording's length."""
CELL_WIDTH = 400
GAP = 12
BAR = 30
TEXT = 0.5


def sheet_instants_s(duration_s: float) -> list[float]:
    """Return the instants of the columns, increasing, seconds after the first event."""
    shares = [share * duration_s for share in SHARES]
    return sorted({*(early for early in EARLY_S if early < shares[0]), *shares})


@dataclass(slots=True)
class _Column:
    """The pictures of one instant, each with a note."""

    t_s: float
    events: np.ndarray
    n_events: int
    truth: np.ndarray | None
    cells: dict[str, tuple[np.ndarray, str]] = field(default_factory=dict)


class Sheet:
    """Collects the first frame of each model at or after each instant.

    All models have the same windows; events and ground truth are taken from the first model.

    Args:
        instants_s: increasing, seconds after the first event.
    """

    def __init__(self, instants_s: list[float]) -> None:
        self._instants_s = instants_s
        self._reached: dict[str, int] = {}
        self._columns: dict[float, _Column] = {}

    def add(self, model: str, frame: EvaluatedFrame, note: str = '') -> None:
        """Keep a frame if it is the first one at or after an instant.

        With ground truth the intensity is shown as it is compared, otherwise stretched.
        """
        reached = sum(instant_s <= frame.t_s for instant_s in self._instants_s)
        if reached <= self._reached.get(model, 0):
            return
        self._reached[model] = reached
        height, width = frame.stretched.shape
        if frame.t_s not in self._columns:
            events = draw_events(frame.events, width, height)
            self._columns[frame.t_s] = _Column(
                frame.t_s, _cell(events), len(frame.events), _cell(frame.truth)
            )
        shown = frame.stretched
        if frame.truth is not None:
            shown = np.rint(255 * frame.intensity).astype(np.uint8)
        self._columns[frame.t_s].cells[model] = _cell(shown), note

    def draw(self) -> np.ndarray | None:
        """Return uint8 [height, width, 3], BGR; None = no frame was added."""
        columns = [self._columns[t_s] for t_s in sorted(self._columns)]
        if not columns:
            return None
        rows = [
            _row(
                'events',
                [(one.events, f'{one.t_s:.2f} s, {one.n_events:,} events') for one in columns],
            )
        ]
        empty = np.full_like(columns[0].events, PAGE)
        for model in self._reached:
            rows.append(_row(model, [one.cells.get(model, (empty, '')) for one in columns]))
        truths = [(one.truth, '') for one in columns if one.truth is not None]
        if truths:
            rows.append(_row('ground truth', truths))
        page = np.vstack(rows)
        bottom = np.full((GAP, page.shape[1], 3), PAGE, np.uint8)
        return np.vstack([page, bottom])


def _cell(picture: np.ndarray | None) -> np.ndarray | None:
    """Return a picture scaled to the size of a cell, BGR."""
    if picture is None:
        return None
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    width = picture.shape[1]
    if width > CELL_WIDTH:
        height = round(picture.shape[0] * CELL_WIDTH / width)
        return cv2.resize(picture, (CELL_WIDTH, height), interpolation=cv2.INTER_AREA)
    scale = CELL_WIDTH // width
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)


def _row(title: str, cells: list[tuple[np.ndarray, str]]) -> np.ndarray:
    """Return cells side by side, below a bar with the title and a note for each cell."""
    height, width = cells[0][0].shape[:2]
    row = np.full((BAR + height, GAP + len(cells) * (width + GAP), 3), PAGE, np.uint8)
    write_text(row, title, (GAP, BAR - 9), TEXT, INK)
    for number, (picture, note) in enumerate(cells):
        left = GAP + number * (width + GAP)
        row[BAR:, left : left + width] = picture
        (note_width, _), _ = cv2.getTextSize(note, cv2.FONT_HERSHEY_DUPLEX, TEXT, 1)
        write_text(row, note, (left + width - note_width, BAR - 9), TEXT, FAINT_INK)
    return row
