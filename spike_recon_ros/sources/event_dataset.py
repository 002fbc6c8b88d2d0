# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of every data set with events and frames, whatever its layout."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.events import Events
from spike_recon_ros.sources.columns import (
    LARGEST_GUESS,
    S_NS,
    SENSOR_SIZES,
    UNIT_NAMES,
    Columns,
    are_in_order,
    smallest_sensor,
    to_events,
    to_image,
    unit_of_times,
)
from spike_recon_ros.sources.source import Topic

CHUNK_EVENTS = 65_536
COARSEST_STEP_NS = 1_000_000
"""Times that are stored in larger steps give no useful images."""
IMAGES = 'images'
"""Topic name of the frames, the same for all layouts."""


class EventDataset(ABC):
    """The events and frames of one camera, on one clock.

    Events are read in chunks from any position on, so memory stays bounded however long the
    recording is. A position counts events, or bytes of a text.

    Attributes:
        path: file or folder.
        width: sensor columns.
        height: sensor rows.
        size: number of positions.
        chunk: approximate length of a chunk, in positions.
        unit: what is counted: events or bytes.
        n_frames: frames beside the events.
        camera: name of the camera, in a file with several.
        warnings: sentences for people: guessed units or sizes, data that is left out.
    """

    width: int
    height: int
    size: int
    chunk = CHUNK_EVENTS
    unit = 'events'
    n_frames = 0
    camera = ''

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: tuple[str, ...] = ()
        self._has_odd_polarities = False

    def warn(self, sentence: str) -> None:
        """Add a warning, once."""
        if sentence not in self.warnings:
            self.warnings += (sentence,)

    def find_unit(self, times: np.ndarray, n_events: int, last: float, stated_ns: int = 0) -> int:
        """Return the unit (ns) of times that should be seconds; warn if they are not.

        Args:
            times: the first times [n].
            n_events: events of the recording.
            last: the last time.
            stated_ns: the unit that the recording states; 0 = none.

        Raises:
            UserError: the events are not in the order of their times, begin before zero, or the
                type of the times is too coarse.
        """
        if len(times) and times[0] < 0:
            raise UserError(
                f'the times in {self.path} begin at {times[0]:g}; add an offset to all times, so '
                'that none is negative'
            )
        if not are_in_order(times):
            raise UserError(
                f'the events in {self.path} are not in the order of their times; sort them by '
                'time and save them again'
            )
        unit_ns = stated_ns or unit_of_times(times, n_events, last)
        is_short_float = times.dtype.kind == 'f' and times.dtype.itemsize < 8
        step_ns = float(np.spacing(times.dtype.type(last))) * unit_ns if is_short_float else 0.0
        if step_ns > COARSEST_STEP_NS:
            raise UserError(
                f'the times in {self.path} are {times.dtype}, which has steps of '
                f'{step_ns / 1e6:,.1f} ms at {last:.0f} {UNIT_NAMES[unit_ns]}; save them as '
                'float64'
            )
        if not stated_ns and unit_ns != S_NS:
            self.warn(f'the times in {self.path} are {UNIT_NAMES[unit_ns]}, not seconds')
        return unit_ns

    def largest_pixel(self, positions: Iterable[int] | None = None) -> tuple[int, int]:
        """Return the largest column and row, of all events or of the chunks at some positions."""
        x = y = 0
        some = None if positions is None else (self._read(position)[0] for position in positions)
        for columns in some or self._all_columns():
            x = max(x, int(columns.x.max(initial=0)))
            y = max(y, int(columns.y.max(initial=0)))
        return x, y

    def guess_size(self, largest_x: int, largest_y: int) -> tuple[int, int]:
        """Return the smallest common sensor that has a pixel; warn that it is a guess.

        Raises:
            UserError: no sensor is that large.
        """
        if max(largest_x, largest_y) >= LARGEST_GUESS:
            raise UserError(
                f'{self.path} has events at column {largest_x:,} or row {largest_y:,}, which no '
                'sensor has; correct the coordinates, or give --size to leave out such events'
            )
        width, height = smallest_sensor(largest_x, largest_y)
        hint = ''
        if (largest_x, largest_y) in SENSOR_SIZES:  # as MATLAB counts; others end one before
            hint = (
                f'; its columns and rows end at {largest_x} and {largest_y}: if they count from '
                '1, subtract 1'
            )
        self.warn(
            f'{self.path} does not state the sensor size; {width}x{height} holds its events, '
            f'give --size if it differs{hint}'
        )
        return width, height

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Table of contents."""
        return (Topic(IMAGES, 'frames', self.n_frames),) if self.n_frames else ()

    def chunks(self, position: int = 0) -> Iterator[Events]:
        """Yield the events from a position on, in stored order.

        Raises:
            UserError: where the recording is damaged, after what could be read.
        """
        while position < self.size:
            events, position = self._chunk_at(position)
            yield events

    def position_at(self, t_ns: int) -> int:
        """Return a position that lies before all events at or after a time.

        If times do not go backwards, it lies less than two chunks before the first of them.

        Raises:
            UserError: if the recording is damaged.
        """
        earlier, later = 0, self.size
        while later - earlier > self.chunk:
            middle = (earlier + later) // 2
            events, _ = self._chunk_at(middle)
            if len(events) and events.t_ns[0] < t_ns:
                earlier = middle
            else:
                later = middle
        return earlier

    @cached_property
    def frame_times_ns(self) -> np.ndarray:
        """Times of the frames, int64 [n_frames], as stored: they may go backwards.

        Raises:
            UserError: if they cannot be read.
        """
        with reading(self.path, 'the times of its frames'):
            return self._frame_times()

    def frame(self, index: int) -> np.ndarray:
        """Return a frame, [H, W] or [H, W, 3] (BGR), of uint8, uint16 or float32.

        Raises:
            UserError: if it cannot be read.
        """
        with reading(self.path, f'frame {index}'):
            return to_image(f'frame {index} of {self.path}', self._frame(index))

    def frames(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield time (ns) and image of each frame, as stored.

        Raises:
            UserError: if one cannot be read.
        """
        for index, t_ns in enumerate(self.frame_times_ns.tolist()):
            yield t_ns, self.frame(index)

    def close(self) -> None:
        """Close the file."""
        return

    def _chunk_at(self, position: int) -> tuple[Events, int]:
        with reading(self.path, f'what follows {position:,} of {self.size:,} {self.unit}'):
            columns, following = self._read(position)
            self._check_polarities(columns.polarity)
            return to_events(columns), following

    def _check_polarities(self, polarities: np.ndarray) -> None:
        """Warn if polarities differ and all of them mean ON, or are more than two values."""
        some = polarities[:CHUNK_EVENTS] if polarities.dtype != bool else polarities[:0]
        if not len(some) or self._has_odd_polarities:
            return
        low, high = some.min(), some.max()
        odd = (low > 0 and high > low) or ((some != low) & (some != high)).any()
        self._has_odd_polarities = bool(odd)
        if odd:
            self.warn(
                f'the polarities in {self.path} are {low:g} to {high:g}, and all above 0 are ON; '
                'save OFF events as 0 or -1'
            )

    def _all_columns(self) -> Iterator[Columns]:
        position = 0
        while position < self.size:
            columns, position = self._read(position)
            yield columns

    @abstractmethod
    def _read(self, position: int) -> tuple[Columns, int]:
        """Return a chunk, and the position after it; any exception means damage."""

    def _frame_times(self) -> np.ndarray:
        """Return the times of the frames, int64 ns [n_frames]; any exception means damage."""
        return np.empty(0, np.int64)

    def _frame(self, index: int) -> np.ndarray:
        """Return a frame; any exception means damage."""
        raise UserError(f'{self.path} has no frames')


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn any exception that a library raises on damaged bytes into one sentence.

    Raises:
        UserError: instead of every other exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        text = shown((str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.'))
        raise UserError(
            f'{path} is damaged: {what} cannot be read ({text}); copy or convert it again'
        ) from error
