# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from Prophesee RAW files.

The file is read in blocks, never mapped into memory: a file that becomes shorter while it is
mapped kills the process.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.packet import Packet, Reference, split_encoding
from spike_recon_ros.sources.columns import LARGEST_SIDE
from spike_recon_ros.sources.raw_header import (
    ENCODINGS,
    FIRST_LITTLE_ENDIAN_SYSTEM,
    FORMATS,
    HD,
    LEGACY,
    VGA,
    RawHeader,
    find_header,
    parse_raw_header,
)
from spike_recon_ros.sources.raw_words import PACKET_BYTES, WORDS, packet_borders, steady_times
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.unwritten_tail import written_bytes

BLOCK_BYTES = 16 * PACKET_BYTES
OVERLAP_BYTES = 8_192
"""Bytes of the next block that are also searched, because a header may span two blocks."""
DEFAULT_SIZES = {'evt2': VGA, 'evt21': HD, 'evt3': HD}
"""Sensors of the generation that first wrote the encoding, for headers that name no camera."""
ENCODINGS_GIVEN = ('evt2', 'evt21', LEGACY, 'evt3')


@dataclass(frozen=True, slots=True)
class _Part:
    """One recording of a file; `cat a.raw b.raw` makes a file of two.

    Attributes:
        encoding: byte format.
        width: sensor columns.
        height: sensor rows.
        start: where its events begin in the file, bytes.
    """

    encoding: str
    width: int
    height: int
    start: int


class PropheseeRawSource(Source):
    """A RAW file in packets of at most 64 KiB and about 8 ms, so that a replay flows.

    Args:
        path: the file.
        size: width and height of the sensor, instead of the header's.
        encoding: byte format, instead of the header's.

    Raises:
        UserError: if no known encoding is stated, or nothing follows the header.
    """

    def __init__(
        self, path: Path, size: tuple[int, int] | None = None, encoding: str | None = None
    ) -> None:
        super().__init__(path)
        self._given = None if encoding is None else _checked(encoding)
        self._given_size = size
        self._first = self._part(0)
        words = WORDS.get(self._first.encoding, WORDS['evt21'])
        self._n_bytes, zeros = written_bytes(path, self._first.start, words.n_bytes)
        if zeros:
            self.warn(zeros)
        if self._first.start >= self._n_bytes:
            raise UserError(f'{path} holds a header but no events; record it again')
        self.encoding = self._first.encoding
        self.width, self.height = self._first.width, self._first.height
        self.n_packets = -(-(self._n_bytes - self._first.start) // PACKET_BYTES)
        self.estimates_packets = True  # compressed blocks of long pauses become more packets

    def _part(self, at: int) -> _Part:
        """Return the recording whose header begins at a byte of the file."""
        header = parse_raw_header(self._read(at, PACKET_BYTES).tobytes())
        start = at + header.n_bytes
        if self._given is None and header.encoding is None:
            raise UserError(_why_not(self.path, header))
        encoding = self._given or self._with_byte_order(header, start)
        return _Part(encoding, *(self._given_size or self._size(header, encoding)), start)

    def _with_byte_order(self, header: RawHeader, start: int) -> str:
        """Return the encoding; EVT 2.1 without a byte order gets that of the camera."""
        if header.encoding != 'evt21':
            assert header.encoding is not None
            return header.encoding
        if header.system_id is not None:
            return LEGACY if header.system_id < FIRST_LITTLE_ENDIAN_SYSTEM else 'evt21'
        block = self._read(start, BLOCK_BYTES)
        orders = {name: steady_times(block, WORDS[name]) for name in ('evt21', LEGACY)}
        found = max(orders, key=lambda name: orders[name])
        self.warn(
            f'{self.path} states no byte order of EVT 2.1; its times fit '
            f'{"high word first (legacy)" if found == LEGACY else "little-endian"}, '
            'give --encoding if that is wrong'
        )
        return found

    def _size(self, header: RawHeader, encoding: str) -> tuple[int, int]:
        default = header.system_size
        if default is None:
            default = DEFAULT_SIZES[split_encoding(encoding)[0]]
            if not (header.width and header.height):
                self.warn(
                    f'{self.path} states neither sensor size nor camera; {default[0]}x'
                    f'{default[1]} is assumed, give --size if it differs'
                )
        size = header.width or default[0], header.height or default[1]
        if max(size) > LARGEST_SIDE:
            raise UserError(
                f'{self.path} states a sensor of {size[0]}x{size[1]} pixels, which cannot be; '
                'give its size with --size'
            )
        return size

    def __iter__(self) -> Iterator[Packet | Reference]:
        part: _Part | None = self._first
        while part is not None:
            part = yield from self._packets(part)

    def _packets(self, part: _Part) -> Generator[Packet, None, _Part | None]:
        """Yield the packets of a recording; return the one that follows it in the file."""
        words = WORDS.get(part.encoding, WORDS['evt21'])
        seq, period = 0, None
        for start in range(part.start, self._n_bytes, BLOCK_BYTES):
            expected = min(BLOCK_BYTES + OVERLAP_BYTES, self._n_bytes - start)
            block = self._read(start, expected)
            next_header = find_header(memoryview(block), BLOCK_BYTES)
            data = block[: BLOCK_BYTES if next_header is None else next_header]
            if next_header is not None:  # the rest of a word is not the beginning of the next one
                data = data[: len(data) - len(data) % words.n_bytes]
            borders, period = packet_borders(data, words, period)
            for begin, end in pairwise(borders):
                yield Packet(part.encoding, part.width, part.height, seq, 0, 0, data[begin:end])
                seq += 1
            if next_header is not None:
                if seq == 1:  # then the next one would have the same count
                    yield Packet(part.encoding, part.width, part.height, seq, 0, 0, data[:0])
                return self._next_part(start + next_header)
            if len(block) < expected:
                raise UserError(f'{self.path} became shorter while it was read; read it again')
        if left_over := (self._n_bytes - part.start) % words.n_bytes:
            self.warn(f'{self.path} ends in the middle of a word; {left_over} bytes are left out')
        return None

    def _next_part(self, at: int) -> _Part:
        part = self._part(at)
        self.warn(
            f'another recording begins at byte {at} of {self.path}; it is read as a stream of its '
            'own, so the state is reset there; split the file if its images are needed apart'
        )
        return part

    def _read(self, start: int, n_bytes: int) -> np.ndarray:
        with self.path.open('rb') as file:
            file.seek(start)
            return np.frombuffer(file.read(n_bytes), np.uint8)


def _checked(encoding: str) -> str:
    name = encoding.strip().lower()
    name = FORMATS.get(name, name).replace(';endianness=little', '')
    if name not in ENCODINGS_GIVEN:
        raise UserError(
            f'{shown(encoding)} is no encoding of a RAW file; it must be one of: '
            f'{", ".join(ENCODINGS_GIVEN)}'
        )
    return name


def _why_not(path: Path, header: RawHeader) -> str:
    if name := header.unsupported:
        return (
            f'{path} holds {shown(name.upper())}, which is not supported; record or convert it as '
            'EVT2, EVT2.1 or EVT3'
        )
    return (
        f'the header of {path} names no encoding that can be read (`% format EVT3`, or `% evt` '
        f'with one of {", ".join(ENCODINGS)}); give it with --encoding'
    )
