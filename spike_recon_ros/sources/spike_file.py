# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from files of spike planes: `.dat`, raw K10 and M1, `.npz`; and the writer of `.dat`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError, reason_and_cure
from spike_recon_ros.packets.plane_bits import REVERSED
from spike_recon_ros.packets.spike_planes import SpikePlanes, bytes_per_row
from spike_recon_ros.packets.spike_planes_decoder import encode_spike_planes
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_layout import (
    K10,
    M1,
    PLANES,
    PLANES_MSB,
    SpikeLayout,
    layout_of,
    sidecar_of,
    write_sidecar,
)
from spike_recon_ros.sources.spike_m1 import whole_planes
from spike_recon_ros.sources.spike_npz import SpikeNpzSource
from spike_recon_ros.sources.spike_rows import LOOKED_AT_BYTES, better_row
from spike_recon_ros.sources.spike_source import PLANES_PER_PACKET, SpikeSource
from spike_recon_ros.sources.stored_array import StoredArray
from spike_recon_ros.sources.unwritten_tail import end_of_data

K10_ROW_BYTES = 52


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
            self.warn(
                f'{path} ends with {left_over} bytes that are no whole plane of {layout.width}x'
                f'{layout.height} pixels; they are left out. If the planes have another size, '
                'give it with --plane-size'
            )
        n_dark = n_planes - -(-end_of_data(path) // plane_bytes)
        if n_dark > 0:
            self.warn(
                f'the last {n_dark} planes of {path} hold no spike; if the scene was not dark, '
                'the file was not written to its end'
            )
        self._stored = StoredArray(path, (n_planes, layout.height, stored_row), np.uint8)
        self.n_packets = -(-n_planes // PLANES_PER_PACKET)

    def check_rows(self) -> None:
        """Warn if no sidecar states the size, and the rows seem to have another length.

        Takes tens of milliseconds, so it is not done each time a file is opened.
        """
        if sidecar_of(self.path).exists():
            return
        middle, plane_bytes = len(self._stored) // 2, self._stored[:1].nbytes
        some = self._stored[middle : middle + 1 + LOOKED_AT_BYTES // plane_bytes]
        if (better := better_row(some, plane_bytes // self.layout.height)) is not None:
            size = f'{self.layout.width}x{self.layout.height}'
            self.warn(
                f'{self.path} does not look like planes of {size} pixels: its rows seem to have '
                f'{8 * better} pixels, or up to 7 fewer; give the size with --plane-size, or size '
                f'and layout in {self.path.name}.yaml'
            )

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        for first in range(0, len(self._stored), PLANES_PER_PACKET):
            rows = self._stored[first : first + PLANES_PER_PACKET]
            rows = rows[..., : self._row_bytes]
            yield first, REVERSED[rows] if self.layout.layout == PLANES_MSB else rows


class SpikeM1Source(SpikeSource):
    """A raw M1 file; planes with a gap are dropped, and reading goes on at the next whole one.

    Args:
        path: the file.
        layout: its period and whether it is upside down.

    Raises:
        UserError: if no whole plane is in it.
    """

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        super().__init__(path, layout)
        self._bytes = StoredArray(path, (path.stat().st_size,), np.uint8)
        n_planes, n_bytes = 0, 0
        for _, bits, used in whole_planes(self._bytes, PLANES_PER_PACKET):
            n_planes, n_bytes = n_planes + len(bits), n_bytes + used
            self.n_packets = (self.n_packets or 0) + 1
        if not n_planes:
            raise UserError(
                f'{path} holds no plane with the tags of an M1 camera; correct the layout in '
                f'{path.name}.yaml'
            )
        if left_over := len(self._bytes) - n_bytes:
            self.warn(
                f'{path} has {left_over} bytes that belong to no whole plane; they are left out'
            )

    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        for first, bits, _ in whole_planes(self._bytes, PLANES_PER_PACKET):
            yield first, bits


def open_spike_file(path: Path, given: Mapping[str, Any] | None = None) -> Source:
    """Open a file of spike planes, by its suffix and its layout.

    Args:
        path: the file.
        given: fields of SpikeLayout that override the sidecar.

    Raises:
        UserError: if it cannot be read.
    """
    layout = layout_of(path, given)
    if path.suffix.lower() == '.npz':
        return SpikeNpzSource(path, layout)
    if layout.layout == M1:
        return SpikeM1Source(path, layout)
    source = SpikeDatSource(path, layout)
    source.check_rows()
    return source


def write_dat(path: Path, parts: Iterable[SpikePlanes], layout: SpikeLayout) -> None:
    """Write upright planes as a `.dat` of packed rows, and its layout into the sidecar.

    The file gets its name when it is complete; after an error nothing is left.

    Raises:
        ValueError: if the layout is not `planes`.
        UserError: if the file cannot be written.
    """
    if layout.layout != PLANES:
        raise ValueError(f'only planes can be written, not {layout.layout}')
    unfinished = path.with_name(f'.{path.name}.{os.getpid()}.unfinished')
    try:
        try:
            with unfinished.open('xb') as file:
                for planes in parts:
                    rows = planes.bits[:, ::-1] if layout.upside_down else planes.bits
                    file.write(encode_spike_planes(SpikePlanes(rows, planes.t_ns)).data)
            write_sidecar(path, layout)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f'{path} cannot be written: {reason_and_cure(error)}') from error
