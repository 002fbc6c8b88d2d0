# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files of five-byte event records from an ATIS: N-Caltech101 and N-MNIST (`.bin`).

A record holds x, y, then the polarity in the highest bit of three bytes with the time in
microseconds, the highest byte first. Records with y = 240 mark overflows of the sensor's counter
of 2^13 us. There is no header (Orchard et al., "Converting Static Image Datasets to Spiking
Neuromorphic Datasets Using Saccades", Frontiers in Neuroscience 2015).
"""

from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import SENSOR_SIZES, US_NS, Columns, to_nanoseconds
from spike_recon_ros.sources.event_dataset import EventDataset

RECORD_BYTES = 5
OVERFLOW_ROW = 240
OVERFLOW_US = 2**13
SIZES = ((34, 34), *SENSOR_SIZES[:2])
"""N-MNIST, a DVS128's size for other conversions, and N-Caltech101."""
SCAN_EVENTS = 2**20
BACKWARD_SHARE = 0.05


class AtisFile(EventDataset):
    """The events of one file.

    Args:
        path: the file.
        size: width and height; None = the smallest of SIZES that holds all events.

    Raises:
        UserError: it holds no events, or is of another kind.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        self.size, left_over = divmod(path.stat().st_size, RECORD_BYTES)
        if left_over:
            self.warn(f'{path} ends in the middle of an event; {left_over} bytes are left out')
        width, height = self._scan()
        self.width, self.height = size or (width, height)

    def _scan(self) -> tuple[int, int]:
        """Find the overflows, check the times, and return the size."""
        overflows, backwards, x_max, y_max = [np.empty(0, np.int64)], 0, -1, -1
        for start in range(0, self.size, SCAN_EVENTS):
            rows = self._records(start, min(start + SCAN_EVENTS, self.size))
            is_event = rows[:, 1] != OVERFLOW_ROW
            overflows.append(start + np.flatnonzero(~is_event))
            backwards += int(np.count_nonzero(np.diff(_times_us(rows[is_event])) < 0))
            if is_event.any():
                x_max = max(x_max, int(rows[is_event, 0].max()))
                y_max = max(y_max, int(rows[is_event, 1].max()))
        self._overflows = np.concatenate(overflows)
        if x_max < 0:
            raise UserError(f'{self.path} holds no events; copy it again')
        size = next((one for one in SIZES if x_max < one[0] and y_max < one[1]), None)
        if size is None or backwards > BACKWARD_SHARE * self.size:
            raise UserError(
                f'{self.path} holds no records of N-Caltech101 or N-MNIST (x, y and times that '
                'grow); give such a .bin, or convert the recording'
            )
        return size

    def _records(self, start: int, stop: int) -> np.ndarray:
        """Return bytes [n, 5]."""
        with self.path.open('rb') as file:
            file.seek(start * RECORD_BYTES)
            data = file.read((stop - start) * RECORD_BYTES)
        if len(data) < (stop - start) * RECORD_BYTES:
            raise ValueError('the file became shorter')
        return np.frombuffer(data, np.uint8).reshape(-1, RECORD_BYTES)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        rows = self._records(position, end)
        loops = np.searchsorted(self._overflows, np.arange(position, end), 'right')
        is_event = rows[:, 1] != OVERFLOW_ROW
        t_us = (_times_us(rows) + loops * OVERFLOW_US)[is_event]
        rows = rows[is_event]
        return Columns(rows[:, 0], rows[:, 1], to_nanoseconds(t_us, US_NS), rows[:, 2] >> 7), end


def _times_us(rows: np.ndarray) -> np.ndarray:
    high, middle, low = rows[:, 2:].astype(np.int64).T
    return (high & 0x7F) << 16 | middle << 8 | low
