# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sequences as folders of NumPy files, the layouts of EVREAL and EV-IMO2.

EVREAL has `events_ts.npy` (seconds), `events_xy.npy`, `events_p.npy` and, where there are frames,
`images.npy` and `images_ts.npy`; `metadata.json` states the size of the sensor. EV-IMO2 has other
names and states no size.
"""

import json
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import (
    UNIT_SAMPLE,
    Columns,
    check_column,
    check_lengths,
    sensor_size,
    to_nanoseconds,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.stored_array import StoredArray, open_npy

EVREAL = 'events_ts.npy', 'events_xy.npy', 'events_p.npy'
EVIMO = 'dataset_events_t.npy', 'dataset_events_xy.npy', 'dataset_events_p.npy'
FRAMES, FRAME_TIMES, METADATA = 'images.npy', 'images_ts.npy', 'metadata.json'


class NpyFolder(EventDataset):
    """One sequence.

    Args:
        path: the folder.
        size: width and height of the sensor, instead of what the files state.

    Raises:
        UserError: if a file is missing, damaged, empty, or does not fit the others.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        times, places, polarities = EVIMO if (path / EVIMO[0]).exists() else EVREAL
        self._t = _stored(path / times)
        self._xy = _stored(path / places)
        self._p = _stored(path / polarities)
        lengths = {
            times: check_column(str(path / times), self._t),
            places: check_column(str(path / places), self._xy, 2),
            polarities: check_column(str(path / polarities), self._p),
        }
        self.size = check_lengths(path, lengths)
        if not self.size:
            raise UserError(f'{path} holds no events; convert the recording again')
        first = np.asarray(self._t[:UNIT_SAMPLE]).reshape(-1)
        last = float(np.asarray(self._t[self.size - 1 : self.size]).reshape(-1)[0])
        self._unit_ns = self.find_unit(first, self.size, last)
        if (path / FRAMES).exists() and (path / FRAME_TIMES).exists():
            self._images = _stored(path / FRAMES)
            self._images_t = _stored(path / FRAME_TIMES)
            counts = {
                FRAMES: len(self._images) if self._images.ndim in (3, 4) else 0,
                FRAME_TIMES: check_column(str(path / FRAME_TIMES), self._images_t),
            }
            self.n_frames = check_lengths(path, counts)
        self.width, self.height = size or self._sensor_size()

    def _sensor_size(self) -> tuple[int, int]:
        """Return what the metadata say, else the size of the frames, else of the events."""
        file = self.path / METADATA
        if file.exists():
            with reading(file, 'the size of the sensor'):
                stated = json.loads(file.read_text(encoding='utf-8'))
                if isinstance(stated, dict) and 'sensor_resolution' in stated:
                    return sensor_size(f'sensor_resolution in {file}', stated['sensor_resolution'])
        if self.n_frames:
            return sensor_size(f'the shape of {self.path / FRAMES}', self._images.shape[1:])
        return self.guess_size(*self.largest_pixel())

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        xy = np.asarray(self._xy[position:end])
        t, p = (np.asarray(array[position:end]).reshape(-1) for array in (self._t, self._p))
        return Columns(xy[:, 0], xy[:, 1], to_nanoseconds(t, self._unit_ns), p), end

    def _frame_times(self) -> np.ndarray:
        times = np.asarray(self._images_t).reshape(-1) if self.n_frames else np.empty(0)
        return to_nanoseconds(times, self._unit_ns)

    def _frame(self, index: int) -> np.ndarray:
        return np.asarray(self._images[index])


def _stored(file: Path) -> StoredArray:
    if not file.exists():
        raise UserError(f'there is no {file}; convert the recording again')
    with reading(file, 'the array'):
        return open_npy(file)
