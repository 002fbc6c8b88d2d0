# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An array in a file, read slice by slice.

It is not mapped into memory: a mapped file that becomes shorter while it is read kills the
process with SIGBUS.
"""

import math
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import check_regular


class StoredArray:
    """A C-ordered array, of which slices and single items along the first axis are read.

    Args:
        path: the file.
        shape: of the array.
        dtype: of its elements.
        start: byte at which it begins.

    Raises:
        ValueError: if the file is too short for the shape.
    """

    def __init__(
        self, path: Path, shape: tuple[int, ...], dtype: np.dtype | type, start: int = 0
    ) -> None:
        self.path, self.shape, self.dtype = path, tuple(shape), np.dtype(dtype)
        self._start = start
        self._item_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        needed = start + self.shape[0] * self._item_bytes
        if path.stat().st_size < needed:
            raise ValueError(f'it has {path.stat().st_size:,} bytes and declares {needed:,}')

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

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
        with self.path.open('rb') as file:
            file.seek(self._start + start * self._item_bytes)
            n_elements = count * math.prod(self.shape[1:])
            flat = np.fromfile(file, self.dtype, n_elements)
        if len(flat) < n_elements:
            raise UserError(f'{self.path} became shorter while it was read; read it again')
        return flat.reshape(count, *self.shape[1:])


def open_npy(path: Path) -> StoredArray:
    """Open a `.npy` file.

    Raises:
        UserError: if there is no such regular file.
        ValueError: if it holds Python objects, or is damaged.
    """
    check_regular(path)
    with path.open('rb') as file:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f'its version {version} is not known')
        read_header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran_order, dtype = read_header(file)
        start = file.tell()
    if dtype.hasobject:
        raise ValueError('it holds Python objects')
    if not shape or (fortran_order and len(shape) > 1):
        raise ValueError('it is a scalar, or in Fortran order')
    return StoredArray(path, shape, dtype, start)
