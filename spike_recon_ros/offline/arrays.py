# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Check arrays from a user's program.

Everything that a program can get wrong about its arrays is refused here, in one sentence, before
it becomes a wrong image.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.spike_planes import SpikePlanes, bytes_per_row
from spike_recon_ros.sources.columns import named_columns, stated_unit_ns

ArrayTuple: TypeAlias = tuple[Any, Any, Any, Any]
"""Four arrays of one length: x, y, t, p."""
Samples: TypeAlias = Events | SpikePlanes | ArrayTuple | np.ndarray | Mapping[str, Any]
"""What a program may hand over instead of a recording. An array is structured: it names the fields
x, y, t and p, or as in COLUMN_NAMES; so does a mapping, or a table of pandas."""

NS_PER_UNIT = {'s': 1_000_000_000, 'ms': 1_000_000, 'us': 1_000, 'ns': 1}
LONGEST_DURATION_NS = 86_400 * 10**9
"""A day: a longer array has its times in another unit."""
MOST_EVENTS_PER_PIXEL_PER_S = 2_000
"""Twice what the fastest sensor can send; more means that the times are in another unit."""
FEWEST_EVENTS_FOR_A_RATE = 10_000
COARSEST_TIME_NS = 10_000
LARGEST_SIDE = 16_384


@dataclass(frozen=True, slots=True)
class Size:
    """Size of a sensor in pixels.

    Raises:
        UserError: if it is not a sensor's size.
    """

    width: int
    height: int

    @staticmethod
    def of(size: Any) -> 'Size':
        """Check `(width, height)` as a user typed it."""
        try:
            width, height = (operator.index(side) for side in size)
        except (TypeError, ValueError):
            raise UserError(
                f'size is {size!r}; give the width and the height of the sensor in pixels, '
                'for example size=(346, 260)'
            ) from None
        if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
            raise UserError(f'size is {width}x{height}; each side must be from 1 to 16,384 pixels')
        return Size(width, height)

    def __str__(self) -> str:
        return f'{self.width}x{self.height}'


def checked(samples: Samples, size: Size, t_unit: str | None) -> Events | SpikePlanes:
    """Return samples as value types whose arrays have the right types, shapes, order and range.

    Args:
        samples: Events, SpikePlanes, or the four arrays x, y, t, p in any form.
        size: of the sensor.
        t_unit: unit of the times in four arrays: `s`, `ms`, `us` or `ns`. Events and SpikePlanes
            have nanoseconds, so it must be None for them.

    Raises:
        UserError: naming the array that is wrong and how to correct it.
    """
    if isinstance(samples, Events | SpikePlanes):
        if t_unit is not None:
            raise UserError(
                f'leave out t_unit={t_unit!r}: the times of {type(samples).__name__} are always '
                'nanoseconds (t_ns)'
            )
        if isinstance(samples, SpikePlanes):
            return _checked_planes(samples, size)
        return _checked_events(samples.x, samples.y, samples.t_ns, samples.p, 'ns', size)
    arrays, t_unit = four_arrays(samples, t_unit)
    return _checked_events(*arrays, t_unit, size)


def four_arrays(samples: Any, t_unit: str | None) -> tuple[ArrayTuple, str | None]:
    """Return x, y, t and p of a tuple, a structured array or named columns, and the unit of t.

    Raises:
        UserError: it is none of these, the names are not those of events, or the name of the
            times states another unit than `t_unit`.
    """
    is_array = isinstance(samples, np.ndarray)
    names = samples.dtype.names if is_array else getattr(samples, 'keys', tuple)()
    if names:
        names = [str(name) for name in names]
        order = named_columns(names)
        if order is None:
            raise UserError(
                f'the fields of the events are {shown(", ".join(names))}; name them x, y, t and p'
            )
        t, x, y, p = (samples[names[place]] for place in order)
        return (x, y, t, p), _unit_of(names[order[0]], t_unit)
    if is_array and samples.ndim == 2:
        raise UserError(
            f'an array {list(samples.shape)} does not tell which column is which; give the four '
            'arrays (x, y, t, p), as in (a[:, 1], a[:, 2], a[:, 0], a[:, 3])'
        )
    if not isinstance(samples, tuple | list) or len(samples) != 4:
        raise UserError(
            f'{type(samples).__name__} cannot be reconstructed; give the path of a recording, '
            'Events, SpikePlanes, or a tuple of the four arrays (x, y, t, p)'
        )
    return tuple(samples), t_unit


def _unit_of(name: str, t_unit: str | None) -> str | None:
    """Return the unit that the name of the times states, or else `t_unit`."""
    stated_ns = stated_unit_ns(name)
    if t_unit in NS_PER_UNIT and stated_ns not in (0, NS_PER_UNIT[t_unit]):
        raise UserError(
            f't_unit is {t_unit!r}, but the times are called {shown(name)}; give one unit for both'
        )
    return next((unit for unit, ns in NS_PER_UNIT.items() if ns == stated_ns), t_unit)


def _checked_events(x: Any, y: Any, t: Any, p: Any, t_unit: str | None, size: Size) -> Events:
    arrays = {'x': np.asarray(x), 'y': np.asarray(y), 't': np.asarray(t), 'p': np.asarray(p)}
    for name, array in arrays.items():
        _check_column(array, name, 'an event')
    if any(np.ma.is_masked(column) for column in (x, y, t, p)):
        raise UserError('some events are masked; leave them out of x, y, t and p')
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ', '.join(f'{name}: {n:,}' for name, n in lengths.items())
        raise UserError(f'x, y, t and p must have one length, but they have {listed}')
    t_ns = _nanoseconds(arrays['t'], t_unit)
    _check_order(t_ns, 'events')
    _check_rate(t_ns, t_unit, size)
    columns = _coordinates(arrays['x'], 'x', size.width, size)
    rows = _coordinates(arrays['y'], 'y', size.height, size)
    return Events(columns, rows, _polarities(arrays['p']), t_ns, Triggers.empty())


def _check_column(array: np.ndarray, name: str, of: str) -> None:
    if array.ndim != 1:
        raise UserError(f'{name} has the shape {array.shape}; give one dimension, one value {of}')


def _nanoseconds(t: np.ndarray, t_unit: str | None) -> np.ndarray:
    if t.dtype.kind in 'mM':  # times of NumPy state their unit
        t, t_unit = t.astype(f'{t.dtype.kind}8[ns]').astype(np.int64), 'ns'
    if t_unit not in NS_PER_UNIT:
        problem = 'is missing' if t_unit is None else f'is {t_unit!r}'
        raise UserError(
            f't_unit {problem}; name the unit of the times: one of {", ".join(NS_PER_UNIT)}, for '
            "example t_unit='us'"
        )
    factor = NS_PER_UNIT[t_unit]
    if t.dtype.kind in 'iu':
        limit = 2**62 // factor
        if len(t) and int(t.max()) > limit:
            raise UserError(f't reaches {t.max()} {t_unit}, after the year 2116; check t_unit')
        t_ns = t.astype(np.int64) * factor
    elif t.dtype.kind == 'f':
        if not np.isfinite(t).all():
            raise UserError('t holds values that are not finite; remove those events')
        step_ns = float(np.spacing(t.max())) * factor if len(t) else 0.0
        if step_ns > COARSEST_TIME_NS:
            raise UserError(
                f't is {t.dtype}, which is too coarse for {t.max():.0f} {t_unit} (steps of '
                f'{step_ns / 1e6:.3g} ms); keep the times as float64 or int64'
            )
        t_ns = np.rint(t.astype(np.float64) * factor).astype(np.int64)
    else:
        raise UserError(f't is {t.dtype}; give integers or floating-point numbers')
    if len(t_ns) and t_ns.min() < 0:
        raise UserError(f't begins below zero ({t.min()} {t_unit}); add an offset to all times')
    return t_ns


def _check_order(t_ns: np.ndarray, what: str) -> None:
    back = np.flatnonzero(np.diff(t_ns) < 0)
    if len(back):
        at = int(back[0]) + 1
        raise UserError(
            f'the {what} are not in the order of their times: number {at:,} is '
            f'{(t_ns[at - 1] - t_ns[at]) / 1e6:.3f} ms earlier than the one before; sort all '
            "arrays with np.argsort(t, kind='stable')"
        )


def _check_rate(t_ns: np.ndarray, t_unit: str | None, size: Size) -> None:
    if len(t_ns) < 2:
        return
    duration_ns = int(t_ns[-1] - t_ns[0])
    if duration_ns > LONGEST_DURATION_NS:
        raise UserError(
            f'the events last {duration_ns / LONGEST_DURATION_NS:,.1f} days if t is in {t_unit}; '
            'check t_unit, or hand over less than a day at a time'
        )
    rate = len(t_ns) * 1e9 / max(duration_ns, 1)
    per_pixel = rate / (size.width * size.height)
    if len(t_ns) >= FEWEST_EVENTS_FOR_A_RATE and per_pixel > MOST_EVENTS_PER_PIXEL_PER_S:
        raise UserError(
            f'{len(t_ns):,} events within {duration_ns / 1e6:.3g} ms are more than a {size} '
            f'sensor can send; the times are probably not in {t_unit}'
        )


def _coordinates(values: np.ndarray, name: str, side: int, size: Size) -> np.ndarray:
    if not len(values):  # an empty list becomes an array of floats
        return np.empty(0, np.uint16)
    if values.dtype.kind not in 'iu':
        raise UserError(f'{name} is {values.dtype}; give whole pixels, for example as uint16')
    outside = int(((values < 0) | (values >= side)).sum())
    if outside:
        raise UserError(
            f'{outside:,} of {len(values):,} events lie outside the {size} sensor ({name} from '
            f'{values.min()} to {values.max()}); size is (width, height), x the column, y the row'
        )
    return values.astype(np.uint16)


def _polarities(p: np.ndarray) -> np.ndarray:
    if p.dtype.kind not in 'biuf':
        raise UserError(f'p is {p.dtype}; give booleans, 0 and 1, or -1 and 1')
    values = set(np.unique(p).tolist())
    if not (values <= {0, 1} or values <= {-1, 1}):
        listed = ', '.join(f'{value:g}' for value in sorted(values)[:5])
        raise UserError(f'p holds {listed}; give booleans, 0 and 1, or -1 and 1')
    return (p > 0).astype(np.uint8)


def _checked_planes(planes: SpikePlanes, size: Size) -> SpikePlanes:
    bits, times = np.asarray(planes.bits), np.asarray(planes.t_ns)
    _check_column(times, 't_ns', 'a plane')
    t_ns = _nanoseconds(times, 'ns')
    shape = (len(t_ns), size.height, bytes_per_row(size.width))
    if bits.dtype != np.uint8 or bits.shape != shape:
        raise UserError(
            f'bits is {bits.dtype} {bits.shape}; for {len(t_ns)} planes of {size} pixels it must '
            f'be uint8 {shape}, as spike_recon_ros.packets.spike_planes.pack_planes makes it'
        )
    return SpikePlanes(bits, t_ns)
