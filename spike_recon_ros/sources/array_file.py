# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events in NumPy files: `.npz` with an array for each column, or one table in either kind."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.archives import Extracted, member_names
from spike_recon_ros.sources.columns import (
    LARGEST_SIDE,
    NUMBERS,
    UNIT_SAMPLE,
    Columns,
    check_lengths,
    named_columns,
    smallest_sensor,
    stated_unit_ns,
    to_nanoseconds,
    unnamed_columns,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.stored_array import StoredArray, open_npy

NPY = '.npy'
PREFIXES = ('events_', 'event_', 'events/')


class ArrayFile(EventDataset):
    """Columns or one table of events; times of any unit.

    The names of columns are those of COLUMN_NAMES, also with `events_` before them. Of a table
    without names, the column that grows is the time.

    Args:
        path: the file.
        size: width and height of the sensor; None = the smallest common one that holds all events.

    Raises:
        UserError: it is damaged, or holds no such arrays, or no events.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        self._extracted: Extracted | None = None
        try:
            self._open(size)
        except BaseException:
            self.close()
            raise

    def _open(self, size: tuple[int, int] | None) -> None:
        arrays = self._arrays()
        self._names: list[str] = list(arrays)
        self._tables = list(arrays.values())
        self._places: list[int] = []
        self._fields: list[str] = []
        if not self._find_columns() and not self._find_table():
            shapes = (f'{name} {one.dtype} {list(one.shape)}' for name, one in arrays.items())
            held = shown(', '.join(shapes)) or 'none'
            raise UserError(
                f'{self.path} holds neither events (arrays x, y, t and p, or a table of them) nor '
                f'spike planes (an array spk); its arrays are: {held}'
            )
        if not self.size:
            raise UserError(f'{self.path} holds no events; convert the recording again')
        self._unit_ns = self._find_time_unit()
        if size is None:
            size = smallest_sensor(*self._largest())
            self.warn(
                f'{self.path} does not state the sensor size; {size[0]}x{size[1]} holds all its '
                'events, give --size if it differs'
            )
        self.width, self.height = size

    def _arrays(self) -> dict[str, StoredArray]:
        if self.path.suffix.lower() == NPY:
            with reading(self.path, 'the array'):
                array = open_npy(self.path, cut=True)
            if len(array) < array.declared:
                self.warn(
                    f'{self.path} is cut: it holds {len(array):,} of {array.declared:,} rows; it '
                    'is read as far as it goes'
                )
            return {'': array}
        names = [name for name in member_names(self.path) if name.endswith(NPY)]
        columns = named_columns([_bare(name.removesuffix(NPY)) for name in names])
        chosen = names if columns is None else [names[place] for place in columns]
        members = [(name, f'{place}{NPY}') for place, name in enumerate(chosen)]
        self._extracted = Extracted(self.path, members)
        arrays = {}
        for name, file in members:
            # Scalars and Python objects, such as notes of a program, are no columns.
            with suppress(ValueError):
                arrays[name.removesuffix(NPY)] = open_npy(self._extracted.folder / file)
        return arrays

    def _find_columns(self) -> bool:
        """Use one array for each column, if there are such."""
        names = [_bare(name) for name in self._names]
        places = named_columns(names)
        if places is None:
            return False
        tables = [self._tables[place] for place in places]
        if any(one.dtype.kind not in NUMBERS or one.shape[1:] not in ((), (1,)) for one in tables):
            return False
        self._names = [names[place] for place in places]
        self.size = check_lengths(
            self.path, {name: len(one) for name, one in zip(self._names, tables, strict=True)}
        )
        self._tables = tables
        return True

    def _find_table(self) -> bool:
        """Use the one array that has all columns: a structured one, or numbers [n, 4]."""
        for table in self._tables:
            names = table.dtype.names or ()
            places = named_columns(names) if names and table.ndim == 1 else None
            if places is not None:
                self._fields = [names[place] for place in places]
                self._names = [one.lower() for one in self._fields]
            elif table.dtype.kind in NUMBERS and table.shape[1:] == (4,):
                with reading(self.path, 'the first events'):
                    found = unnamed_columns(table[:UNIT_SAMPLE].astype(np.float64))
                if found is None:
                    continue
                self._places, self._names = found, ['t', 'x', 'y', 'p']
            else:
                continue
            self._tables, self.size = [table], len(table)
            return True
        return False

    def _slices(self, start: int, stop: int) -> list[np.ndarray]:
        """Return times, x, y and polarities as stored."""
        if len(self._tables) > 1:
            return [table[start:stop].reshape(-1) for table in self._tables]
        rows = self._tables[0][start:stop]
        if self._fields:
            return [rows[field] for field in self._fields]
        return [rows[:, place] for place in self._places]

    def _find_time_unit(self) -> int:
        if stated := stated_unit_ns(self._names[0]):
            return stated
        with reading(self.path, 'the times'):
            first = self._slices(0, min(UNIT_SAMPLE, self.size))[0]
            last = self._slices(self.size - 1, self.size)[0][0].item()
            return self.find_unit(first, self.size, float(last))

    def _largest(self) -> tuple[int, int]:
        x = y = 0
        with reading(self.path, 'the columns and rows'):
            for start in range(0, self.size, self.chunk):
                part = self._slices(start, min(start + self.chunk, self.size))
                x, y = max(x, int(part[1].max())), max(y, int(part[2].max()))
        return min(x, LARGEST_SIDE - 1), min(y, LARGEST_SIDE - 1)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        t, x, y, p = self._slices(position, end)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end

    def close(self) -> None:
        """Remove what was extracted."""
        if self._extracted is not None:
            self._extracted.close()


def holds_events(path: Path) -> bool:
    """Whether an archive has other arrays than spike planes.

    Args:
        path: an `.npz`.

    Raises:
        UserError: it is cut or damaged.
    """
    names = member_names(path)
    return 'spk.npy' not in names and any(name.endswith(NPY) for name in names)


def _bare(name: str) -> str:
    name = name.lower()
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name
