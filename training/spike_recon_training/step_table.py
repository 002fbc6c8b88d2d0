# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A table of the curves of a run as CSV, which a resumed run continues.

A run that crashes has logged steps after its last checkpoint. The resumed run trains those steps
again, perhaps with other terms of the loss or on another device.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spike_recon_ros.whole_file import write_whole

STEP = 'step'


class StepTable:
    """Rows with the columns `step` and any others.

    Args:
        file: CSV file; an old one is read by `begin_after`.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._columns: Sequence[str] = ()

    def begin_after(self, step: int) -> None:
        """Keep the rows up to a step; drop those after it, and any that are damaged.

        Raises:
            UserError: the file cannot be written.
        """
        rows = [row for row in read_rows(self._file) if 0 < _step_of(row) <= step]
        self._columns = tuple(rows[0]) if rows else ()
        if rows:
            self._rewrite(rows)
        else:
            self._file.unlink(missing_ok=True)

    def append(self, row: Mapping[str, Any]) -> None:
        """Write a row; columns that it lacks stay empty, and new ones are empty in older rows.

        Raises:
            OSError: the file cannot be written.
        """
        if new := [name for name in row if name not in self._columns]:
            self._columns = *self._columns, *new
            self._rewrite(read_rows(self._file))
        with self._file.open('a', newline='', encoding='utf-8') as file:
            csv.DictWriter(file, self._columns, restval='').writerow(row)

    def _rewrite(self, rows: Iterable[Mapping[str, Any]]) -> None:
        table = io.StringIO()
        writer = csv.DictWriter(table, self._columns, restval='')
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self._file, table.getvalue())


def read_rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with as many fields as the header; none if it is missing."""
    if not file.is_file():
        return []
    with file.open(newline='', encoding='utf-8', errors='replace') as lines:
        rows = list(csv.DictReader(lines))
    return [row for row in rows if None not in row and None not in row.values()]


def _step_of(row: Mapping[str, str]) -> int:
    """Return the step of a row, or 0 if it has none."""
    text = row.get(STEP, '')
    return int(text) if text.isascii() and text.isdecimal() else 0
