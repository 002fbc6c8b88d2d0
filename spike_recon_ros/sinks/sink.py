# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of every sink of frames, whatever the file format."""

import operator
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_ros.image_encodings import DTYPES

Self = TypeVar('Self', bound='Sink')
_GREY = [*map(np.dtype, DTYPES.values())]


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
            UserError: if it cannot be written, for instance because the disk is full, the sink is
                closed, or no image file holds such an array.
        """
        if not self._is_open:
            raise UserError(f'{self.path} is closed; open a sink again to write more frames')
        image, t_ns, stamp_ns = _pixels(image), _whole(t_ns, 't_ns'), _whole(stamp_ns, 'stamp_ns')
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


def _pixels(image: Any) -> np.ndarray:
    """Return an image in the byte order of this machine; OpenCV would swap or round others."""
    array = np.asarray(image)
    dtype = array.dtype.newbyteorder('=')
    is_grey = array.ndim == 2 and dtype in _GREY
    is_colour = array.ndim == 3 and array.shape[2] == 3 and dtype == np.uint8
    if not (is_grey or is_colour) or not array.size:
        raise UserError(
            f'an image is {array.dtype} {list(array.shape)}; give uint8, uint16 or float32 in '
            '0..1 [height, width], or uint8 [height, width, 3] in the order BGR'
        )
    return array.astype(dtype, copy=False)


def _whole(time_ns: Any, name: str) -> int:
    try:
        return operator.index(time_ns)
    except TypeError:
        raise UserError(f'{name} is {time_ns!r}; give whole nanoseconds') from None
