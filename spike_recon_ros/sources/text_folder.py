# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences as text: the first layout of the Event Camera Dataset (ECD), and that of E2VID.

ECD is a folder with `events.txt` (lines of seconds, x, y, polarity) and, where there are frames,
`images.txt` (lines of seconds and file name). E2VID puts `width height` into the first line.
Comments, a line of column names, and times in shorter units are recognised.
"""

import io
import re
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_file import read_image_file
from spike_recon_ros.sources.columns import (
    FEWEST_EVENTS,
    Columns,
    sensor_size,
    to_nanoseconds,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading

EVENTS_FILE, FRAMES_FILE = 'events.txt', 'images.txt'
BLOCK_BYTES = 2**20
LONGEST_LINE = 1024
LONGEST_FRAME_LIST = 2**26
DAVIS240_SHAPE = (180, 240)
"""Rows and columns of the sensor that the data set was recorded with."""
SIZE_LINE = re.compile(rb'\s*(\d{1,5})(?:\.0*)?[\s,]+(\d{1,5})(?:\.0*)?\s*')
COMMENT = (b'#', b'%', b'//')
BYTE_ORDER_MARK = b'\xef\xbb\xbf'
COLUMN_NAMES = (
    (b't', b'ts', b'time', b'timestamp', b'timestamps'),
    (b'x', b'xs'),
    (b'y', b'ys'),
    (b'p', b'ps', b'pol', b'polarity'),
)
LONGEST_PREAMBLE = 2**16


class TextFolder(EventDataset):
    """One sequence; positions are bytes of the text.

    Args:
        path: the folder, or the text of events alone.
        size: width and height instead of what the first line or the first frame says.

    Raises:
        UserError: if a file is damaged, or there are no events.
    """

    chunk = BLOCK_BYTES
    unit = 'bytes'

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        is_folder = path.is_dir()
        self._events_file = path / EVENTS_FILE if is_folder else path
        frames_file = path / FRAMES_FILE
        self.size = self._events_file.stat().st_size
        if not self.size:
            raise UserError(f'{self._events_file} is empty (0 bytes); copy it again')
        self._frame_lines: list[tuple[float, str]] = []
        if is_folder and frames_file.exists():
            with reading(frames_file, 'the list of frames'):
                self._frame_lines = list(_frame_lines(frames_file))
        self.n_frames = len(self._frame_lines)
        self._order = [0, 1, 2, 3]
        stated = self._read_preamble()
        self._unit_ns = self._find_unit()
        if stated is None:
            stated = self.frame(0).shape if self.n_frames else DAVIS240_SHAPE
        self.width, self.height = size or sensor_size(f'the size in {path}', stated)

    def _read_preamble(self) -> tuple[int, ...] | None:
        """Skip the lines before the first event; return [height, width] if they state it."""
        shape: tuple[int, ...] | None = None
        head = self._read_bytes(0, LONGEST_PREAMBLE)
        self._start = len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0
        for line in head[self._start :].splitlines(keepends=True):
            words = line.replace(b',', b' ').lower().split()
            if found := SIZE_LINE.fullmatch(line):
                width, height = (int(side) for side in found.groups())
                shape = (height, width)
            elif order := _named_columns(words):
                self._order = order
            elif words and not words[0].startswith(COMMENT):
                break
            self._start += len(line)
        return shape

    def _find_unit(self) -> int:
        """Return the unit of the times in ns, from the first and the last events."""
        with reading(self.path, 'the first lines'):
            head = self._table(_whole_lines(self._read_bytes(self._start, 2**16)))
            tail_start = max(self._start, self.size - 2**16)
            tail = self._read_bytes(tail_start, 2**16)
            if tail_start > self._start:
                tail = tail.partition(b'\n')[2]
        try:
            last = self._table(_whole_lines(tail))[:, 0][-1:]
        except ValueError:  # a damaged end is reported where it is read
            last = head[:, 0][-1:]
        if not len(head):
            raise UserError(f'{self._events_file} holds no events; convert the recording again')
        steps = np.diff(head[:, 0])
        if len(head) >= FEWEST_EVENTS and 4 * np.count_nonzero(steps < 0) > len(head):
            raise UserError(
                f'the first column of {self._events_file} is no time; its lines must hold time, '
                'x, y and polarity, or a first line must name the columns, such as: x y t p'
            )
        bytes_per_event = max(1.0, min(2**16, self.size - self._start) / len(head))
        n_events = round((self.size - self._start) / bytes_per_event)
        return self.find_unit(head[:, 0], n_events, float(last[0]) if len(last) else head[-1, 0])

    def _read_bytes(self, start: int, count: int) -> bytes:
        with self._events_file.open('rb') as file:
            file.seek(start)
            return file.read(count)

    def _read(self, position: int) -> tuple[Columns, int]:
        position = max(position, self._start)
        with self._events_file.open('rb') as file:
            if position > self._start:  # a line that begins earlier belongs to the chunk before
                file.seek(position - 1)
                file.readline(LONGEST_LINE)
            else:
                file.seek(position)
            start = file.tell()
            lines = file.read(self.chunk) + file.readline(LONGEST_LINE)
        following = start + len(lines) if lines else self.size
        try:
            return self._parsed(lines), following
        except ValueError:
            # A copy or a recorder that was stopped leaves half a line at the end.
            if following < self.size or lines.endswith(b'\n') or b'\n' not in lines:
                raise
            columns = self._parsed(lines[: lines.rindex(b'\n') + 1])
            self.warn(f'the last line of {self._events_file} is cut short; it is left out')
            return columns, following

    def _parsed(self, lines: bytes) -> Columns:
        t, x, y, p = self._table(lines).T
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p)

    def _table(self, lines: bytes) -> np.ndarray:
        """Return times, columns, rows and polarities [n, 4]."""
        if not lines.strip():
            return np.empty((0, 4))
        table = np.loadtxt(io.BytesIO(lines.replace(b',', b' ')), np.float64, ndmin=2)
        if table.size and table.shape[1] != 4:
            raise ValueError(
                f'a line holds {table.shape[1]} numbers, not seconds, x, y and polarity'
            )
        return table.reshape(-1, 4)[:, self._order]

    def _frame_times(self) -> np.ndarray:
        times = np.array([seconds for seconds, _ in self._frame_lines], np.float64)
        return to_nanoseconds(times, self._unit_ns)

    def _frame(self, index: int) -> np.ndarray:
        name = self._frame_lines[index][1]
        return read_image_file(self.path / name, cv2.IMREAD_UNCHANGED)


def _whole_lines(lines: bytes) -> bytes:
    end = lines.rfind(b'\n') + 1
    return lines[:end] if end else lines


def _named_columns(words: list[bytes]) -> list[int]:
    """Return the places of time, x, y and polarity in a line of names; [] = it is none."""
    words = [word.strip(b'#%/') for word in words if word.strip(b'#%/')]
    places = [next((i for i, w in enumerate(words) if w in names), -1) for names in COLUMN_NAMES]
    return places if len(words) == 4 and sorted(places) == [0, 1, 2, 3] else []


def _frame_lines(file: Path) -> list[tuple[float, str]]:
    if file.stat().st_size > LONGEST_FRAME_LIST:
        raise ValueError(f'it has more than {LONGEST_FRAME_LIST:,} bytes')
    words = (line.split(maxsplit=1) for line in file.read_text(encoding='utf-8').splitlines())
    return [(float(seconds), name.strip()) for seconds, name in (w for w in words if w)]
