# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of one file of a bag, and what files of chunks have in common.

Recorders write nearly, but not exactly, in the order of time. A file of chunks is read in exact
order with few chunks in memory: they are loaded by the time of their first message.
"""

import heapq
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import zstandard

from spike_recon_ros.sources.cut_lz4 import expand_cut

HELD_BYTES = 2**27
"""Messages held at once to put them in order."""
SMALL_BYTES = 2**26
LARGEST_RATIO = 200
"""Largest expansion of data above SMALL_BYTES; beyond it a declared size is not believed."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A topic of one file.

    Attributes:
        topic: name of the topic.
        type: message type, `package/msg/Name`.
        encoding: serialization, `cdr` or `ros1`.
    """

    topic: str
    type: str
    encoding: str


class Message(NamedTuple):
    """One recorded message.

    Attributes:
        t_ns: time of recording.
        connection: number of its connection.
        data: serialized bytes.
    """

    t_ns: int
    connection: int
    data: bytes


class BagFile(ABC):
    """One file of a bag.

    Attributes:
        path: the file.
        connections: by number.
        counts: messages of each connection.
        warnings: sentences for people about a file that was not closed, or is cut.
        damage: sentence about bytes in the middle that could not be read, else ''.
        is_unfinished: whether the end of the file is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connections: dict[int, Connection] = {}
        self.counts: Counter[int] = Counter()
        self.warnings: tuple[str, ...] = ()
        self.damage = ''
        self.is_unfinished = False

    @abstractmethod
    def messages(self, topics: Collection[str]) -> Iterator[Message]:
        """Yield the messages of some topics by time; any exception means damage."""

    def close(self) -> None:
        """Close the file."""
        return

    def wanted(self, topics: Collection[str]) -> set[int]:
        """Return the numbers of the connections of some topics."""
        return {number for number, one in self.connections.items() if one.topic in topics}

    def warn_cut(self) -> None:
        """Warn that the end of the file is missing."""
        self.is_unfinished = True
        self.warnings += (f'{self.path} was not closed or is cut; it is read as far as it goes',)


class ChunkedFile(BagFile):
    """A file of chunks, or of messages without chunks.

    Subclasses fill `places`: time of the first message (ns) and place of each chunk or message.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.places: list[tuple[int, int]] = []

    @abstractmethod
    def load(self, place: int) -> Iterator[Message]:
        """Yield the messages of the chunk at a place, or the one message there."""

    def messages(self, topics: Collection[str]) -> Iterator[Message]:
        """Yield the messages of some topics by time, ties in the order of the file.

        A damaged chunk is skipped; then `damage` says why.
        """
        wanted = self.wanted(topics)
        waiting: list[tuple[int, int, int, Message]] = []
        held = 0
        for t_ns, place in sorted(self.places):
            while waiting and (waiting[0][:2] < (t_ns, place) or held > HELD_BYTES):
                message = heapq.heappop(waiting)[-1]
                held -= len(message.data)
                yield message
            try:
                for index, message in enumerate(self.load(place)):
                    if message.connection in wanted:
                        heapq.heappush(waiting, (message.t_ns, place, index, message))
                        held += len(message.data)
            except Exception as error:  # one damaged chunk does not hide those after it
                self.damage = self.damage or str(error) or type(error).__name__
        while waiting:
            yield heapq.heappop(waiting)[-1]


def expand(data: bytes, compression: str, n_bytes: int, *, cut: bool = False) -> bytes:
    """Decompress a chunk, never to more bytes than it declares.

    Args:
        data: compressed bytes.
        compression: `zstd`, `lz4`, or '' for none.
        n_bytes: declared size.
        cut: whether the end of the data is missing.

    Raises:
        ValueError: if the data are damaged, or the declared size is not plausible.
    """
    if n_bytes > max(SMALL_BYTES, LARGEST_RATIO * len(data)):
        raise ValueError(f'a chunk of {len(data):,} bytes declares {n_bytes:,}')
    if compression in ('', 'none'):
        return data
    plain = b''
    try:
        if compression == 'zstd':
            with zstandard.ZstdDecompressor().stream_reader(data) as reader:
                plain = _read_up_to(reader, n_bytes)
        elif compression == 'lz4' and cut:
            plain = expand_cut(data, n_bytes)
        elif compression == 'lz4':
            plain = lz4.frame.LZ4FrameDecompressor().decompress(data, max_length=n_bytes)
        else:
            raise ValueError(f'the compression {compression!r} is not known')
    except (zstandard.ZstdError, RuntimeError) as error:
        if not (cut and plain):
            raise ValueError(f'a chunk cannot be decompressed ({error})') from error
    if len(plain) < n_bytes and not cut:
        raise ValueError(f'a chunk holds {len(plain):,} of {n_bytes:,} bytes')
    return plain


def _read_up_to(reader: zstandard.ZstdDecompressionReader, n_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = n_bytes
    while left > 0:
        try:
            part = reader.read(min(left, 2**20))
        except zstandard.ZstdError:
            if not parts:
                raise
            break
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b''.join(parts)
