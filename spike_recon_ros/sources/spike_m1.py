# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The layout in which an M1 camera sends its planes, with resynchronisation.

A row of 1000 pixels is two halves of 64 bytes: 500 pixels, then 12 bits of tag. The last 16 bits
of a half, little-endian, are channel << 14 | line << 4, and the four last pixels below.
"""

from collections.abc import Iterator

import numpy as np

from spike_recon_ros.sources.stored_array import StoredArray

LINES, HALF_BYTES, HALF_PIXELS = 1000, 64, 500
PLANE_BYTES = 2 * LINES * HALF_BYTES
_TAG = 0xFFF0
_line = np.arange(LINES, dtype=np.uint16) << 4
TAGS = np.stack((_line, _line | 1 << 14), axis=1).reshape(-1)
"""Tags of the 2000 halves of a plane, in order."""
_SURE = 4
"""Consecutive tags that are not found in pixels by chance."""


def whole_planes(
    data: StoredArray | np.ndarray, most: int
) -> Iterator[tuple[int, np.ndarray, int]]:
    """Yield consecutive planes without a gap, up to `most` at a time.

    A plane with a wrong tag is dropped together with everything up to the next beginning of a
    plane; the dropped bytes count as that many planes of time.

    Args:
        data: uint8 [n].
        most: planes to yield at once.

    Yields:
        The number of the first plane, bits [n, 1000, 125] as sent, and the bytes they took.
    """
    start, number = 0, 0
    while start + PLANE_BYTES <= len(data):
        count = min(most, (len(data) - start) // PLANE_BYTES)
        count = _whole(data[start : start + count * PLANE_BYTES].reshape(count, -1, HALF_BYTES))
        if count:
            end = start + count * PLANE_BYTES
            yield number, _pixels(data[start:end]), end - start
        else:
            end = _next_beginning(data, start + 1)
        number += -(-(end - start) // PLANE_BYTES)
        start = end


def _whole(halves: np.ndarray) -> int:
    """Return the number of planes [n, 2000, 64] before the first with a wrong tag."""
    tags = halves[..., -2].astype(np.uint16) | halves[..., -1].astype(np.uint16) << 8
    good = ((tags & _TAG) == TAGS).all(axis=1)
    return len(good) if good.all() else int(good.argmin())


def _next_beginning(data: StoredArray | np.ndarray, start: int) -> int:
    """Return the first byte from `start` on at which a plane begins; the end if there is none."""
    window = 64 * PLANE_BYTES
    span = (_SURE - 1) * HALF_BYTES + HALF_BYTES
    while start + span <= len(data):
        part = data[start : start + window + span]
        places = len(part) - span + 1
        found = np.ones(places, bool)
        for half in range(_SURE):
            last = (half + 1) * HALF_BYTES - 2
            low, high = part[last : last + places], part[last + 1 : last + 1 + places]
            found &= ((low & 0xF0) == TAGS[half] & 0xFF) & (high == TAGS[half] >> 8)
        if found.any():
            return start + int(found.argmax())
        start += places
    return len(data)


def _pixels(data: np.ndarray) -> np.ndarray:
    spikes = np.unpackbits(data.reshape(-1, HALF_BYTES), axis=1, bitorder='little')
    rows = spikes[:, :HALF_PIXELS].reshape(-1, LINES, 2 * HALF_PIXELS)
    return np.packbits(rows, axis=-1, bitorder='little')
