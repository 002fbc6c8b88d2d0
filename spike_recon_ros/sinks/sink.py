# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of every sink of frames, whatever the file format."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TypeVar

import numpy as np

from spike_recon_ros.errors import UserError, reason_and_cure

Self = TypeVar('Self', bound='Sink')


class Sink(ABC):
    """Frames are written here.

    Left as a context manager, also through an exception or Ctrl-C, it keeps every frame written so
    far in a valid file. If no frame was written, it leaves no file. If the disk is full, nothing
    incomplete gets the final name.

    Attributes:
        path: file or folder that is written.
        keeps_partial: whether to keep what was written if the rest cannot be, under a name that
            the error states; for images that cannot be made again.
        warnings: sentences for people about leftovers of earlier runs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keeps_partial = False
        self.warnings: tuple[str, ...] = ()
        self._is_open = True

    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame.

        Args:
            image: uint8 (mono8), uint16 (mono16) or float32 in 0..1 (32FC1), [H, W]; or uint8
                [H, W, 3], BGR.
            t_ns: sensor time of the frame.
            stamp_ns: host time of the frame.

        Raises:
            UserError: if it cannot be written, for instance because the disk is full.
        """
        assert self._is_open, 'the sink is closed'
        try:
            self._write(image, t_ns, stamp_ns)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Finish the file; no `write` may follow. Closing again does nothing.

        Raises:
            UserError: if the end cannot be written.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            self._finish()
        except OSError as error:
            self._is_open = True
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> UserError:
        """Give up, and return the sentence that names the file and what is left of it."""
        left = ''
        if self._is_open:
            self._is_open = False
            left = self._discard()
        name = error.filename or self.path
        return UserError(f'{name} cannot be written: {reason_and_cure(error)}{left}')

    @abstractmethod
    def _write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame."""

    @abstractmethod
    def _finish(self) -> None:
        """Complete the file and give it its name."""

    @abstractmethod
    def _discard(self) -> str:
        """Close without the final name; return the end of a sentence about what is left."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
