# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The columns of an event table, as datasets store them, as Events.

Comes in: arrays of numbers, and what they are called for people. Goes out: Events, sizes of
sensors, images. Knows nothing about files.
"""

from typing import Any, NamedTuple

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers

NOWHERE = 2**16 - 1
"""A column or row that is on no sensor; decoders leave such events out and count them."""
LARGEST_SIDE = 2**14
LATEST_S = 9.2e9
"""Where int64 nanoseconds end."""
NUMBERS, FLOATS = 'biuf', 'f'
PIXELS = (np.uint8, np.uint16, np.float32)


class Columns(NamedTuple):
    """Events as they are stored.

    Attributes:
        x: column, any numbers [n].
        y: row, any numbers [n].
        seconds: floating point [n].
        polarity: any numbers [n]; above 0 is ON, so 0 and 1, -1 and 1, and booleans all do.
    """

    x: np.ndarray
    y: np.ndarray
    seconds: np.ndarray
    polarity: np.ndarray


def to_events(columns: Columns) -> Events:
    """Return the events in their order; pixels that are on no sensor come out as NOWHERE.

    Raises:
        ValueError: if a time is none.
    """
    return Events(
        _pixels(columns.x),
        _pixels(columns.y),
        (columns.polarity > 0).astype(np.uint8),
        to_nanoseconds(columns.seconds),
        Triggers.empty(),
    )


def to_nanoseconds(seconds: np.ndarray) -> np.ndarray:
    """Return float seconds as int64 nanoseconds, rounded; what was in order stays so.

    Whole seconds and the rest are converted apart: seconds since 1970 are stored in steps of 238
    ns, and the product with 1e9 would add an error of its own.

    Raises:
        ValueError: if a time is negative, not finite, or too late to be seconds.
    """
    seconds = np.asarray(seconds, np.float64)
    if seconds.size and not (seconds.min() >= 0 and seconds.max() < LATEST_S):
        raise ValueError(f'times must be seconds from 0 to {LATEST_S:.2g}')
    whole = np.floor(seconds)
    return whole.astype(np.int64) * 1_000_000_000 + np.rint((seconds - whole) * 1e9).astype(
        np.int64
    )


def _pixels(values: np.ndarray) -> np.ndarray:
    possible = (values >= 0) & (values < NOWHERE)
    return np.where(possible, values, NOWHERE).astype(np.uint16)


def check_column(what: str, array: Any, columns: int = 1, kinds: str = NUMBERS) -> int:
    """Check an array, or what looks like one, and return its number of rows.

    Args:
        what: its name for people.
        array: with `shape` and `dtype`; [n, columns], and where that is 1 also [n].
        columns: how many there must be.
        kinds: of NumPy's types.

    Raises:
        UserError: if it is of another shape or type.
    """
    shape = tuple(array.shape)
    fits = shape[1:] == (columns,) or (columns == 1 and len(shape) == 1)
    if not fits or array.dtype.kind not in kinds:
        wanted = 'floating point numbers' if kinds == FLOATS else 'numbers'
        wanted += f' [n, {columns}]' if columns > 1 else ' [n]'
        seconds = ' of seconds' if (kinds, columns) == (FLOATS, 1) else ''
        raise UserError(
            f'{what} is {array.dtype} {list(shape)}; it must hold {wanted}{seconds}: convert the '
            'recording again'
        )
    return shape[0]


def check_lengths(path: Any, lengths: dict[str, int]) -> int:
    """Return the length that all columns of a table have.

    Raises:
        UserError: if they differ.
    """
    if len(set(lengths.values())) != 1:
        told = ', '.join(f'{name} {length}' for name, length in lengths.items())
        raise UserError(f'the columns of {path} differ in length ({told}); convert it again')
    return next(iter(lengths.values()))


def sensor_size(what: str, height_width: Any) -> tuple[int, int]:
    """Return width and height from what a file says as [height, width].

    Raises:
        UserError: if that is no size.
    """
    try:
        height, width = (int(side) for side in list(height_width)[:2])
    except (TypeError, ValueError, OverflowError):
        height = width = 0
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise UserError(f'{what} is no [height, width] in pixels; convert the recording again')
    return width, height


def to_image(what: str, array: np.ndarray) -> np.ndarray:
    """Return a stored frame as [H, W] or [H, W, 3], without axes of length 1.

    Raises:
        UserError: if it is no image.
    """
    if array.shape[-1:] == (1,):
        array = array[..., 0]
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if not (array.ndim == 2 or array.shape[2:] == (3,)) or array.dtype not in PIXELS:
        raise UserError(
            f'{what} is {array.dtype} {list(array.shape)}; it must be a grey or colour image of '
            'uint8, uint16 or float32: convert the recording again'
        )
    return array
