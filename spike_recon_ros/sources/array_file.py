# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events in NumPy files: `.npz` with an array for each column, or one table in either kind."""

from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.archives import Extracted, member_names
from spike_recon_ros.sources.columns import (
    NUMBERS,
    UNIT_SAMPLE,
    Columns,
    check_lengths,
    named_columns,
    sensor_size,
    stated_unit_ns,
    to_nanoseconds,
    unnamed_columns,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.stored_array import StoredArray, open_npy

NPY = '.npy'
PREFIXES = ('events_', 'event_', 'events/')
SIDES = ('height.npy', 'width.npy')
LARGEST_SCALAR = 2**12


_Layout: TypeAlias = tuple[StoredArray, list[str], list[int]]
"""A table, and the names of its fields or the places of its columns: time, x, y, polarity."""


class ArrayFile(EventDataset):
    """Columns or one table of events; times of any unit. Of several tables, the first is read.

    The names of columns are those of COLUMN_NAMES, also with `events_` before them. Of a table
    without names, the column that grows is the time.

    Args:
        path: the file.
        size: width and height of the sensor; None = those in the file, else the smallest common
            sensor that holds all events.

    Raises:
        UserError: it is damaged, or holds no such arrays, or no events.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        self._extracted: Extracted | None = None
        self._sides: dict[str, list[int]] = {}
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
                'spike planes (an array spk [n, height, width] of 0 and 1 in an .npz file; write '
                f'it with np.savez(NAME, spk=planes)); its arrays are: {held}'
            )
        if not self.size:
            raise UserError(f'{self.path} holds no events; convert the recording again')
        self._unit_ns = self._find_time_unit()
        size = size or self._stated_size()
        if size is None:
            with reading(self.path, 'the columns and rows'):
                size = self.guess_size(*self.largest_pixel())
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
        chosen += [name for name in names if name in SIDES and name not in chosen]
        members = [(name, f'{place}{NPY}') for place, name in enumerate(chosen)]
        self._extracted = Extracted(self.path, members)
        arrays = {}
        for name, file in members:
            place = self._extracted.folder / file
            if name in SIDES and place.stat().st_size < LARGEST_SCALAR:
                with reading(self.path, name):
                    self._sides[name] = np.load(place, allow_pickle=False).reshape(-1)[:1].tolist()
            # Scalars and Python objects, such as notes of a program, are no columns.
            with suppress(ValueError):
                arrays[name.removesuffix(NPY)] = open_npy(place)
        return arrays

    def _stated_size(self) -> tuple[int, int] | None:
        """Return the width and height that an archive states; None = it states none."""
        if self._sides.keys() != set(SIDES):
            return None
        height, width = (self._sides[name] for name in SIDES)
        return sensor_size(f'height and width of {self.path}', [*height, *width])

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
        """Use the first array with all columns: a structured one, or numbers [n, 4] or [4, n]."""
        tables = zip(self._names, self._tables, strict=True)
        layouts = [(name, self._layout_of(table)) for name, table in tables]
        found = [(name, layout) for name, layout in layouts if layout is not None]
        if not found:
            return False
        name, layout = found[0]
        if len(found) > 1:
            others = ', '.join(shown(other) for other, _ in found[1:])
            self.warn(
                f'{self.path} holds several tables of events; {shown(name)} is read, left out: '
                f'{others}'
            )
        table, self._fields, self._places = layout
        self._names = [one.lower() for one in self._fields] or ['t', 'x', 'y', 'p']
        self._tables, self.size = [table], len(table)
        return True

    def _layout_of(self, table: StoredArray) -> _Layout | None:
        """Return how a table holds events; None = it does not."""
        names = table.dtype.names or ()
        if names and table.ndim == 1 and (places := named_columns(names)) is not None:
            return table, [names[place] for place in places], []
        if table.dtype.kind not in NUMBERS or table.ndim != 2:
            return None
        if len(table) == 4 != table.shape[1]:
            table = table.transposed
        if table.shape[1] != 4:
            return None
        if not len(table):
            return table, [], [0, 1, 2, 3]
        with reading(self.path, 'the first events'):
            order = unnamed_columns(table[:UNIT_SAMPLE].astype(np.float64))
        return None if order is None else (table, [], order)

    def _slices(self, start: int, stop: int) -> list[np.ndarray]:
        """Return times, x, y and polarities as stored."""
        if len(self._tables) > 1:
            return [table[start:stop].reshape(-1) for table in self._tables]
        rows = self._tables[0][start:stop]
        if self._fields:
            return [rows[field] for field in self._fields]
        return [rows[:, place] for place in self._places]

    def _find_time_unit(self) -> int:
        with reading(self.path, 'the times'):
            first = self._slices(0, min(UNIT_SAMPLE, self.size))[0]
            if first.dtype.kind not in NUMBERS:
                raise UserError(
                    f'the times in {self.path} are {first.dtype}; save whole microseconds, as in '
                    "t.astype('datetime64[us]').astype(np.int64)"
                )
            last = self._slices(self.size - 1, self.size)[0][0].item()
            stated_ns = stated_unit_ns(self._names[0])
            return self.find_unit(first, self.size, float(last), stated_ns)

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
