# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS 1 bags (format 2.0), also without an index, as a killed recorder leaves them.

The records are walked from the beginning on, so the index at the end is not needed.
"""

import bz2
import struct
from collections.abc import Iterator
from pathlib import Path

from spike_recon_ros.sources.bag_file import ChunkedFile, Connection, Message, expand
from spike_recon_ros.sources.unwritten_tail import written_bytes

MAGIC = b'#ROSBAG V2.0\n'
LENGTH = struct.Struct('<I')
TIME = struct.Struct('<II')
MESSAGE, BAG_HEADER, CHUNK, CONNECTION = 2, 3, 5, 7
LONGEST_HEADER = 2**20
Fields = dict[bytes, bytes]


class Ros1File(ChunkedFile):
    """One `.bag`.

    Raises:
        ValueError: if it is no bag of this format.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._n_bytes, _ = written_bytes(path)  # a tail of zeros is a missing end
        self._file = path.open('rb')
        try:
            if self._file.read(len(MAGIC)) != MAGIC:
                raise ValueError('it is no bag of format 2.0')
            self._scan()
            if not self.connections and self.warnings:
                raise ValueError('it ends before the first chunk')
        except BaseException:
            self._file.close()
            raise

    def _scan(self) -> None:
        at = len(MAGIC)
        has_index = False
        while at < self._n_bytes:
            try:
                fields, start, length = self._header(at)
                kind = fields[b'op'][0]
            except (struct.error, ValueError, KeyError, IndexError) as error:
                if self._n_bytes - at > LENGTH.size + LONGEST_HEADER:
                    self.damage = self.damage or str(error)
                self.warn_cut()
                return
            is_cut = start + length > self._n_bytes
            if kind == BAG_HEADER:
                has_index = int.from_bytes(fields.get(b'index_pos', b''), 'little') > 0
            elif kind == CHUNK:
                self._scan_chunk(at, is_cut)
            elif kind == CONNECTION and not is_cut:
                self._note(fields, self._read(start, length))
            if is_cut:
                self.warn_cut()
                return
            at = start + length
        if not has_index:
            self.warn_cut()

    def _scan_chunk(self, at: int, is_cut: bool) -> None:
        times = []
        try:
            for fields, data in self._chunk(at):
                kind = fields[b'op'][0]
                if kind == CONNECTION:
                    self._note(fields, data)
                elif kind == MESSAGE:
                    message = _message(fields, data)
                    self.counts[message.connection] += 1
                    times.append(message.t_ns)
        except Exception as error:  # damaged bytes provoke anything
            if not is_cut:
                self.damage = self.damage or str(error) or type(error).__name__
        if times:
            self.places.append((min(times), at))

    def _note(self, fields: Fields, data: bytes) -> None:
        """Remember a connection."""
        (number,) = LENGTH.unpack(fields[b'conn'])
        topic = fields[b'topic'].decode('utf-8', 'replace')
        kind = _fields(data)[b'type'].decode('utf-8', 'replace')
        package, _, name = kind.partition('/')
        self.connections[number] = Connection(topic, f'{package}/msg/{name}', 'ros1')

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(min(count, max(0, self._n_bytes - start)))

    def _header(self, at: int) -> tuple[Fields, int, int]:
        """Return the header of a record, and where its data begin and how long they are."""
        (length,) = LENGTH.unpack(self._read(at, LENGTH.size))
        if length > LONGEST_HEADER:
            raise ValueError(f'no record begins at byte {at:,}')
        fields = _fields(self._read(at + LENGTH.size, length))
        at += LENGTH.size + length
        (data_length,) = LENGTH.unpack(self._read(at, LENGTH.size))
        return fields, at + LENGTH.size, data_length

    def _chunk(self, at: int) -> Iterator[tuple[Fields, bytes]]:
        """Yield header and data of the whole records in a chunk."""
        fields, start, length = self._header(at)
        (n_bytes,) = LENGTH.unpack(fields[b'size'])
        data = self._read(start, length)
        is_cut = len(data) < length
        name = fields[b'compression'].decode('ascii', 'replace')
        if name == 'bz2':
            expand(data, '', n_bytes)  # checks the declared size
            data = bz2.BZ2Decompressor().decompress(data, max_length=n_bytes)
        else:
            data = expand(data, name, n_bytes, cut=is_cut)
        at = 0
        while at + 2 * LENGTH.size <= len(data):
            (header_length,) = LENGTH.unpack_from(data, at)
            begin = at + LENGTH.size
            if begin + header_length + LENGTH.size > len(data):
                return
            (data_length,) = LENGTH.unpack_from(data, begin + header_length)
            middle = begin + header_length + LENGTH.size
            at = middle + data_length
            if at > len(data):
                return
            yield _fields(data[begin : begin + header_length]), data[middle:at]

    def load(self, place: int) -> Iterator[Message]:
        """Yield the messages of the chunk at a place."""
        for fields, data in self._chunk(place):
            if fields[b'op'][0] == MESSAGE:
                yield _message(fields, data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _message(fields: Fields, data: bytes) -> Message:
    (number,) = LENGTH.unpack(fields[b'conn'])
    seconds, nanoseconds = TIME.unpack(fields[b'time'])
    return Message(seconds * 1_000_000_000 + nanoseconds, number, data)


def _fields(data: bytes) -> Fields:
    """Parse `name=value` fields, each behind its length."""
    found, at = {}, 0
    while at + LENGTH.size <= len(data):
        (length,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        name, _, value = data[at : at + length].partition(b'=')
        found[name] = value
        at += length
    return found
