# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Columns of an event table, as data sets store them, and their conversion to Events.

Checks of shapes, units and image types stand here because every layout needs the same ones.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers

NOWHERE = 2**16 - 1
"""A column or row outside every sensor; decoders drop such events and count them."""
LARGEST_SIDE = 2**14
LATEST_S = 9.2e9
"""int64 nanoseconds end here."""
S_NS, MS_NS, US_NS, NS = 1_000_000_000, 1_000_000, 1_000, 1
UNIT_NAMES = {S_NS: 'seconds', MS_NS: 'milliseconds', US_NS: 'microseconds', NS: 'nanoseconds'}
SLOWEST_RATE_EV_S, SLOWEST_LONG_RATE_EV_S, USUAL_RATE_EV_S = 2.0, 100.0, 1_000.0
"""The times of a recording with a lower mean rate have a shorter unit: of any recording, of one
with MANY_EVENTS, and of one whose times have fractions."""
FASTEST_RATE_EV_S = 2e8
"""A recording with a higher mean rate has a longer unit."""
FEWEST_EVENTS, MANY_EVENTS = 5, 1_000
UNIT_SAMPLE = 1_000
NUMBERS = 'biuf'
PIXELS = (np.uint8, np.uint16, np.float32)
SENSOR_SIZES = ((128, 128), (240, 180), (346, 260), (640, 480), (1280, 720))
"""Width and height of common event sensors, smallest first."""
LARGEST_GUESS = 4_096
"""No event sensor has so many columns; a larger coordinate is an error in the recording."""
COLUMN_NAMES = {
    'time': ('t', 'ts', 'time', 'times', 'timestamp', 'timestamps'),
    'x': ('x', 'xs'),
    'y': ('y', 'ys'),
    'polarity': ('p', 'ps', 'pol', 'polarity', 'polarities', 'on'),
}
"""Names of the four columns in files of the field, lower case; the time may name its unit."""
TIME_WITH_UNIT = re.compile(
    rf'({"|".join(COLUMN_NAMES["time"][:6])})[ _]?[\[(]?(s|ms|us|µs|μs|ns)[\])]?'
)
REMARK = re.compile(r'[ _]*[\[(][^\])]*[\])]$')
"""What a name of a column may say in brackets at its end, such as `x [px]`."""
UNITS = {'s': S_NS, 'ms': MS_NS, 'us': US_NS, 'µs': US_NS, 'μs': US_NS, 'ns': NS}
SORTED_SHARE = 0.9
"""Times of some cameras go back now and then; coordinates of events go back at every other row."""


class Columns(NamedTuple):
    """Events as they are stored.

    Attributes:
        x: column, any numbers [n].
        y: row, any numbers [n].
        t_ns: int64 [n], nanoseconds.
        polarity: any numbers [n]; above 0 is ON, so 0 and 1, -1 and 1, and booleans all work.
    """

    x: np.ndarray
    y: np.ndarray
    t_ns: np.ndarray
    polarity: np.ndarray


def to_events(columns: Columns) -> Events:
    """Return the events in their order; pixels outside every sensor become NOWHERE."""
    return Events(
        _pixels(columns.x),
        _pixels(columns.y),
        (columns.polarity > 0).astype(np.uint8),
        np.asarray(columns.t_ns, np.int64),
        Triggers.empty(),
    )


def to_nanoseconds(times: np.ndarray, unit_ns: int = S_NS) -> np.ndarray:
    """Return times as int64 nanoseconds, rounded; the order is kept.

    Whole seconds and the fraction are converted separately: seconds since 1970 are stored in steps
    of 238 ns, and the product with 1e9 would add an error of its own.

    Args:
        times: numbers [n].
        unit_ns: unit of the times, one of UNIT_NAMES.

    Raises:
        ValueError: if a time is negative, not finite, or too large for the unit.
    """
    times = np.asarray(times)
    latest = LATEST_S * 1e9 / unit_ns
    if times.size and not (times.min() >= 0 and times.max() < latest):
        raise ValueError(f'times must be {UNIT_NAMES[unit_ns]} from 0 to {latest:.2g}')
    if times.dtype.kind in 'iu':
        return times.astype(np.int64) * unit_ns
    whole = np.floor(times.astype(np.float64))
    fraction_ns = np.rint((times - whole) * unit_ns).astype(np.int64)
    return whole.astype(np.int64) * unit_ns + fraction_ns


def unit_of_times(times: np.ndarray, n_events: int, last: float) -> int:
    """Return the unit, in ns, of times that should be seconds but may be anything shorter.

    Seconds are believed where the mean rate of events is possible, unless they are whole numbers
    with many events each. Milliseconds have fractions, or whole numbers of them have so many
    events that no sensor sends as many in microseconds. Nanoseconds that were converted from
    microseconds are multiples of 1000.

    Args:
        times: the first times [n].
        n_events: events of the recording.
        last: the last time.
    """
    span = float(last) - float(times[0]) if len(times) else 0.0
    if len(times) and (first_span := float(times.max()) - float(times[0])) > span:
        span, n_events = first_span, len(times)  # times begin again later: a counter wrapped
    slowest = SLOWEST_LONG_RATE_EV_S if n_events > MANY_EVENTS else SLOWEST_RATE_EV_S
    rate_us = n_events / span * 1e6 if span > 0 else 0.0
    if not (n_events >= FEWEST_EVENTS and span * slowest > n_events):
        if not (rate_us and n_events > MANY_EVENTS and _are_whole(times, last)):
            return S_NS
        return MS_NS if rate_us > FASTEST_RATE_EV_S else US_NS
    if (times % 1).any():
        return MS_NS if rate_us >= 1_000 * USUAL_RATE_EV_S else US_NS
    is_slow = n_events > MANY_EVENTS and rate_us < slowest
    is_too_late = last >= LATEST_S * 1e6  # as microseconds; nanoseconds since 1970
    return NS if is_slow or is_too_late or not (times % 1_000).any() else US_NS


def _are_whole(times: np.ndarray, last: float) -> bool:
    """Return whether times are whole numbers and not only because they begin at one."""
    if times.dtype.kind in 'iu':
        return True
    return not ((times % 1).any() or last % 1) and float(np.ptp(times)) > 0


def are_in_order(times: np.ndarray) -> bool:
    """Return whether at most a fourth of the times is before the one in front of it.

    Few times show nothing, so they count as in order.
    """
    steps_back = np.count_nonzero(times[1:] < times[:-1])
    return len(times) < FEWEST_EVENTS or 4 * steps_back <= len(times)


def named_columns(names: Sequence[str]) -> list[int] | None:
    """Return the places of time, x, y and polarity among the names of columns.

    Further columns may be there. None = one of the four is missing, or is there twice.
    """
    words = [_without_unit(name.strip().lower()) for name in names]
    places = []
    for known in COLUMN_NAMES.values():
        found = [place for place, word in enumerate(words) if word in known]
        if len(found) != 1:
            return None
        places += found
    return places


def stated_unit_ns(name: str) -> int:
    """Return the unit (ns) that the name of a column of times states; 0 = it states none.

    >>> stated_unit_ns('timestamp [us]'), stated_unit_ns('t_ns'), stated_unit_ns('ts')
    (1000, 1, 0)
    """
    word = name.strip().lower()
    found = None if word in COLUMN_NAMES['time'] else TIME_WITH_UNIT.fullmatch(word)
    return UNITS[found.group(2)] if found else 0


def _without_unit(word: str) -> str:
    return 't' if stated_unit_ns(word) else REMARK.sub('', word)


def unnamed_columns(table: np.ndarray) -> list[int] | None:
    """Return the places of time, x, y and polarity in a table of four columns without names.

    The column that grows is the time; of the others, x and y come first in every known format.

    Args:
        table: numbers [n, 4], the first events.

    Returns: None if no column grows steadily.
    """
    steps = np.diff(table, axis=0)
    is_sorted = (steps >= 0).mean(axis=0) >= SORTED_SHARE if len(steps) else np.ones(4, bool)
    growing = [place for place in (0, 2, 3) if is_sorted[place]]
    # Sensors that read out row by row sort the pixels of each readout, so a coordinate grows as
    # well. It falls back by its whole range at the next readout; in a single one it only grows.
    falls = -np.minimum(steps, 0).sum(axis=0)
    for is_better in (
        lambda place: falls[place] <= np.ptp(table[:, place]) / 2,
        lambda place: not np.isin(table[:, place], (-1, 0, 1)).all(),  # a polarity
        lambda place: not _may_be_pixels(table[:, place]),
    ):
        growing = list(filter(is_better, growing)) or growing
    if not growing:
        return None
    return [growing[0], *(place for place in range(4) if place != growing[0])]


def _may_be_pixels(column: np.ndarray) -> bool:
    return bool(((column >= 0) & (column < LARGEST_SIDE) & (column % 1 == 0)).all())


def smallest_sensor(largest_x: int, largest_y: int) -> tuple[int, int]:
    """Return width and height of the smallest common sensor that has a pixel."""
    for width, height in SENSOR_SIZES:
        if largest_x < width and largest_y < height:
            return width, height
    return min(largest_x + 1, LARGEST_SIDE), min(largest_y + 1, LARGEST_SIDE)


def _pixels(values: np.ndarray) -> np.ndarray:
    possible = (values >= 0) & (values < NOWHERE)
    return np.where(possible, values, NOWHERE).astype(np.uint16)


def check_column(what: str, array: Any, columns: int = 1) -> int:
    """Check that an array holds numbers in columns and return its number of rows.

    Args:
        what: its name for people.
        array: anything with `shape` and `dtype`; [n, columns], and for one column also [n].
        columns: how many there must be.

    Raises:
        UserError: if it has another shape or type.
    """
    shape = tuple(array.shape)
    fits = shape[1:] == (columns,) or (columns == 1 and len(shape) == 1)
    if not fits or array.dtype.kind not in NUMBERS:
        wanted = f'[n, {columns}]' if columns > 1 else '[n]'
        raise UserError(
            f'{what} is {array.dtype} {list(shape)}; it must hold numbers {wanted}: convert the '
            'recording again'
        )
    return shape[0]


def check_lengths(path: Any, lengths: dict[str, int]) -> int:
    """Return the common length of all columns of a table.

    Raises:
        UserError: if the lengths differ.
    """
    if len(set(lengths.values())) != 1:
        listed = ', '.join(f'{name} {length}' for name, length in lengths.items())
        raise UserError(f'the columns of {path} differ in length ({listed}); convert it again')
    return next(iter(lengths.values()))


def sensor_size(what: str, height_width: Sequence[Any] | Any) -> tuple[int, int]:
    """Return width and height from a file's [height, width].

    Raises:
        UserError: if that is no valid size.
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
