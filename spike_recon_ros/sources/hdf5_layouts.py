# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The layouts of HDF5 event recordings: event_utils, MVSEC, DSEC and Metavision.

event_utils and E2VID++ (`events/xs`, `ys`, `ts`, `ps`, `images/image000000000`) is the layout in
which HQF and ECD are distributed; MVSEC has its own (`davis/left/events`, `image_raw`).
"""

from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import number_order
from spike_recon_ros.sources.columns import (
    LARGEST_SIDE,
    UNIT_SAMPLE,
    US_NS,
    Columns,
    check_column,
    check_lengths,
    named_columns,
    sensor_size,
    to_nanoseconds,
)
from spike_recon_ros.sources.declared_size import SMALL_BYTES
from spike_recon_ros.sources.ecf import decode_ecf
from spike_recon_ros.sources.hdf5_columns import stated_size
from spike_recon_ros.sources.hdf5_storage import (
    ECF,
    Hdf5Dataset,
    filters_of,
    is_installed,
)
from spike_recon_ros.sources.raw_header import header_of_fields
from spike_recon_ros.sources.source import Topic

SIZE_SAMPLES = 16
"""Places at which the largest coordinates are looked for."""
EVENT_COLUMNS = ('events/xs', 'events/ys', 'events/ts', 'events/ps')
DSEC_COLUMNS = ('events/x', 'events/y', 'events/t', 'events/p')
DSEC_SIZE = (640, 480)
CAMERAS = ('davis/left', 'davis/right')
MVSEC_SHAPE = (260, 346)


class TableHdf5(Hdf5Dataset):
    """One data set for each column, `names` are those of x, y, t and p.

    Raises:
        UserError: if a data set is missing, or does not fit the others.
    """

    names: tuple[str, ...]

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path, file)
        self._columns = [self._dataset(name) for name in self.names]
        lengths = {
            name: check_column(f'{name} in {path}', column)
            for name, column in zip(self.names, self._columns, strict=True)
        }
        self.size = check_lengths(path, lengths)

    def _slices(self, position: int) -> tuple[list[np.ndarray], int]:
        """Return x, y, t and p of a chunk, and the position after it."""
        end = min(position + self.chunk, self.size)
        return [column[position:end].reshape(-1) for column in self._columns], end


class EventUtilsHdf5(TableHdf5):
    """One camera: `events/xs`, `ys`, `ts`, `ps`; each frame a data set of its own.

    Times are seconds. Shorter units, which some converters write, are recognised and reported.
    """

    def __init__(self, path: Path, file: Any, size: tuple[int, int] | None = None) -> None:
        self.names = _columns_of(file)
        super().__init__(path, file)
        group = file.get('images')
        self._images = sorted(group, key=number_order) if hasattr(group, 'keys') else []
        self.n_frames = len(self._images)
        self.width, self.height = size or self._sensor_size()
        times = self._columns[2]
        last = times[self.size - 1].item() if self.size else 0.0
        self._unit_ns = self.find_unit(times[:UNIT_SAMPLE].reshape(-1), self.size, last)

    def _sensor_size(self) -> tuple[int, int]:
        if stated := stated_size(self.path, self._file):
            return stated
        if self.n_frames:
            return sensor_size(f'frame 0 of {self.path}', self.frame(0).shape)
        raise UserError(
            f'{self.path} has neither frames nor the attribute sensor_resolution; give the size '
            'with --size, or add the attribute as [height, width]'
        )

    def _read(self, position: int) -> tuple[Columns, int]:
        (x, y, t, p), end = self._slices(position)
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end

    def _frame_times(self) -> np.ndarray:
        # Whole numbers stay whole: float64 cannot hold nanoseconds since 1970.
        times = np.array([self._time_of(name) for name in self._images])
        return to_nanoseconds(times.reshape(-1), self._unit_ns)

    def _time_of(self, name: str) -> float | int:
        """Return the time of a frame, from its own stamp or from the event at its index."""
        attributes = self._dataset(f'images/{name}').attrs
        stamp, index = attributes.get('timestamp'), attributes.get('event_idx')
        if stamp is not None:
            return np.asarray(stamp).reshape(-1)[0].item()
        if index is None or not 0 <= (place := int(np.asarray(index).reshape(-1)[0])) < self.size:
            raise UserError(
                f'images/{shown(name)} in {self.path} has no attribute timestamp and no '
                'event_idx within the events; convert the recording again'
            )
        return np.asarray(self._columns[2][place]).reshape(-1)[0].item()

    def _frame(self, index: int) -> np.ndarray:
        name = f'images/{self._images[index]}'
        dataset = self._dataset(name)
        if max(dataset.shape, default=0) > LARGEST_SIDE or dataset.nbytes > SMALL_BYTES:
            raise UserError(
                f'{shown(name)} in {self.path} is {list(dataset.shape)}, which is no image'
            )
        return np.asarray(dataset[()])


class DsecHdf5(TableHdf5):
    """DSEC: `events/x`, `y`, `t`, `p`, microseconds from the scalar `t_offset` on."""

    names = DSEC_COLUMNS

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path, file)
        offset = self._dataset('t_offset')[()] if 't_offset' in file else 0
        self._offset_ns = int(to_nanoseconds(np.asarray(offset).reshape(-1)[:1], US_NS)[0])
        self.width, self.height = stated_size(path, file['events'], file) or self._common_size()

    def _common_size(self) -> tuple[int, int]:
        """Return the size of DSEC's sensor, or of a larger one if samples of the events need it.

        TUM-VIE has the same layout with a sensor of 1280x720.
        """
        places = np.linspace(0, self.size, SIZE_SAMPLES, endpoint=False, dtype=int)
        x, y = self.largest_pixel(places.tolist() if self.size else [])
        fits = x < DSEC_SIZE[0] and y < DSEC_SIZE[1]
        return DSEC_SIZE if fits else self.guess_size(x, y)

    def _read(self, position: int) -> tuple[Columns, int]:
        (x, y, t, p), end = self._slices(position)
        return Columns(x, y, to_nanoseconds(t, US_NS) + self._offset_ns, p), end


class MetavisionHdf5(Hdf5Dataset):
    """Prophesee's HDF5: the table `CD/events` with x, y, p and t in microseconds.

    Chunks that Prophesee's own filter compressed are decoded here if its plugin is not installed.
    """

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path, file)
        found = file.get('CD/events')
        is_ecf = filters_of(found) == [ECF] if getattr(found, 'chunks', None) else False
        self._decodes = is_ecf and not is_installed(ECF)
        self._events = self._dataset('CD/events', [ECF] if self._decodes else ())
        names = self._events.dtype.names or ()
        if self._events.ndim != 1 or not {'x', 'y', 'p', 't'} <= set(names):
            raise UserError(f'CD/events in {path} has no columns x, y, p and t; convert it again')
        self.size = self._events.shape[0]
        fields = {key.lower(): _text(value) for key, value in file.attrs.items()}
        header = header_of_fields(fields, 0)
        stated = (header.width, header.height) if header.width and header.height else None
        if size := stated or header.system_size:
            self.width, self.height = sensor_size(f'geometry of {path}', size[::-1])
        else:
            self.width, self.height = 1280, 720
            self.warn(f'{path} states no geometry; 1280x720 is assumed, give --size if it differs')
        edges = file.get('EXT_TRIGGER/events')
        if getattr(edges, 'shape', (0,))[0]:
            self.warn(f'{path} holds {edges.shape[0]:,} trigger edges, which are left out')

    def _read(self, position: int) -> tuple[Columns, int]:
        if self._decodes:
            return self._read_ecf(position)
        end = min(position + self.chunk, self.size)
        rows = self._events[position:end]
        return Columns(rows['x'], rows['y'], to_nanoseconds(rows['t'], US_NS), rows['p']), end

    def _read_ecf(self, position: int) -> tuple[Columns, int]:
        """Return the rest of the stored chunk that holds a position."""
        length = self._events.chunks[0]
        start = position // length * length
        end = min(start + length, self.size)
        mask, stored = self._events.id.read_direct_chunk((start,))
        if mask & 1:  # the filter was left out
            rows = np.frombuffer(stored, self._events.dtype)
            times = to_nanoseconds(rows['t'], US_NS)
            columns = Columns(rows['x'], rows['y'], times, rows['p'])
        else:
            columns = decode_ecf(stored)
        if len(columns.x) < end - start:
            raise ValueError('a chunk with fewer events than declared')
        part = slice(position - start, end - start)
        return Columns(*(column[part] for column in columns)), end


class MvsecHdf5(Hdf5Dataset):
    """One DAVIS of MVSEC's pair: `events` [n, 4] of x, y, seconds, polarity, and `image_raw`.

    Args:
        path: the file.
        file: the same, open.
        topic: `davis/left` or `davis/right`; None = the left one, as in published benchmarks.

    Raises:
        UserError: if the camera is not there, or a data set is missing or does not fit the others.
    """

    def __init__(self, path: Path, file: Any, topic: str | None) -> None:
        super().__init__(path, file)
        events = {name: file.get(f'{name}/events') for name in CAMERAS}
        self._cameras = {name: len(found) for name, found in events.items() if found is not None}
        camera = CAMERAS[0] if topic is None else topic.strip('/').removesuffix('/events')
        if camera not in self._cameras:
            listed = ', '.join(self._cameras) or 'none'
            raise UserError(
                f'{path} has no events of {shown(camera)}; it has: {listed} (events are in the '
                '_data files of MVSEC)'
            )
        self.camera = camera
        self._events = self._dataset(f'{camera}/events')
        self.size = check_column(f'{camera}/events in {path}', self._events, 4)
        last = self._events[self.size - 1, 2].item() if self.size else 0.0
        self._unit_ns = self.find_unit(self._events[:UNIT_SAMPLE, 2], self.size, last)
        height_width: tuple[int, ...] = MVSEC_SHAPE
        if f'{camera}/image_raw' in file:
            self._images = self._dataset(f'{camera}/image_raw')
            self._times = self._dataset(f'{camera}/image_raw_ts')
            counts = {
                'image_raw': self._images.shape[0] if len(self._images.shape) == 3 else 0,
                'image_raw_ts': check_column(f'{camera}/image_raw_ts in {path}', self._times),
            }
            self.n_frames = check_lengths(f'{camera} in {path}', counts)
        if self.n_frames:
            height_width = self._images.shape[1:]
        self.width, self.height = sensor_size(f'the shape of image_raw in {path}', height_width)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The cameras, and the frames of the one that is read."""
        cameras = (Topic(name, 'events', count) for name, count in self._cameras.items())
        return (*cameras, *super().topics)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        x, y, t, p = self._events[position:end].T
        return Columns(x, y, to_nanoseconds(t, self._unit_ns), p), end

    def _frame_times(self) -> np.ndarray:
        times = self._times[()].reshape(-1) if self.n_frames else np.empty(0)
        return to_nanoseconds(times, self._unit_ns)

    def _frame(self, index: int) -> np.ndarray:
        return self._images[index]


def _columns_of(file: Any) -> tuple[str, ...]:
    """Return the names of x, y, t and p in `events`; early versions call them x, y, ts and p."""
    names = list(file['events'])
    order = named_columns(names)
    if order is None:
        return EVENT_COLUMNS
    t, x, y, p = (f'events/{names[place]}' for place in order)
    return x, y, t, p


def _text(attribute: Any) -> str:
    """Return an attribute, a single value or an array of one, as text."""
    value = np.asarray(attribute).reshape(-1)[:1].tolist()
    text = value[0] if value else ''
    return text.decode('utf-8', 'replace') if isinstance(text, bytes) else str(text)
