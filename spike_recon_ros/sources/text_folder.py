# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences as text: the first layout of the Event Camera Dataset (ECD), E2VID, and any CSV.

ECD is a folder with `events.txt` (lines of seconds, x, y, polarity) and, where there are frames,
`images.txt` (lines of seconds and file name). E2VID puts `width height` into the first line.
Comments, a line of column names, and times in shorter units are recognised.
"""

import re
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.image_file import read_image_file
from spike_recon_ros.sources.columns import (
    Columns,
    are_in_order,
    named_columns,
    sensor_size,
    stated_unit_ns,
    to_nanoseconds,
    unnamed_columns,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.event_lines import (
    BYTE_ORDER_MARK,
    COMMENT,
    SEPARATORS,
    are_names,
    check_characters,
    check_first_event,
    column_names,
    parse_events,
)

EVENTS_FILE, FRAMES_FILE = 'events.txt', 'images.txt'
BLOCK_BYTES = 2**20
LONGEST_LINE = 1024
LONGEST_FRAME_LIST = 2**26
DAVIS240_SHAPE = (180, 240)
"""Rows and columns of the sensor that the data set was recorded with."""
SIZE_LINE = re.compile(rb'\s*(\d{1,5})(?:\.0*)?(?:[\s,]+|[xX])(\d{1,5})(?:\.0*)?\s*')
FRAME_SEPARATOR = re.compile(r'[\s,;]+')
SIZE_NAMES = [b'width', b'height']
SIZE_SAMPLES = 16
"""Places of a text without size and frames at which the largest coordinates are looked for."""
LONGEST_PREAMBLE = 2**16


class TextFolder(EventDataset):
    """One sequence; positions are bytes of the text.

    Args:
        path: the folder, or the text of events alone.
        size: width and height instead of what the first line or the first frame states.
        named: the file that the user gave, if this one was unpacked from it; for messages.

    Raises:
        UserError: if a file is damaged, or there are no events.
    """

    chunk = BLOCK_BYTES
    unit = 'bytes'

    def __init__(
        self, path: Path, size: tuple[int, int] | None = None, *, named: Path | None = None
    ) -> None:
        super().__init__(named or path)
        is_folder = path.is_dir()
        self._images_folder = path
        self._events_file = path / EVENTS_FILE if is_folder else path
        self._named = named or self._events_file
        frames_file = path / FRAMES_FILE
        self.size = self._events_file.stat().st_size
        if not self.size:
            raise UserError(f'{self._named} is empty (0 bytes); copy it again')
        self._frame_lines: list[tuple[float, str]] = []
        if is_folder and frames_file.exists():
            with reading(frames_file, 'the list of frames'):
                self._frame_lines = list(_frame_lines(frames_file))
        self.n_frames = len(self._frame_lines)
        self._order, self._n_columns, self._stated_unit_ns = [0, 1, 2, 3], 4, 0
        self._has_names = False
        stated = self._read_preamble()
        self._unit_ns = self._find_unit()
        if stated is None and size is None:
            stated = self.frame(0).shape if self.n_frames else self._guessed_shape()
        self.width, self.height = size or sensor_size(f'the size in {self.path}', stated)

    def _read_preamble(self) -> tuple[int, ...] | None:
        """Skip the lines before the first event; return [height, width] if they state it."""
        shape: tuple[int, ...] | None = None
        head = self._read_bytes(0, LONGEST_PREAMBLE)
        check_characters(self._named, head)
        self._start = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
        for line in head[self._start :].splitlines(keepends=True):
            words = line.translate(SEPARATORS).split()
            if found := SIZE_LINE.fullmatch(line):
                width, height = (int(side) for side in found.groups())
                shape = (height, width)
            elif names := column_names(line):
                order = named_columns(names)
                assert order is not None
                self._order, self._n_columns, self._has_names = order, len(names), True
                self._stated_unit_ns = stated_unit_ns(names[order[0]])
            elif words and not words[0].startswith(COMMENT) and words != SIZE_NAMES:
                if are_names(words):
                    raise UserError(
                        f'the first line of {self._named} names columns that are not known '
                        f'({shown(line.decode().strip())}); name them t, x, y and p'
                    )
                check_first_event(self._named, line, self._n_columns)
                break
            self._start += len(line)
        return shape

    def _guessed_shape(self) -> tuple[int, int]:
        """Return [height, width] of the data set's sensor, or of a larger one if events need it.

        Only samples of a text are looked at; events outside the sensor are counted as always.
        """
        x = y = 0
        for place in np.linspace(self._start, self.size, SIZE_SAMPLES, endpoint=False):
            lines = self._lines_at(int(place), 2**16)[0]
            with suppress(ValueError):  # damage is reported where it is read
                table = self._table(lines)
                x, y = max(x, *table[:, 1].tolist(), 0), max(y, *table[:, 2].tolist(), 0)
        height, width = DAVIS240_SHAPE
        if x < width and y < height:
            return DAVIS240_SHAPE
        width, height = self.guess_size(int(x), int(y))
        return height, width

    def _find_unit(self) -> int:
        """Return the unit of the times in ns, from the first and the last events."""
        with reading(self.path, 'the first lines'):
            first = _whole_lines(self._read_bytes(self._start, 2**16))
            head = self._table(first)
            tail_start = max(self._start, self.size - 2**16)
            tail = self._read_bytes(tail_start, 2**16)
            if tail_start > self._start:
                tail = tail.partition(b'\n')[2]
        if not len(head):
            raise UserError(f'{self._named} holds no events; convert the recording again')
        head = self._with_time_first(head)
        try:
            last = self._table(_whole_lines(tail))[:, 0][-1:]
        except ValueError:  # a damaged end is reported where it is read
            last = head[:, 0][-1:]
        bytes_per_event = max(1.0, min(2**16, self.size - self._start) / len(head))
        n_events = round((self.size - self._start) / bytes_per_event)
        last_time = float(last[0]) if len(last) else head[-1, 0]
        return self.find_unit(head[:, 0], n_events, last_time, self._stated_unit_ns)

    def _with_time_first(self, head: np.ndarray) -> np.ndarray:
        """Return the first events with the time in the first column; find it if it is elsewhere.

        Raises:
            UserError: no column grows like a time.
        """
        if self._has_names or are_in_order(head[:, 0]):
            return head
        order = unnamed_columns(head)
        if order is None:
            raise UserError(
                f'no column of {self._named} grows like a time; sort its lines by time, as '
                '`sort -g` does, or name its columns in the first line, such as: x y t p'
            )
        self._order = order
        names = ['x', 'y', 'polarity']
        names.insert(order[0], 'time')
        self.warn(
            f'the columns of {self._named} have no names; they are read as '
            f'{", ".join(names)}, because that column grows'
        )
        return head[:, order]

    def _read_bytes(self, start: int, count: int) -> bytes:
        with self._events_file.open('rb') as file:
            file.seek(start)
            return file.read(count)

    def _lines_at(self, position: int, n_bytes: int) -> tuple[bytes, int]:
        """Return the whole lines of a block that begin at or after a position, and their end."""
        position = max(position, self._start)
        with self._events_file.open('rb') as file:
            if position > self._start:  # a line that begins earlier belongs to the chunk before
                file.seek(position - 1)
                file.readline(LONGEST_LINE)
            else:
                file.seek(position)
            start = file.tell()
            lines = file.read(n_bytes) + file.readline(LONGEST_LINE)
        return lines, start + len(lines)

    def _read(self, position: int) -> tuple[Columns, int]:
        lines, following = self._lines_at(position, self.chunk)
        if not lines:
            following = self.size
        try:
            return self._parsed(lines), following
        except ValueError:
            # A copy or a recorder that was stopped leaves half a line at the end.
            if following < self.size or lines.endswith(b'\n') or b'\n' not in lines:
                raise
            columns = self._parsed(lines[: lines.rindex(b'\n') + 1])
            self.warn(f'the last line of {self._named} is cut short; it is left out')
            return columns, following

    def _table(self, lines: bytes) -> np.ndarray:
        return parse_events(lines, self._order, self._n_columns)

    def _parsed(self, lines: bytes) -> Columns:
        t, x, y, p = self._table(lines).T
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p)

    def _frame_times(self) -> np.ndarray:
        times = np.array([seconds for seconds, _ in self._frame_lines], np.float64)
        return to_nanoseconds(times, self._unit_ns)

    def _frame(self, index: int) -> np.ndarray:
        name = self._frame_lines[index][1]
        file = self._images_folder / name
        if not file.exists() and not file.is_symlink():
            raise UserError(
                f'{self.path / FRAMES_FILE} lists {shown(name)}, which is not there; copy it, or '
                'remove its line'
            )
        return read_image_file(file, cv2.IMREAD_UNCHANGED)


def _whole_lines(lines: bytes) -> bytes:
    end = lines.rfind(b'\n') + 1
    return lines[:end] if end else lines


def _frame_lines(file: Path) -> list[tuple[float, str]]:
    """Return time and file name of each frame; any exception means damage."""
    if file.stat().st_size > LONGEST_FRAME_LIST:
        raise ValueError(f'it has more than {LONGEST_FRAME_LIST:,} bytes')
    lines = map(str.strip, file.read_text(encoding='utf-8-sig').splitlines())
    marks = tuple(mark.decode() for mark in COMMENT)
    words = [FRAME_SEPARATOR.split(one, 1) for one in lines if one and not one.startswith(marks)]
    return [(float(seconds), name) for seconds, name in words]
