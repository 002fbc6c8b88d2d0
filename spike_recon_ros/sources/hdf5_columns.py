# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""HDF5 files with columns or tables of events under any usual name, in any group, and v2e.

So are M3ED, EDS, the preprocessed forms of Prophesee's Gen1 and 1 Mpx data sets, of PKU's, and the
outputs of many converters. They differ in names, units and in where the size is.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.columns import (
    S_NS,
    UNIT_SAMPLE,
    US_NS,
    Columns,
    are_in_order,
    check_column,
    check_lengths,
    named_columns,
    sensor_size,
    stated_unit_ns,
    to_nanoseconds,
    unnamed_columns,
)
from spike_recon_ros.sources.hdf5_storage import Hdf5Dataset, members
from spike_recon_ros.sources.source import Topic

DEEPEST, MOST_OBJECTS, MOST_COLUMNS = 3, 2_000, 100
"""How deep, and among how many groups and data sets, events are looked for; most members of a
group that may hold columns."""
CALIBRATION, RESOLUTION = 'calib', 'resolution'
"""M3ED keeps what Kalibr calls the resolution of a camera: width before height."""
OFFSET = 't_offset'
INDICES = ('ms_to_idx', 'ms_map_idx')
"""Tables of the first event of each millisecond, as in DSEC; the times are microseconds there."""
SIDES = ('height', 'width')
SIZES = ('sensor_resolution', 'sensor_size', 'resolution')


class ColumnsHdf5(Hdf5Dataset):
    """Four data sets in one group, or one table with four named fields.

    Args:
        path: the file.
        file: the same, open.
        places: of the groups and tables that hold events, from `find_columns`.
        topic: one of them, where there are several; None = the only one.
        size: width and height of the sensor; None = what the file states, or the smallest common
            one that holds all events.

    Raises:
        UserError: there is no such group or several, or the columns do not fit each other, or
            cannot be read safely.
    """

    def __init__(
        self,
        path: Path,
        file: Any,
        places: list[str],
        topic: str | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(path, file)
        self._places = {place: _length(_at(file, place)) for place in places}
        place = self._chosen(topic)
        found = _at(file, place)
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
            holders = [found, _at(file, place.rpartition('/')[0]), file]
            self._find_times(holders)
            size = size or stated_size(path, *holders)
            self.width, self.height = size or self.guess_size(*self.largest_pixel())

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The groups of events, where there are several."""
        cameras = [Topic(place, 'events', count) for place, count in self._places.items()]
        return (*(cameras if len(cameras) > 1 else ()), *super().topics)

    def _chosen(self, topic: str | None) -> str:
        places = ', '.join(shown(place) for place in list(self._places)[:20])
        if topic is not None:
            if topic.strip('/') not in self._places:
                raise UserError(f'{self.path} has no events in {shown(topic)}; it has: {places}')
            return topic.strip('/')
        if len(self._places) > 1:
            raise UserError(
                f'{self.path} holds the events of several cameras, choose one with --topic: '
                f'{places}'
            )
        return next(iter(self._places))

    def _find_times(self, holders: list[Any]) -> None:
        """Find the unit of the times and the time from which they count."""
        first = self._slices(0, min(UNIT_SAMPLE, self.size))[0]
        last = float(self._slices(self.size - 1, self.size)[0][0])
        indexed = any(name in one for one in holders if hasattr(one, 'keys') for name in INDICES)
        stated = stated_unit_ns(self._fields[0]) or (US_NS if indexed else 0)
        self._unit_ns = self.find_unit(first, self.size, last, stated)
        offsets = [one for one in (_small(holder, OFFSET) for holder in holders) if one]
        offset = np.asarray(offsets[0][:1] if offsets else [0])
        self._offset_ns = int(to_nanoseconds(offset, self._unit_ns)[0])

    def _slices(self, start: int, end: int) -> list[np.ndarray]:
        """Return times, x, y and polarities as stored."""
        if self._table is None:
            return [column[start:end].reshape(-1) for column in self._columns]
        rows = self._table[start:end]
        return [rows[field] for field in self._fields]

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        t, x, y, p = self._slices(position, end)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns) + self._offset_ns, p), end


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
        if not are_in_order(first[:, 0]):
            self._order = unnamed_columns(first) or self._order
            self.warn(f'the times in {path} are in column {self._order[0] + 1} of events, not 1')
        self._unit_ns = S_NS if (first[:, self._order[0]] % 1).any() else US_NS
        if self._unit_ns == S_NS:
            self.warn(f'the times in {path} are seconds, not microseconds')
        if self.size:
            self.width, self.height = size or self.guess_size(*self.largest_pixel())

    def _rows(self, start: int, end: int) -> np.ndarray:
        """Return times, x, y and polarities as stored, [4, n]."""
        return self._events[start:end][:, self._order].T

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        t, x, y, p = self._rows(position, end)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end


def find_columns(path: Path, file: Any) -> list[str]:
    """Return the places of all groups and tables that hold events; '' is the file itself.

    Raises:
        UserError: a group refers to another file, which may be a pipe or anywhere.
    """
    found: list[str] = []
    waiting, seen = [('', file)], 0
    while waiting and seen < MOST_OBJECTS:
        place, one = waiting.pop(0)
        is_group = hasattr(one, 'keys')
        inside = members(path, one) if is_group else []
        seen += 1 + len(inside)
        if len(inside) <= MOST_COLUMNS and named_columns(_names(one)) is not None:
            found.append(place)
        elif is_group and place.count('/') < DEEPEST:
            waiting += [(f'{place}/{name}'.strip('/'), one[name]) for name in inside]
    return found


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
        calibration = holder.get(CALIBRATION) if hasattr(holder, 'keys') else None
        if calibration is not None and (values := _small(calibration, RESOLUTION)):
            return sensor_size(f'{RESOLUTION} in the calibration of {path}', values[::-1])
    return None


def _at(file: Any, place: str) -> Any:
    return file[place] if place else file


def _length(found: Any) -> int:
    """Return the number of events in a group of columns, or in a table."""
    if not hasattr(found, 'keys'):
        return int(found.shape[0])
    names = _names(found)
    return max(int(found[names[place]].shape[0]) for place in named_columns(names) or ())


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
    shape, dtype = getattr(found, 'shape', None), getattr(found, 'dtype', None)
    return list(getattr(dtype, 'names', None) or ()) if len(shape or ()) == 1 else []


def _datasets(group: Any) -> Iterator[str]:
    for name in group:
        one = group.get(name)
        if len(getattr(one, 'shape', None) or ()) in (1, 2):
            yield name
