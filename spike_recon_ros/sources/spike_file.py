# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from files of spike planes: `.dat`, raw K10 and M1, `.npz`; and the writer of `.dat`.

Comes in: a file and its layout. Goes out: `spike_planes` Packets. Knows nothing about what the
planes show.
"""

import zipfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.spike_planes import SpikePlanes, bytes_per_row, pack_planes
from spike_recon_ros.packets.spike_planes_decoder import encode_spike_planes, spike_encoding
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_layout import K10, M1, SpikeLayout, layout_of, write_sidecar
from spike_recon_ros.sources.spike_m1 import whole_planes

PLANES_PER_PACKET = 20
"""A millisecond of a camera that reads 20,000 planes a second."""
K10_ROW_BYTES = 52
NPZ_ARRAY = 'spk'


class SpikeSource(Source):
    """Planes of one file in packets of 20; the first plane is at time 0."""

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        super().__init__(path)
        self.layout = layout
        self.encoding = spike_encoding(layout.period_ns)

    def __iter__(self) -> Iterator[Packet | Reference]:
        for seq, (first, bits) in enumerate(self._planes()):
            upright = bits[:, ::-1] if self.layout.upside_down else bits
            data = np.ascontiguousarray(upright).reshape(-1)
            size = (self.layout.width, self.layout.height)
            yield Packet(self.encoding, *size, seq, first * self.layout.period_ns, 0, data)

    @abstractmethod
    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first of up to 20 planes, and their bits as stored."""


class SpikeDatSource(SpikeSource):
    """A headerless file of packed rows, or of rows as a camera sends them.

    Args:
        path: the file.
        layout: how its bytes become planes.

    Raises:
        UserError: if not even one plane is in it.
    """

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        super().__init__(path, layout)
        self._row_bytes = bytes_per_row(layout.width)
        stored_row = K10_ROW_BYTES if layout.layout == K10 else self._row_bytes
        plane_bytes = layout.height * stored_row
        n_planes, left_over = divmod(path.stat().st_size, plane_bytes)
        if not n_planes:
            raise UserError(
                f'{path} has {left_over} bytes, less than a plane of {layout.width}x'
                f'{layout.height} pixels ({plane_bytes}); give its size with --plane-size or in '
                f'{path.name}.yaml'
            )
        if left_over:
            self.warnings = (
                f'{path} ends with {left_over} bytes that are no whole plane of {layout.width}x'
                f'{layout.height} pixels; they are left out',
            )
        shape = (n_planes, layout.height, stored_row)
        self._stored: np.ndarray | None = np.memmap(path, np.uint8, 'r', shape=shape)
        self.n_packets = -(-n_planes // PLANES_PER_PACKET)

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        assert self._stored is not None, 'the source is closed'
        stored = np.asarray(self._stored)[..., : self._row_bytes]
        for first in range(0, len(stored), PLANES_PER_PACKET):
            yield first, stored[first : first + PLANES_PER_PACKET]

    def close(self) -> None:
        """Let go of the file; it is unmapped once its last packet is gone too."""
        self._stored = None


class SpikeM1Source(SpikeSource):
    """A raw M1 file; planes with a hole are left out, and reading goes on at the next whole one.

    Args:
        path: the file.
        layout: its period and whether it is upside down.

    Raises:
        UserError: if no whole plane is in it.
    """

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        super().__init__(path, layout)
        self._bytes: np.ndarray | None = np.memmap(path, np.uint8, 'r')
        n_planes, n_bytes = 0, 0
        for _, bits, used in whole_planes(np.asarray(self._bytes), PLANES_PER_PACKET):
            n_planes, n_bytes = n_planes + len(bits), n_bytes + used
            self.n_packets = (self.n_packets or 0) + 1
        if not n_planes:
            raise UserError(
                f'{path} holds no plane with the tags of an M1 camera; correct the layout in '
                f'{path.name}.yaml'
            )
        if left_over := len(self._bytes) - n_bytes:
            self.warnings = (
                f'{path} has {left_over} bytes that belong to no whole plane; they are left out',
            )

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        assert self._bytes is not None, 'the source is closed'
        for first, bits, _ in whole_planes(np.asarray(self._bytes), PLANES_PER_PACKET):
            yield first, bits

    def close(self) -> None:
        """Let go of the file."""
        self._bytes = None


class SpikeNpzSource(SpikeSource):
    """The array `spk` [n, height, width] of 0 and 1 in a NumPy archive.

    Args:
        path: the file.
        layout: its period and whether it is upside down; the size is the array's.

    Raises:
        UserError: if there is no such array.
    """

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        spikes = _spikes_in(path)
        _, height, width = spikes.shape
        upright = replace(layout, width=width, height=height, flip=bool(layout.flip))
        super().__init__(path, upright)
        self._bits = pack_planes(spikes)
        self.n_packets = -(-len(spikes) // PLANES_PER_PACKET)

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        for first in range(0, len(self._bits), PLANES_PER_PACKET):
            yield first, self._bits[first : first + PLANES_PER_PACKET]


def _spikes_in(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            spikes = archive[NPZ_ARRAY] if NPZ_ARRAY in names else None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f'{path} is damaged ({error}); copy it again') from error
    if spikes is None or spikes.ndim != 3 or spikes.dtype.kind not in 'biu' or not spikes.size:
        raise UserError(
            f'{path} has no array {NPZ_ARRAY} [planes, height, width] of 0 and 1; its arrays are: '
            f'{", ".join(names) or "none"}'
        )
    return spikes


def open_spike_file(path: Path, told: Mapping[str, Any] | None = None) -> Source:
    """Open a file of spike planes, by its suffix and what its sidecar says or the user told.

    Raises:
        UserError: if it cannot be read.
    """
    layout = layout_of(path, told)
    if path.suffix.lower() == '.npz':
        return SpikeNpzSource(path, layout)
    return (SpikeM1Source if layout.layout == M1 else SpikeDatSource)(path, layout)


def write_dat(path: Path, parts: Iterable[SpikePlanes], layout: SpikeLayout) -> None:
    """Write upright planes as a `.dat` of packed rows, and its layout into the sidecar.

    Raises:
        ValueError: if the layout is not `planes`.
        UserError: if the file cannot be written.
    """
    if layout.layout in (K10, M1):
        raise ValueError(f'only packed rows can be written, not {layout.layout}')
    try:
        with path.open('wb') as file:
            for planes in parts:
                rows = planes.bits[:, ::-1] if layout.upside_down else planes.bits
                file.write(encode_spike_planes(SpikePlanes(rows, planes.t_ns)).data)
        write_sidecar(path, layout)
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error.strerror}') from error
