# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from AEDAT4 files (iniVation), through the optional library `aedat`.

Trigger edges are left out, because the `mono` encoding of the packets has no place for them.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source

CUT = 'failed to fill whole buffer'
"""How the library reports the end of the file inside a packet."""
MAGIC_BYTES = len(b'#!AER-DAT4.0\r\n')
LARGEST_HEADER = 2**24
INFO_FIELD = 2
"""Place of the XML text with the streams among the fields of the header's FlatBuffers table."""


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
        with _sentences(path, 'its streams'):
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
        with _sentences(self.path, 'its header'):
            _check_header(self.path)
        with _sentences(self.path, 'the file'), _without_panic_message():
            return aedat.Decoder(str(self.path))

    def __iter__(self) -> Iterator[Packet | Reference]:
        seq = 0
        decoder = iter(self._decoder())
        while True:
            with _sentences(self.path, f'what follows the first {seq} packets'):
                try:
                    entry = next(decoder, None)
                except Exception as error:
                    if not (seq and CUT in str(error)):
                        raise
                    self.warn(f'{self.path} is cut short; it is read as far as it goes')
                    return
                if entry is None:
                    return
                if entry['stream_id'] != self._stream:
                    continue
                events = _events(entry['events'])
            for packet in mono_packets(events, self.width, self.height, seq, stamp_ns=0):
                seq += 1
                yield packet


def _check_header(path: Path) -> None:
    """Check that the text in the header is UTF-8.

    Otherwise the library puts other bytes into the message of an error, and ends the process.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
        ValueError, struct.error: the header is damaged in another way.
    """
    with path.open('rb') as file:
        file.seek(MAGIC_BYTES)
        (size,) = struct.unpack('<I', file.read(4))
        if size > LARGEST_HEADER:
            raise ValueError(f'a header of {size:,} bytes')
        header = file.read(size)

    def number(kind: str, at: int) -> int:
        return int(struct.unpack_from(kind, header, at)[0])

    # FlatBuffers: a table names its list of field offsets, which are relative to the table.
    table = number('<I', 0)
    fields = table - number('<i', table)
    if min(table, fields) < 0:
        raise ValueError('a wrong offset')
    at = 4 + 2 * INFO_FIELD
    offset = number('<H', fields + at) if number('<H', fields) > at else 0
    if not offset:
        raise ValueError('no streams')
    text = table + offset + number('<I', table + offset)
    header[text + 4 : text + 4 + number('<I', text)].decode('utf-8')


@contextmanager
def _sentences(path: Path, what: str) -> Iterator[None]:
    """Turn any exception of the library into one sentence.

    A panic of its Rust code is no `Exception`, and its class cannot be imported.

    Raises:
        UserError: instead of them.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        reason = shown(str(error).strip() or type(error).__name__)
        raise UserError(
            f'{path} is damaged: {what} cannot be read as AEDAT4 ({reason}); copy or record it '
            'again'
        ) from error


@contextmanager
def _without_panic_message() -> Iterator[None]:
    """Keep what a panic of Rust code prints, a backtrace of its own, off stderr."""
    stderr = os.dup(2)
    with open(os.devnull, 'wb') as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _events(table: np.ndarray) -> Events:
    return Events(
        table['x'],
        table['y'],
        table['on'].astype(np.uint8),
        table['t'].astype(np.int64) * 1_000,
        Triggers.empty(),
    )
