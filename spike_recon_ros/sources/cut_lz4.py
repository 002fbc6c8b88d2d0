# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What an LZ4 frame holds whose end is missing: its whole blocks, and the begin of the last one.

The library decompresses only whole blocks, which are up to 4 MiB long. LZ4 is decompressed from
front to back (https://github.com/lz4/lz4/tree/dev/doc), so the begin of a block is not lost.
"""

import struct

import lz4.frame

MAGIC = struct.pack('<I', 0x184D2204)
_BLOCK_CHECKSUM, _CONTENT_SIZE, _DICTIONARY = 0x10, 0x08, 0x01  # bits of the first flags
_STORED = 1 << 31  # bit of a block's length: it is not compressed
_WINDOW_BYTES = 1 << 16
_LENGTH = struct.Struct('<I')
_SHORTEST_HEADER = 7


def expand_cut(data: bytes, most_bytes: int) -> bytes:
    """Decompress as much as an LZ4 frame holds whose end is missing.

    Args:
        data: the begin of the frame.
        most_bytes: stop after so many decompressed bytes.

    Raises:
        RuntimeError: the data do not begin as an LZ4 frame, or are damaged.
    """
    at, is_stored = _cut_block(data)
    plain = lz4.frame.LZ4FrameDecompressor().decompress(data[:at], max_length=most_bytes)
    block = data[at + _LENGTH.size :]
    if len(plain) < most_bytes and block:
        window = plain[-_WINDOW_BYTES:]
        plain += block if is_stored else _expand_block(block, window, most_bytes)
    return plain[:most_bytes]


def _cut_block(data: bytes) -> tuple[int, bool]:
    """Return where the block begins whose end is missing, and whether it is not compressed."""
    if data[: len(MAGIC)] != MAGIC or len(data) < _SHORTEST_HEADER:
        return len(data), False
    flags = data[len(MAGIC)]
    at = _SHORTEST_HEADER + 8 * bool(flags & _CONTENT_SIZE) + 4 * bool(flags & _DICTIONARY)
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        end = at + _LENGTH.size + (length & ~_STORED)
        if not length or end > len(data):
            return at if length else len(data), bool(length & _STORED)
        at = end + 4 * bool(flags & _BLOCK_CHECKSUM)
    return len(data), False


def _expand_block(block: bytes, window: bytes, most_bytes: int) -> bytes:
    """Decompress sequences (literals, then a copy of earlier bytes) until the block ends."""
    out = bytearray(window)
    at = 0
    try:
        while at < len(block) and len(out) - len(window) < most_bytes:
            token = block[at]
            literals, at = _length(token >> 4, block, at + 1)
            out += block[at : at + literals]
            at += literals
            distance = block[at] | block[at + 1] << 8
            copied, at = _length(token & 15, block, at + 2)
            begin = len(out) - distance
            if distance == 0 or begin < 0:
                break
            for _ in range(copied + 4):  # the copy may overlap what it writes
                out.append(out[begin])
                begin += 1
    except IndexError:  # the block is cut here
        pass
    return bytes(out[len(window) :])


def _length(nibble: int, block: bytes, at: int) -> tuple[int, int]:
    """Return a length, which further bytes continue after 15, and the position after it."""
    length = nibble
    more = 255 if nibble == 15 else 0
    while more == 255:
        more = block[at]
        length += more
        at += 1
    return length, at
