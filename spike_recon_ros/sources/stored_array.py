# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An array in a file, read slice by slice.

It is not mapped into memory: a mapped file that becomes shorter while it is read kills the
process with SIGBUS.
"""

import math
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import check_regular
from spike_recon_ros.sources.unwritten_tail import written_bytes

MOST_COLUMNS = 16
"""A longer row is a column of a transposed table; polarities may end in zeros."""


class StoredArray:
    """An array, of which slices and single items along the first axis are read.

    Args:
        path: the file.
        shape: of the array.
        dtype: of its elements.
        start: byte at which it begins.
        fortran_order: whether the first axis varies fastest, as in the transpose of a C-ordered
            array.
        cut: accept a file that is too short, or ends in zeros that were never written: then the
            array has as many items as are complete.

    Attributes:
        declared: number of items that the shape declares.

    Raises:
        ValueError: if the file is too short for the shape.
    """

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        dtype: np.dtype | type,
        start: int = 0,
        *,
        fortran_order: bool = False,
        cut: bool = False,
    ) -> None:
        self.path, self.shape, self.dtype = path, tuple(shape), np.dtype(dtype)
        self.declared = self.shape[0]
        self._start = start
        self._by_column = fortran_order and len(self.shape) > 1
        self._item_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        needed = start + self.declared * self._item_bytes
        n_bytes = path.stat().st_size
        if cut and not self._by_column and math.prod(self.shape[1:]) <= MOST_COLUMNS:
            n_bytes, _ = written_bytes(path, start, self._item_bytes)
        if n_bytes < needed:
            if not cut or self._by_column:
                raise ValueError(f'it has {n_bytes:,} bytes and declares {needed:,}')
            self.shape = max(0, n_bytes - start) // self._item_bytes, *self.shape[1:]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def transposed(self) -> 'StoredArray':
        """The array with its two axes exchanged; the same bytes, read in the other order."""
        shape, by_row = self.shape[::-1], not self._by_column
        return StoredArray(self.path, shape, self.dtype, self._start, fortran_order=by_row)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | slice) -> np.ndarray:
        """Read an item, or a slice without a step.

        Raises:
            UserError: if the file became shorter.
        """
        if not isinstance(index, slice):
            return self[index : index + 1][0]
        start, stop, _ = index.indices(len(self))
        count = max(0, stop - start)
        columns = math.prod(self.shape[1:])
        with self.path.open('rb') as file:
            if not self._by_column:
                flat = self._read(file, start * columns, count * columns)
                return flat.reshape(count, *self.shape[1:])
            parts = [self._read(file, one * len(self) + start, count) for one in range(columns)]
        # Columns follow in Fortran order too.
        return np.stack(parts, -1).reshape(count, *self.shape[1:], order='F')

    def _read(self, file: BinaryIO, begin: int, count: int) -> np.ndarray:
        file.seek(self._start + begin * self.dtype.itemsize)
        flat = np.fromfile(file, self.dtype, count)
        if len(flat) < count:
            raise UserError(f'{self.path} became shorter while it was read; read it again')
        return flat


def open_npy(path: Path, *, cut: bool = False) -> StoredArray:
    """Open a `.npy` file.

    Args:
        path: the file.
        cut: see StoredArray.

    Raises:
        UserError: if there is no such regular file.
        ValueError: if it holds Python objects, or is damaged.
    """
    check_regular(path)
    with path.open('rb') as file:
        shape, fortran_order, dtype = read_npy_header(file)
        start = file.tell()
    if dtype.hasobject:
        raise ValueError('it holds Python objects')
    if not shape:
        raise ValueError('it is a scalar')
    return StoredArray(path, shape, dtype, start, fortran_order=fortran_order, cut=cut)


def read_npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read the header of a `.npy`: shape, whether it is in Fortran order, and type.

    Raises:
        ValueError: if its version is not known, or it is damaged.
    """
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f'its version {version} is not known')
    is_first = version == (1, 0)
    read = np.lib.format.read_array_header_1_0 if is_first else np.lib.format.read_array_header_2_0
    try:
        return read(file)
    except OSError:
        raise
    except Exception as error:  # NumPy evaluates its text
        reason = str(error) or type(error).__name__
        raise ValueError(f'its header is damaged: {reason}') from error
