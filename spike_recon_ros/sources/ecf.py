# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decodes chunks of Prophesee's ECF filter, with which Metavision compresses its HDF5 files.

The filter's plugin is not in hdf5plugin, so without this most such files could not be read. A
chunk holds at most 65,535 events, column after column, all little-endian:

- 4 bytes: the number of events << 2, and two bits that say how the other columns follow;
- times: 8 bytes for the first; then bytes with a step in the upper and a count in the lower four
  bits, where count 15 means that 2 bytes with the count follow, and step 15 that the lower four
  bits are part of a longer step, the lowest first;
- bit 1 set: row, column and polarity of each event in 11, 11 and 1 of 24 bits, four events in
  three 4-byte words;
- else rows: 2-byte words with the row in 11 bits and a count in 5, where 31 means that the count
  is the next word; then, if bit 0 is set, column and polarity in 12 bits, four events in three
  2-byte words; else columns as 2-byte words with a column in 11 bits and a mask of the five
  pixels to its right, and polarities as bytes with the polarity in the highest bit and a count,
  where 127 means that 2 bytes with the count follow.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.sources.columns import US_NS, Columns, to_nanoseconds

HEADER_BYTES = 4
MOST_EVENTS = 2**16 - 1
DAMAGED = -1


def decode_ecf(chunk: bytes) -> Columns:
    """Return the events of a compressed chunk.

    Raises:
        ValueError: the chunk is damaged.
    """
    data = np.frombuffer(chunk, np.uint8)
    if len(data) < HEADER_BYTES:
        raise ValueError('an ECF chunk without its header')
    header = int.from_bytes(chunk[:HEADER_BYTES], 'little')
    count = header >> 2
    if count > MOST_EVENTS:
        raise ValueError(f'an ECF chunk of {count:,} events')
    t_us = np.zeros(count, np.int64)
    x, y, p = np.zeros(count, np.uint16), np.zeros(count, np.uint16), np.zeros(count, np.uint8)
    if count and _decode(data, bool(header & 2), bool(header & 1), t_us, x, y, p) == DAMAGED:
        raise ValueError('a damaged ECF chunk')
    return Columns(x, y, to_nanoseconds(t_us, US_NS), p)


@njit(nogil=True, cache=True)
def _decode(data, all_packed, columns_packed, t_us, x, y, p):
    """Fill the arrays; return the place after the last byte, or DAMAGED."""
    at = _times(data, HEADER_BYTES, t_us)
    if at == DAMAGED:
        return DAMAGED
    if all_packed:
        return _packed_rows(data, at, x, y, p)
    at = _rows(data, at, y)
    if at == DAMAGED:
        return DAMAGED
    if columns_packed:
        return _packed_columns(data, at, x, p)
    at = _masked_columns(data, at, x)
    if at == DAMAGED:
        return DAMAGED
    return _polarities(data, at, p)


@njit(nogil=True, cache=True)
def _word(data, at):
    return np.int64(data[at]) | np.int64(data[at + 1]) << 8


@njit(nogil=True, cache=True)
def _times(data, at, t_us):
    if at + 8 > len(data):
        return DAMAGED
    now = np.int64(0)
    for place in range(8):
        now |= np.int64(data[at + place]) << (8 * place)
    at += 8
    filled = 0
    while filled < len(t_us):
        if at >= len(data):
            return DAMAGED
        step, count = np.int64(data[at]) >> 4, np.int64(data[at]) & 15
        if step == 15:
            gap, shift = np.int64(0), 0
            while at < len(data) and data[at] >> 4 == 15:
                if shift > 56:
                    return DAMAGED
                gap |= (np.int64(data[at]) & 15) << shift
                shift += 4
                at += 1
            now += gap
            continue
        at += 1
        now += step
        if count == 15:
            if at + 2 > len(data):
                return DAMAGED
            count = _word(data, at)
            at += 2
        if filled + count > len(t_us):
            return DAMAGED
        t_us[filled : filled + count] = now
        filled += count
    return at


@njit(nogil=True, cache=True)
def _rows(data, at, y):
    filled = 0
    while filled < len(y):
        if at + 2 > len(data):
            return DAMAGED
        word = _word(data, at)
        at += 2
        count = word & 31
        if count == 31:
            if at + 2 > len(data):
                return DAMAGED
            count = _word(data, at)
            at += 2
        if filled + count > len(y):
            return DAMAGED
        y[filled : filled + count] = word >> 5
        filled += count
    return at


@njit(nogil=True, cache=True)
def _masked_columns(data, at, x):
    filled = 0
    while filled < len(x):
        if at + 2 > len(data):
            return DAMAGED
        word = _word(data, at)
        at += 2
        x[filled] = word >> 5
        filled += 1
        for right in range(1, 6):
            # The last mask may name pixels beyond the last event.
            if word >> (5 - right) & 1 and filled < len(x):
                x[filled] = (word >> 5) + right
                filled += 1
    return at


@njit(nogil=True, cache=True)
def _polarities(data, at, p):
    filled = 0
    while filled < len(p):
        if at >= len(data):
            return DAMAGED
        polarity, count = data[at] >> 7, np.int64(data[at]) & 127
        at += 1
        if count == 127:
            if at + 2 > len(data):
                return DAMAGED
            count = _word(data, at)
            at += 2
        if filled + count > len(p):
            return DAMAGED
        p[filled : filled + count] = polarity
        filled += count
    return at


@njit(nogil=True, cache=True)
def _packed_columns(data, at, x, p):
    for first in range(0, len(x), 4):
        if at + 6 > len(data):
            return DAMAGED
        one, two, three = _word(data, at), _word(data, at + 2), _word(data, at + 4)
        at += 6
        values = (
            one >> 4,
            one & 0xF | two >> 8 << 4,
            two & 0xFF | three >> 12 << 8,
            three & 0xFFF,
        )
        for place in range(min(4, len(x) - first)):
            x[first + place] = values[place] >> 1
            p[first + place] = values[place] & 1
    return at


@njit(nogil=True, cache=True)
def _packed_rows(data, at, x, y, p):
    for first in range(0, len(x), 4):
        if at + 12 > len(data):
            return DAMAGED
        one = _word(data, at) | _word(data, at + 2) << 16
        two = _word(data, at + 4) | _word(data, at + 6) << 16
        three = _word(data, at + 8) | _word(data, at + 10) << 16
        at += 12
        values = (
            one >> 8,
            one & 0xFF | two >> 16 << 8,
            two & 0xFFFF | three >> 24 << 16,
            three & 0xFFFFFF,
        )
        for place in range(min(4, len(x) - first)):
            y[first + place] = values[place] >> 12 & 0x7FF
            x[first + place] = values[place] >> 1 & 0x7FF
            p[first + place] = values[place] & 1
    return at
