# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences of EventAid-R (EVAID): a text of events for each interval between two frames.

The folder holds `event/000001.txt` ... (lines of microseconds, x, y, polarity), `gt/` with a
picture for each line of `timestamps.txt` (microseconds), and `shape.txt` (width and height).
"""

from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_file import read_image_file
from spike_recon_ros.regular_file import own_files
from spike_recon_ros.sources.columns import (
    US_NS,
    Columns,
    check_lengths,
    sensor_size,
    to_nanoseconds,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.event_lines import parse_events

EVENTS, FRAMES, FRAME_TIMES, SIZE = 'event', 'gt', 'timestamps.txt', 'shape.txt'
PICTURES = ('.png', '.jpg')
LARGEST_TEXT = 2**28
"""Bytes of the events between two frames."""
LARGEST_LIST = 2**24


class EvaidFolder(EventDataset):
    """One sequence; positions are files of events.

    Args:
        path: the folder.
        size: width and height of the sensor, instead of what `shape.txt` states.

    Raises:
        UserError: a file is missing, damaged, or does not fit the others.
    """

    chunk = 1
    unit = 'files'

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        self._texts = own_files((path / EVENTS).glob('*.txt'))
        self.size = len(self._texts)
        if not self.size:
            raise UserError(f'{path / EVENTS} holds no texts of events; copy the data set again')
        self._pictures: list[Path] = []
        if (path / FRAMES).is_dir():
            found = (path / FRAMES).iterdir()
            self._pictures = own_files(one for one in found if one.suffix.lower() in PICTURES)
        if self._pictures:
            self._times_us = _integers(path / FRAME_TIMES)
            counts = {FRAMES: len(self._pictures), FRAME_TIMES: len(self._times_us)}
            self.n_frames = check_lengths(path, counts)
        self.width, self.height = size or self._stated_size()

    def _stated_size(self) -> tuple[int, int]:
        if (self.path / SIZE).exists():
            width, height = [*_integers(self.path / SIZE)[:2].tolist(), 0, 0][:2]
            return sensor_size(f'the size in {self.path / SIZE}', (height, width))
        if self.n_frames:
            return sensor_size(f'frame 0 of {self.path}', self.frame(0).shape)
        raise UserError(f'there is no {self.path / SIZE}; give the size with --size')

    def _read(self, position: int) -> tuple[Columns, int]:
        file = self._texts[position]
        if file.stat().st_size > LARGEST_TEXT:
            raise UserError(f'{file} has more than {LARGEST_TEXT:,} bytes; copy it again')
        with reading(file, 'the events'):
            t, x, y, p = parse_events(file.read_bytes()).T
            return Columns(x, y, to_nanoseconds(t, US_NS), p), position + 1

    def _frame_times(self) -> np.ndarray:
        times = self._times_us if self.n_frames else np.empty(0, np.int64)
        return to_nanoseconds(times, US_NS)

    def _frame(self, index: int) -> np.ndarray:
        return read_image_file(self._pictures[index], cv2.IMREAD_UNCHANGED)


def is_evaid(path: Path) -> bool:
    """Whether a folder has the layout of EVAID."""
    return (path / EVENTS).is_dir() and ((path / FRAME_TIMES).exists() or (path / SIZE).exists())


def _integers(file: Path) -> np.ndarray:
    """Return the numbers in a small text, int64 [n]."""
    if not file.exists():
        raise UserError(f'there is no {file}; copy the data set again')
    if file.stat().st_size > LARGEST_LIST:
        raise UserError(f'{file} has more than {LARGEST_LIST:,} bytes; copy it again')
    with reading(file, 'the numbers'):
        return np.array(file.read_text(encoding='utf-8').split(), np.int64)
