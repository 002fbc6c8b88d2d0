# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spike planes from NumPy archives, decompressed piece by piece.

A few kilobytes of a zip archive can expand to terabytes, so no array is ever read as a whole.
"""

import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.sources.columns import LARGEST_SIDE
from spike_recon_ros.sources.declared_size import most_bytes
from spike_recon_ros.sources.event_dataset import reading
from spike_recon_ros.sources.spike_layout import SpikeLayout
from spike_recon_ros.sources.spike_source import PLANES_PER_PACKET, SpikeSource
from spike_recon_ros.sources.stored_array import read_npy_header

ARRAY = 'spk'


class SpikeNpzSource(SpikeSource):
    """The array `spk` [n, height, width] of 0 and 1 in a NumPy archive.

    Args:
        path: the file.
        layout: its period and whether it is upside down; the size is the array's.

    Raises:
        UserError: if there is no such array, or the archive is damaged.
    """

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        with reading(path, f'the array {ARRAY}'), _member(path) as member:
            shape, _ = _header(path, member)
        _, height, width = shape
        super().__init__(path, replace(layout, width=width, height=height, flip=bool(layout.flip)))
        self.n_packets = -(-shape[0] // PLANES_PER_PACKET)

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        with reading(self.path, f'the array {ARRAY}'), _member(self.path) as member:
            shape, dtype = _header(self.path, member)
            plane_bytes = math.prod(shape[1:]) * dtype.itemsize
            for first in range(0, shape[0], PLANES_PER_PACKET):
                count = min(PLANES_PER_PACKET, shape[0] - first)
                data = member.read(count * plane_bytes)
                if len(data) < count * plane_bytes:
                    raise ValueError(f'it ends after {first} of {shape[0]} planes')
                spikes = np.frombuffer(data, dtype).reshape(count, *shape[1:])
                _check_values(self.path, spikes)
                yield first, pack_planes(spikes)


@contextmanager
def _member(path: Path) -> Iterator[IO[bytes]]:
    """Open the array in the archive.

    Raises:
        UserError: if the archive holds no such array, or declares a size that cannot be.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if f'{ARRAY}.npy' not in names:
            arrays = [name.removesuffix('.npy') for name in names]
            raise _no_planes(path, arrays)
        info = archive.getinfo(f'{ARRAY}.npy')
        if info.file_size > most_bytes(info.compress_size):
            raise UserError(
                f'{path} declares {info.file_size:,} bytes of {ARRAY} in {info.compress_size:,} '
                'compressed ones; the file is damaged, copy it again'
            )
        with archive.open(info) as member:
            yield member


def _header(path: Path, member: IO[bytes]) -> tuple[tuple[int, int, int], np.dtype]:
    """Read and check shape and type of the array."""
    shape, fortran_order, dtype = read_npy_header(member)
    if len(shape) != 3 or dtype.kind not in 'biu' or not math.prod(shape):
        raise _no_planes(path, [f'{ARRAY} {dtype} {list(shape)}'])
    if max(shape[1:]) > LARGEST_SIDE:
        raise UserError(f'{path} declares planes of {shape[2]}x{shape[1]} pixels; it is damaged')
    if fortran_order:
        raise UserError(f'{path} is in Fortran order; save it with numpy.ascontiguousarray')
    return (shape[0], shape[1], shape[2]), dtype


def _check_values(path: Path, spikes: np.ndarray) -> None:
    """Refuse packed planes, counts of spikes, and -1 for no spike.

    Raises:
        UserError: there is more than one value beside 0, which any number above it may stand for.
    """
    low, high = spikes.min(), spikes.max()
    if low < 0 or (high > 1 and not ((spikes == 0) | (spikes == high)).all()):
        raise UserError(
            f'{ARRAY} in {path} holds values from {low} to {high}; it must hold 0 and 1, one '
            'value for each pixel: unpack packed planes with np.unpackbits, or save spikes > 0'
        )


def _no_planes(path: Path, arrays: list[str]) -> UserError:
    listed = shown(', '.join(arrays)) or 'none'
    return UserError(
        f'{path} has no array {ARRAY} [planes, height, width] of 0 and 1; its arrays are: {listed}'
    )
