# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from AEDAT4 files (iniVation), through the optional library `aedat`.

Comes in: an AEDAT4 file. Goes out: `mono` Packets. Trigger edges are not handed on, because the
mono encoding has no place for them. Knows nothing about the file's own layout.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source


class Aedat4Source(Source):
    """One event stream of an AEDAT4 file.

    Args:
        path: the file.
        stream: number of the event stream; needed where there are several.

    Raises:
        UserError: if the library is missing, the file is damaged, or the stream is not there.
    """

    def __init__(self, path: Path, stream: str | None = None) -> None:
        super().__init__(path)
        sizes = {
            number: (int(entry['width']), int(entry['height']))
            for number, entry in self._decoder().id_to_stream().items()
            if entry['type'] == 'events'
        }
        numbers = ', '.join(map(str, sizes)) or 'none'
        if stream is not None and stream not in map(str, sizes):
            raise UserError(f'{path} has no event stream {stream}; it has: {numbers}')
        if stream is None and len(sizes) != 1:
            raise UserError(
                f'{path} has {len(sizes)} event streams, one is needed; '
                f'choose with --topic from: {numbers}'
            )
        self._stream = next(iter(sizes)) if stream is None else int(stream)
        self.width, self.height = sizes[self._stream]

    def _decoder(self) -> Any:
        try:
            import aedat  # noqa: PLC0415 -- an optional extra
        except ImportError as error:
            raise UserError(
                f'AEDAT4 files need the library aedat; run: {pip_install("aedat4")}'
            ) from error
        try:
            return aedat.Decoder(str(self.path))
        except Exception as error:  # the library raises many kinds
            raise UserError(
                f'{self.path} cannot be read as AEDAT4 ({error}); copy or record it again'
            ) from error

    def __iter__(self) -> Iterator[Packet | Reference]:
        seq = 0
        decoder = iter(self._decoder())
        while True:
            try:
                entry = next(decoder)
            except StopIteration:
                return
            except Exception as error:  # the library raises many kinds
                raise UserError(
                    f'{self.path} is damaged: {seq} packets could be read ({error})'
                ) from error
            if entry['stream_id'] != self._stream:
                continue
            events = _events(entry['events'])
            for packet in mono_packets(events, self.width, self.height, seq, stamp_ns=0):
                seq += 1
                yield packet


def _events(table: np.ndarray) -> Events:
    return Events(
        table['x'],
        table['y'],
        table['on'].astype(np.uint8),
        table['t'].astype(np.int64) * 1_000,
        Triggers.empty(),
    )
