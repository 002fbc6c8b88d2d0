# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from Prophesee RAW files.

Comes in: a RAW file. Goes out: Packets that are views of the mapped file. Knows the text header;
knows nothing about the words that follow it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet, Reference, split_encoding
from spike_recon_ros.sources.source import Source

# A multiple of every word size (2, 4, 8 bytes), so no word is cut.
PACKET_BYTES = 65_536
MAX_LINE_BYTES = 4_096
ENCODINGS = {'2.0': 'evt2', '2.1': 'evt21', '3.0': 'evt3'}
# Sensors of the generation that first wrote the encoding, for headers without a geometry.
DEFAULT_SIZES = {'evt2': (640, 480), 'evt21': (1280, 720), 'evt3': (1280, 720)}
GEOMETRY = re.compile(r'(\d+)\s*x\s*(\d+)')


@dataclass(frozen=True, slots=True)
class RawHeader:
    """What the text header says.

    Attributes:
        encoding: `evt2`, `evt21` or `evt3`, with `;endianness=...` where the file states one;
            None = the header does not say.
        width: sensor columns; None = the header does not say.
        height: sensor rows; None = the header does not say.
        n_bytes: where the events begin.
    """

    encoding: str | None
    width: int | None
    height: int | None
    n_bytes: int


def parse_raw_header(head: bytes) -> RawHeader:
    """Read the `% key value` lines at the beginning of a file; never raises.

    The header ends after `% end`, or, in old files, before the first line that is not text after
    `% `.
    """
    fields: dict[str, str] = {}
    at = 0
    while head.startswith(b'% ', at):
        end = head.find(b'\n', at, at + MAX_LINE_BYTES)
        line = head[at:end].rstrip(b'\r')
        if end < 0 or not line.isascii() or not line.decode('ascii').isprintable():
            break
        at = end + 1
        key, _, value = line[2:].decode('ascii').strip().partition(' ')
        if key.lower() == 'end' and not value:
            break
        fields[key.lower()] = value.strip()
    return RawHeader(*_encoding_and_size(fields), n_bytes=at)


def _encoding_and_size(fields: dict[str, str]) -> tuple[str | None, int | None, int | None]:
    name, options = split_encoding(fields.get('format', ''))
    if name not in DEFAULT_SIZES:
        name = ENCODINGS.get(fields.get('evt', ''), '')
    endianness = options.get('endianness', fields.get('endianness', ''))
    if name == 'evt21' and endianness:
        name = f'{name};endianness={endianness.lower()}'
    size = GEOMETRY.fullmatch(fields.get('geometry', ''))
    width, height = size.groups() if size else (None, None)
    return (
        name or None,
        _positive(options.get('width') or width or fields.get('width')),
        _positive(options.get('height') or height or fields.get('height')),
    )


def _positive(text: str | None) -> int | None:
    """Return a number of pixels, or None if the text is not one."""
    if not text or not text.isdecimal() or len(text) > 5:
        return None
    return int(text) or None


class PropheseeRawSource(Source):
    """A RAW file in packets of 64 KiB.

    Args:
        path: the file.
        width: sensor columns, instead of the header's.
        height: sensor rows, instead of the header's.

    Raises:
        UserError: if the header does not name a known encoding, or nothing follows it.
    """

    def __init__(self, path: Path, *, width: int | None = None, height: int | None = None) -> None:
        super().__init__(path)
        with path.open('rb') as file:
            header = parse_raw_header(file.read(PACKET_BYTES))
        if header.encoding is None:
            raise UserError(
                f'the header of {path} names no encoding that can be read (`% format EVT3`, or '
                f'`% evt` with one of {", ".join(ENCODINGS)})'
            )
        if path.stat().st_size <= header.n_bytes:
            raise UserError(f'{path} holds a header but no events; record it again')
        default_width, default_height = DEFAULT_SIZES[split_encoding(header.encoding)[0]]
        self.encoding = header.encoding
        self.width = width or header.width or default_width
        self.height = height or header.height or default_height
        self._words: np.ndarray | None = np.memmap(path, np.uint8, 'r', header.n_bytes)
        self.n_packets = -(-len(self._words) // PACKET_BYTES)

    def __iter__(self) -> Iterator[Packet | Reference]:
        assert self._words is not None, 'the source is closed'
        words = np.asarray(self._words)
        for seq, start in enumerate(range(0, len(words), PACKET_BYTES)):
            data = words[start : start + PACKET_BYTES]
            yield Packet(self.encoding, self.width, self.height, seq, 0, 0, data)

    def close(self) -> None:
        """Let go of the file; it is unmapped once its last packet is gone too."""
        self._words = None
