# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""HDF5 files with columns or tables of events under any usual name, in any group, and v2e.

So are the preprocessed forms of Prophesee's Gen1 and 1 Mpx data sets, of PKU's, and the outputs of
many converters. They differ in names, units and in where the size is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.sources.columns import (
    FEWEST_EVENTS,
    LARGEST_SIDE,
    S_NS,
    UNIT_SAMPLE,
    US_NS,
    Columns,
    check_column,
    check_lengths,
    named_columns,
    sensor_size,
    smallest_sensor,
    stated_unit_ns,
    to_nanoseconds,
    unnamed_columns,
)
from spike_recon_ros.sources.hdf5_storage import Hdf5Dataset

GROUPS = ('', 'events', 'CD', 'data', 'events/left', 'left/events')
"""Where events are looked for, in this order."""
SIDES = ('height', 'width')
SIZES = ('sensor_resolution', 'sensor_size', 'resolution')


class ColumnsHdf5(Hdf5Dataset):
    """Four data sets in one group, or one table with four named fields.

    Args:
        path: the file.
        file: the same, open.
        place: of the group or the table, from `find_columns`.
        size: width and height of the sensor; None = what the file states, or the smallest common
            one that holds all events.

    Raises:
        UserError: the columns do not fit each other, or cannot be read safely.
    """

    def __init__(
        self, path: Path, file: Any, place: str, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(path, file)
        found = file if place == '' else file[place]
        names = _names(found)
        order = named_columns(names)
        assert order is not None
        self._fields = [names[number] for number in order]
        if hasattr(found, 'keys'):
            self._table = None
            self._columns = [
                self._dataset(f'{place}/{name}' if place else name) for name in self._fields
            ]
            lengths = {
                name: check_column(f'{name} in {path}', column)
                for name, column in zip(self._fields, self._columns, strict=True)
            }
            self.size = check_lengths(path, lengths)
        else:
            self._table = self._dataset(place)
            self.size = self._table.shape[0]
        if self.size:
            self._find_facts(found, size)

    def _find_facts(self, found: Any, size: tuple[int, int] | None) -> None:
        """Find the unit of the times, and the size."""
        first = self._slices(0, min(UNIT_SAMPLE, self.size))[0]
        last = float(self._slices(self.size - 1, self.size)[0][0])
        stated = stated_unit_ns(self._fields[0])
        self._unit_ns = stated or self.find_unit(first, self.size, last)
        size = size or stated_size(self.path, found, self._file)
        if size is None:
            size = smallest_sensor(*self._largest())
            self.warn(
                f'{self.path} does not state the sensor size; {size[0]}x{size[1]} holds all its '
                'events, give --size if it differs'
            )
        self.width, self.height = size

    def _slices(self, start: int, end: int) -> list[np.ndarray]:
        """Return times, x, y and polarities as stored."""
        if self._table is None:
            return [column[start:end].reshape(-1) for column in self._columns]
        rows = self._table[start:end]
        return [rows[field] for field in self._fields]

    def _largest(self) -> tuple[int, int]:
        x = y = 0
        for start in range(0, self.size, self.chunk):
            _, xs, ys, _ = self._slices(start, min(start + self.chunk, self.size))
            x, y = max(x, int(xs.max())), max(y, int(ys.max()))
        return min(x, LARGEST_SIDE - 1), min(y, LARGEST_SIDE - 1)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        t, x, y, p = self._slices(position, end)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end


class V2eHdf5(Hdf5Dataset):
    """v2e: `events` [n, 4] of microseconds, x, y, polarity; the size is not stated.

    Other converters put the time elsewhere; it is found by its growth, and reported.
    """

    def __init__(self, path: Path, file: Any, size: tuple[int, int] | None = None) -> None:
        super().__init__(path, file)
        self._events = self._dataset('events')
        self.size = check_column(f'events in {path}', self._events, 4)
        first = self._events[:UNIT_SAMPLE].astype(np.float64)
        self._order = [0, 1, 2, 3]
        if len(first) >= FEWEST_EVENTS and 4 * (np.diff(first[:, 0]) < 0).sum() > len(first):
            self._order = unnamed_columns(first) or self._order
            self.warn(f'the times in {path} are in column {self._order[0] + 1} of events, not 1')
        if size is None and self.size:
            size = smallest_sensor(*self._largest())
            self.warn(
                f'{path} does not state the sensor size; {size[0]}x{size[1]} holds all its '
                'events, give --size if it differs'
            )
        self.width, self.height = size or (346, 260)
        self._unit_ns = S_NS if (first[:, self._order[0]] % 1).any() else US_NS
        if self._unit_ns == S_NS:
            self.warn(f'the times in {path} are seconds, not microseconds')

    def _largest(self) -> tuple[int, int]:
        x = y = 0
        for start in range(0, self.size, self.chunk):
            _, xs, ys, _ = self._rows(start, start + self.chunk)
            x, y = max(x, int(xs.max())), max(y, int(ys.max()))
        return min(x, LARGEST_SIDE - 1), min(y, LARGEST_SIDE - 1)

    def _rows(self, start: int, end: int) -> np.ndarray:
        """Return times, x, y and polarities as stored, [4, n]."""
        return self._events[start:end][:, self._order].T

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        t, x, y, p = self._rows(position, end)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end


def find_columns(file: Any) -> str | None:
    """Return the place of the group or the table that holds events; None = there is none."""
    for place in GROUPS:
        found = file if place == '' else file.get(place)
        if found is not None and named_columns(_names(found)) is not None:
            return place
    return None


def stated_size(path: Path, *holders: Any) -> tuple[int, int] | None:
    """Return the width and height in an HDF5 file; None = it states none.

    Args:
        path: of the file, for messages.
        holders: groups whose attributes and small data sets may state the size.

    Raises:
        UserError: what is stated is no size.
    """
    for holder in holders:
        for name in SIZES:
            values = _small(holder, name)
            if values and (len(values) == 2 or isinstance(values[0], str | bytes)):
                return sensor_size(f'{name} of {path}', values)
        sides = [_small(holder, name) for name in SIDES]
        if sides[0] is not None and sides[1] is not None:
            return sensor_size(f'height and width of {path}', [*sides[0][:1], *sides[1][:1]])
    return None


def _small(holder: Any, name: str) -> list[Any] | None:
    """Return an attribute or a data set of one or two numbers as a list."""
    value = holder.attrs.get(name)
    if value is None and hasattr(holder, 'keys'):
        found = holder.get(name)
        if found is None or getattr(found, 'size', None) not in (1, 2):
            return None
        value = found[()]
    return None if value is None else np.asarray(value).reshape(-1).tolist()


def _names(found: Any) -> list[str]:
    """Return the names of the columns in a group, or of the fields of a table."""
    if hasattr(found, 'keys'):
        return list(_datasets(found))
    return list(getattr(found.dtype, 'names', None) or ()) if len(found.shape) == 1 else []


def _datasets(group: Any) -> Iterator[str]:
    for name in group:
        one = group.get(name)
        if len(getattr(one, 'shape', None) or ()) in (1, 2):
            yield name
