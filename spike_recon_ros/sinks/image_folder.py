# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as numbered images in a folder: PNG (8 or 16 bit) or TIFF (float), and their times."""

import os
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.sinks.output_path import lock
from spike_recon_ros.sinks.sink import Sink

TABLE_NAME = 'frames.csv'
FRAME_PATTERNS = ('frame_*.png', 'frame_*.tiff')


class ImageFolderSink(Sink):
    """`frame_000000.png`, ... in the order of time, and `frames.csv` with `index,t_ns,stamp_ns`.

    Frames of an earlier run are removed; other files in the folder stay.

    Raises:
        OSError: if the folder cannot be made or written.
        UserError: if another program writes into it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._is_new = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        self._lock = lock(path, path)
        for pattern in FRAME_PATTERNS:
            for earlier in path.glob(pattern):
                earlier.unlink()
        self._n_frames = 0
        self._table = (path / TABLE_NAME).open('w', encoding='ascii')
        self._table.write('index,t_ns,stamp_ns\n')
        self._table.flush()

    def _write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Write one image, then its line of the table."""
        suffix = '.tiff' if image.dtype == np.float32 else '.png'
        done, encoded = cv2.imencode(suffix, image)
        if not done:
            raise ValueError(f'no {suffix} can hold {image.dtype} {image.shape}')
        # A program that watches the folder, or an interrupted run, never sees half an image.
        unfinished = self.path / f'.unfinished{suffix}'
        final = self.path / f'frame_{self._n_frames:06d}{suffix}'
        try:
            unfinished.write_bytes(encoded.tobytes())
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise OSError(error.errno, error.strerror, str(final)) from error
        os.replace(unfinished, final)
        self._table.write(f'{self._n_frames},{t_ns},{stamp_ns}\n')
        self._table.flush()
        self._n_frames += 1

    def _finish(self) -> None:
        """Close the table; without any frame, leave nothing behind."""
        self._table.close()
        self._remove_if_empty()

    def _discard(self) -> str:
        """Keep the images, each of which is complete."""
        with suppress(OSError):  # the table may hold a line that does not fit on the disk
            self._table.close()
        self._remove_if_empty()
        return f'; the {self._n_frames} images before are complete' if self._n_frames else ''

    def _remove_if_empty(self) -> None:
        """Leave nothing behind without any frame, and give up the lock."""
        if not self._n_frames:
            (self.path / TABLE_NAME).unlink()
            if self._is_new:
                self.path.rmdir()
        os.close(self._lock)
