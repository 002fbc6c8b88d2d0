# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from Prophesee RAW files.

The file is read in blocks, never mapped into memory: a file that becomes shorter while it is
mapped kills the process.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

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
    parse_raw_header,
)
from spike_recon_ros.sources.source import Source

# Multiples of every word size (2, 4, 8 bytes), so no word is cut.
PACKET_BYTES = 65_536
BLOCK_BYTES = 16 * PACKET_BYTES
SMALLEST_PACKET_BYTES = 16
DEFAULT_SIZES = {'evt2': VGA, 'evt21': HD, 'evt3': HD}
"""Sensors of the generation that first wrote the encoding, for headers that name no camera."""
ENCODINGS_GIVEN = ('evt2', 'evt21', LEGACY, 'evt3')
TIME_HIGH = 8
LONGEST_STEP = 16
"""Successive TIME_HIGH words differ by few units where the byte order is right."""


class _Words(NamedTuple):
    """How to find TIME_HIGH words.

    Attributes:
        word: NumPy type of the part of a word that holds type and time.
        stride: such parts in a whole word.
        offset: which of them it is.
        bits: bits of the time, below the type.
        per_period: units of TIME_HIGH in the longest packet, 8.192 ms.
    """

    word: str
    stride: int
    offset: int
    bits: int
    per_period: int


WORDS = {
    'evt2': _Words('<u4', 1, 0, 28, 128),
    'evt21': _Words('<u4', 2, 1, 28, 128),
    LEGACY: _Words('<u4', 2, 0, 28, 128),
    'evt3': _Words('<u2', 1, 0, 12, 2),
}


class PropheseeRawSource(Source):
    """A RAW file in packets of at most 64 KiB and about 8 ms, so that a replay flows.

    Args:
        path: the file.
        width: sensor columns, instead of the header's.
        height: sensor rows, instead of the header's.
        encoding: byte format, instead of the header's.

    Raises:
        UserError: if no known encoding is stated, or nothing follows the header.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int | None = None,
        height: int | None = None,
        encoding: str | None = None,
    ) -> None:
        super().__init__(path)
        with path.open('rb') as file:
            header = parse_raw_header(file.read(PACKET_BYTES))
        self._start = header.n_bytes
        self._n_bytes = path.stat().st_size - self._start
        if encoding is not None:
            encoding = _checked(encoding)
        elif header.encoding is None:
            raise UserError(_why_not(path, header))
        if self._n_bytes <= 0:
            raise UserError(f'{path} holds a header but no events; record it again')
        self.encoding = encoding or self._with_byte_order(header)
        self.width, self.height = self._size(header, width, height)
        self._words = WORDS.get(self.encoding, WORDS['evt21'])
        self.n_packets = -(-self._n_bytes // PACKET_BYTES)
        self.estimates_packets = True  # compressed blocks of long pauses become more packets
        if left_over := self._n_bytes % (self._words.stride * int(self._words.word[2])):
            self.warn(f'{path} ends in the middle of a word; {left_over} bytes are left out')

    def _with_byte_order(self, header: RawHeader) -> str:
        """Return the encoding; EVT 2.1 without a byte order gets that of the camera."""
        if header.encoding != 'evt21':
            assert header.encoding is not None
            return header.encoding
        if header.system_id is not None:
            return LEGACY if header.system_id < FIRST_LITTLE_ENDIAN_SYSTEM else 'evt21'
        block = self._block(0)
        orders = {name: _steady_times(block, WORDS[name]) for name in ('evt21', LEGACY)}
        found = max(orders, key=lambda name: orders[name])
        self.warn(
            f'{self.path} states no byte order of EVT 2.1; its times fit '
            f'{"high word first (legacy)" if found == LEGACY else "little-endian"}, '
            'give --encoding if that is wrong'
        )
        return found

    def _size(self, header: RawHeader, width: int | None, height: int | None) -> tuple[int, int]:
        if width and height:
            return width, height
        default = header.system_size
        if default is None:
            default = DEFAULT_SIZES[split_encoding(self.encoding)[0]]
            if not (header.width and header.height):
                self.warn(
                    f'{self.path} states neither sensor size nor camera; {default[0]}x'
                    f'{default[1]} is assumed, give --size if it differs'
                )
        size = width or header.width or default[0], height or header.height or default[1]
        if max(size) > LARGEST_SIDE:
            raise UserError(
                f'{self.path} states a sensor of {size[0]}x{size[1]} pixels, which cannot be; '
                'give its size with --size'
            )
        return size

    def __iter__(self) -> Iterator[Packet | Reference]:
        seq, period = 0, None
        for start in range(0, self._n_bytes, BLOCK_BYTES):
            block = self._block(start)
            borders, period = _borders(block, self._words, period)
            for begin, end in pairwise(borders):
                data = block[begin:end]
                yield Packet(self.encoding, self.width, self.height, seq, 0, 0, data)
                seq += 1
            if len(block) < min(BLOCK_BYTES, self._n_bytes - start):
                raise UserError(f'{self.path} became shorter while it was read; read it again')

    def _block(self, start: int) -> np.ndarray:
        with self.path.open('rb') as file:
            file.seek(self._start + start)
            return np.frombuffer(file.read(min(BLOCK_BYTES, self._n_bytes - start)), np.uint8)


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


def _time_highs(block: np.ndarray, words: _Words) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes at which TIME_HIGH words begin, and their values."""
    word_bytes = words.stride * int(words.word[2])
    whole = block[: len(block) - len(block) % word_bytes].view(words.word)
    parts = whole[words.offset :: words.stride]
    places = np.flatnonzero(parts >> words.bits == TIME_HIGH)
    return places * word_bytes, parts[places].astype(np.int64) & ((1 << words.bits) - 1)


def _steady_times(block: np.ndarray, words: _Words) -> int:
    """Return how many TIME_HIGH words follow closely on the one before."""
    _, values = _time_highs(block, words)
    steps = np.diff(values)
    return int(((steps >= 0) & (steps <= LONGEST_STEP)).sum())


def _borders(block: np.ndarray, words: _Words, period: int | None) -> tuple[list[int], int | None]:
    """Return where the packets of a block begin and end, in bytes, and the period at its end.

    A packet begins at the TIME_HIGH word of each new period, and after 64 KiB.
    """
    places, values = _time_highs(block, words)
    periods = values // words.per_period
    if len(periods):
        before = periods[0] if period is None else period
        changes = places[np.diff(periods, prepend=before) != 0].tolist()
        period = int(periods[-1])
    else:
        changes = []
    borders = [0]
    for place in [*changes, len(block)]:
        while place - borders[-1] > PACKET_BYTES:
            borders.append(borders[-1] + PACKET_BYTES)
        if place - borders[-1] >= SMALLEST_PACKET_BYTES:
            borders.append(place)
    if borders[-1] != len(block):
        if len(borders) > 1 and len(block) - borders[-2] <= PACKET_BYTES:
            borders.pop()
        borders.append(len(block))
    return borders, period
