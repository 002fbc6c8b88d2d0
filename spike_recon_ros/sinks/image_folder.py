# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames as numbered images in a folder: PNG (8 or 16 bit) or TIFF (float), and their times."""

import contextlib
import os
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sinks.sink import Sink

TABLE_NAME = 'frames.csv'
FRAME_PATTERNS = ('frame_*.png', 'frame_*.tiff')


class ImageFolderSink(Sink):
    """`frame_000000.png`, ... in the order of time, and `frames.csv` with `index,t_ns,stamp_ns`.

    Frames of an earlier run are removed; other files in the folder stay.

    Raises:
        OSError: if the folder cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self._is_new = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
        for pattern in FRAME_PATTERNS:
            for earlier in path.glob(pattern):
                earlier.unlink()
        self._path = path
        self._n_frames = 0
        self._table = (path / TABLE_NAME).open('w', encoding='ascii')
        self._table.write('index,t_ns,stamp_ns\n')
        self._table.flush()

    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Write one image and its line of the table.

        Raises:
            UserError: one of them cannot be written.
        """
        suffix = '.tiff' if image.dtype == np.float32 else '.png'
        done, encoded = cv2.imencode(suffix, image)
        if not done:
            raise ValueError(f'no {suffix} can hold {image.dtype} {image.shape}')
        # A reader that watches the folder, or an interrupted run, never sees half an image.
        unfinished = self._path / f'.unfinished{suffix}'
        final = self._path / f'frame_{self._n_frames:06d}{suffix}'
        try:
            unfinished.write_bytes(encoded.tobytes())
            self._table.write(f'{self._n_frames},{t_ns},{stamp_ns}\n')
            self._table.flush()
            os.replace(unfinished, final)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise UserError(f'{final} cannot be written: {error.strerror or error}') from error
        self._n_frames += 1

    def close(self) -> None:
        """Close the table; without any frame, leave nothing behind."""
        if self._table.closed:
            return
        with contextlib.suppress(OSError):  # a line that could not be written, as `write` reported
            self._table.close()
        if not self._n_frames:
            (self._path / TABLE_NAME).unlink()
            if self._is_new:
                self._path.rmdir()
