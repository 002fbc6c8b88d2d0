# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""MCAP files, also without summary, index, or end.

The library `mcap` parses the records. The walk over them is our own: it needs no index, checks
declared sizes against the file, and reads an unfinished file up to its last whole message.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex, Footer, Header, Schema, Statistics

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.bag_file import ChunkedFile, Connection, Message, expand
from spike_recon_ros.sources.unwritten_tail import end_of_data, written_bytes

MAGIC = b'\x89MCAP0\r\n'
RECORD = struct.Struct('<BQ')
MESSAGE = struct.Struct('<HIQQ')
CHUNK = struct.Struct('<QQQII')
FOOTER_BYTES = RECORD.size + 20 + len(MAGIC)
ROS1 = 'ros1'


class McapFile(ChunkedFile):
    """One MCAP file.

    Raises:
        UserError: if it holds ROS 1 messages.
        ValueError: if it is no MCAP file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._n_bytes, _ = written_bytes(path)  # a tail of zeros is a missing end
        self._file = path.open('rb')
        try:
            self._schemas: dict[int, str] = {}
            if self._read(0, len(MAGIC)) != MAGIC:
                raise ValueError('it does not begin as an MCAP file')
            if not self._read_summary():
                self._forget()
                self._scan()
            self._check_profile()
        except BaseException:
            self._file.close()
            raise

    def _forget(self) -> None:
        self._schemas, self.connections, self.places = {}, {}, []
        self.counts.clear()

    def _check_profile(self) -> None:
        encodings = {one.encoding for one in self.connections.values()}
        op, length = RECORD.unpack(self._read(len(MAGIC), RECORD.size) or bytes(RECORD.size))
        if op == Opcode.HEADER and length < self._n_bytes:
            body = self._read(len(MAGIC) + RECORD.size, length)
            if Header.read(_stream(body)).profile == ROS1:
                encodings.add(ROS1)
        if ROS1 in encodings:
            raise UserError(
                f'{self.path} is an MCAP of ROS 1 messages, which cannot be read; give the .bag '
                'that it was made from'
            )

    def _read(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        return self._file.read(min(count, max(0, self._n_bytes - start)))

    def _read_summary(self) -> bool:
        """Fill in everything from the summary at the end; False = it is missing or incomplete."""
        tail = self._read(max(0, self._n_bytes - FOOTER_BYTES), FOOTER_BYTES)
        if len(tail) < FOOTER_BYTES or not tail.endswith(MAGIC) or tail[0] != Opcode.FOOTER:
            return False
        start = Footer.read(_stream(tail[RECORD.size :])).summary_start
        end = self._n_bytes - FOOTER_BYTES
        if not 0 < start < end:
            return False
        statistics, chunks = None, []
        try:
            for op, body in _records(self._read(start, end - start)):
                if op == Opcode.STATISTICS:
                    statistics = Statistics.read(_stream(body))
                elif op == Opcode.CHUNK_INDEX:
                    chunks.append(ChunkIndex.read(_stream(body)))
                else:
                    self._note(op, body)
        except Exception:  # a damaged summary is not needed
            return False
        if statistics is None or len(chunks) != statistics.chunk_count:
            return False
        self.counts.update(statistics.channel_message_counts)
        named = all(
            number in self.connections and self.connections[number].type
            for number, count in self.counts.items()
            if count
        )
        total = sum(self.counts.values())
        if not named or total != statistics.message_count or (total and not chunks):
            return False
        self.places = [(one.message_start_time, one.chunk_start_offset) for one in chunks]
        return True

    def _note(self, op: int, body: bytes) -> None:
        """Remember a schema or a channel."""
        if op == Opcode.SCHEMA:
            schema = Schema.read(_stream(body))
            self._schemas[schema.id] = schema.name
        elif op == Opcode.CHANNEL:
            channel = Channel.read(_stream(body))
            kind = self._schemas.get(channel.schema_id, '')
            self.connections[channel.id] = Connection(
                channel.topic, kind, channel.message_encoding
            )

    def _scan(self) -> None:
        """Find every message from the beginning on; stop where the file is cut or damaged."""
        at = len(MAGIC)
        while True:
            head = self._read(at, RECORD.size)
            if len(head) < RECORD.size:
                self.warn_cut()
                return
            op, length = RECORD.unpack(head)
            if op in (Opcode.DATA_END, Opcode.FOOTER):
                return
            is_cut = at + RECORD.size + length > self._n_bytes
            try:
                self._scan_record(op, at, length, is_cut)
            except Exception as error:  # damaged bytes can raise any exception
                if not is_cut:
                    self.damage = self.damage or str(error) or type(error).__name__
            if is_cut:
                self.warn_cut()
                return
            if not op:
                if end_of_data(self.path) <= at:
                    self.warn_cut()
                else:
                    self.damage = self.damage or f'no record begins at byte {at:,}'
                return
            at += RECORD.size + length

    def _scan_record(self, op: int, at: int, length: int, is_cut: bool) -> None:
        if op == Opcode.MESSAGE and not is_cut:
            body = self._read(at + RECORD.size, MESSAGE.size)
            number, _, t_ns, _ = MESSAGE.unpack(body)
            self.counts[number] += 1
            self.places.append((t_ns, at))
        elif op == Opcode.CHUNK:
            times = []
            for inner, body in _records(self._chunk(at)):
                if inner == Opcode.MESSAGE:
                    number, _, t_ns, _ = MESSAGE.unpack_from(body)
                    self.counts[number] += 1
                    times.append(t_ns)
                else:
                    self._note(inner, body)
            if times:
                self.places.append((min(times), at))
        elif op in (Opcode.SCHEMA, Opcode.CHANNEL) and not is_cut:
            self._note(op, self._read(at + RECORD.size, length))

    def _chunk(self, at: int) -> bytes:
        """Return the decompressed records of the chunk at a byte."""
        op, length = RECORD.unpack(self._read(at, RECORD.size))
        if op != Opcode.CHUNK:
            raise ValueError(f'no chunk begins at byte {at:,}')
        start = at + RECORD.size
        head = self._read(start, CHUNK.size)
        _, _, n_bytes, _, name_bytes = CHUNK.unpack(head)
        name = self._read(start + CHUNK.size, min(name_bytes, 16)).decode('ascii')
        start += CHUNK.size + name_bytes
        (compressed_bytes,) = struct.unpack('<Q', self._read(start, 8))
        if compressed_bytes > length:
            raise ValueError(f'the chunk at byte {at:,} is longer than its record')
        data = self._read(start + 8, compressed_bytes)
        return expand(data, name, n_bytes, cut=len(data) < compressed_bytes)

    def load(self, place: int) -> Iterator[Message]:
        """Yield the messages of the chunk at a place, or the one message there."""
        op, length = RECORD.unpack(self._read(place, RECORD.size))
        if op == Opcode.MESSAGE:
            yield _message(self._read(place + RECORD.size, length))
            return
        for inner, body in _records(self._chunk(place)):
            if inner == Opcode.MESSAGE:
                yield _message(body)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _message(body: bytes) -> Message:
    number, _, t_ns, _ = MESSAGE.unpack_from(body)
    return Message(t_ns, number, body[MESSAGE.size :])


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the whole records in some bytes."""
    at = 0
    while at + RECORD.size <= len(data):
        op, length = RECORD.unpack_from(data, at)
        begin = at + RECORD.size
        at = begin + length
        if at > len(data):
            return
        yield op, data[begin:at]


def _stream(body: bytes) -> Any:
    return ReadDataStream(BytesIO(body))
