# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences as text, the first layout of the Event Camera Dataset (ECD).

Comes in: a folder with `events.txt` (lines of seconds, x, y, polarity) and, where there are
frames, `images.txt` (lines of seconds and file name). Goes out: events and frames, read in blocks.
Knows nothing about packets.
"""

import io
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import Columns, sensor_size
from spike_recon_ros.sources.event_dataset import EventDataset, reading

EVENTS_FILE, FRAMES_FILE = 'events.txt', 'images.txt'
BLOCK_BYTES = 2**20
LONGEST_LINE = 1024
DAVIS240_SHAPE = (180, 240)
"""Rows and columns of the sensor that the dataset was recorded with."""


class TextFolder(EventDataset):
    """One sequence; positions are bytes of `events.txt`.

    Raises:
        UserError: if a file is damaged, or there are no events.
    """

    chunk = BLOCK_BYTES
    unit = 'bytes'

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.size = (path / EVENTS_FILE).stat().st_size
        if not self.size:
            raise UserError(f'{path / EVENTS_FILE} is empty (0 bytes); copy it again')
        self._frame_lines: list[tuple[float, str]] = []
        if (path / FRAMES_FILE).exists():
            with reading(path / FRAMES_FILE, 'the list of frames'):
                self._frame_lines = list(_frame_lines(path / FRAMES_FILE))
        self.n_frames = len(self._frame_lines)
        shape = self.frame(0).shape if self.n_frames else DAVIS240_SHAPE
        self.width, self.height = sensor_size(f'the first frame of {path}', shape)

    def _read(self, position: int) -> tuple[Columns, int]:
        with (self.path / EVENTS_FILE).open('rb') as file:
            if position:  # a line that begins earlier belongs to the chunk before
                file.seek(position - 1)
                file.readline(LONGEST_LINE)
            start = file.tell()
            lines = file.read(self.chunk) + file.readline(LONGEST_LINE)
        return _parsed(lines), start + len(lines) if lines else self.size

    def _frame_seconds(self) -> np.ndarray:
        return np.array([seconds for seconds, _ in self._frame_lines])

    def _frame(self, index: int) -> np.ndarray:
        file = self.path / self._frame_lines[index][1]
        image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        if image is None:
            raise UserError(f'the image {file} cannot be read; copy it again')
        return image


def _parsed(lines: bytes) -> Columns:
    if not lines.strip():
        return Columns(*np.empty((4, 0)))
    table = np.loadtxt(io.BytesIO(lines), np.float64, ndmin=2)
    if table.shape[1] != 4:
        raise ValueError(f'a line holds {table.shape[1]} numbers, not seconds, x, y and polarity')
    t, x, y, p = table.T
    return Columns(x, y, t, p)


def _frame_lines(file: Path) -> list[tuple[float, str]]:
    words = (line.split(maxsplit=1) for line in file.read_text(encoding='utf-8').splitlines())
    return [(float(seconds), name.strip()) for seconds, name in (w for w in words if w)]
