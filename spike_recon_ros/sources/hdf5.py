# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""HDF5 event datasets with frames, through the optional library h5py.

Comes in: an HDF5 file in the layout of event_utils and E2VID++ (`events/xs`, `ys`, `ts`, `ps` and
`images/image000000000`, in which HQF and ECD are handed out), or in MVSEC's own
(`davis/left/events` and `image_raw`). Goes out: events and frames, read in slices. Knows nothing
about packets.
"""

from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import (
    FLOATS,
    NUMBERS,
    Columns,
    check_column,
    check_lengths,
    sensor_size,
)
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.source import Topic

EVENT_COLUMNS = ('events/xs', 'events/ys', 'events/ts', 'events/ps')
TIMES = EVENT_COLUMNS[2]
CAMERAS = ('davis/left', 'davis/right')
MVSEC_SHAPE = (260, 346)
LAYOUTS = 'events/xs, ys, ts and ps (event_utils, E2VID++) or davis/left/events (MVSEC)'


class Hdf5Dataset(EventDataset):
    """What the two layouts share: an open file."""

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path)
        self._file = file

    def _dataset(self, name: str) -> Any:
        """Return a dataset of the file.

        Raises:
            UserError: there is none of that name.
        """
        found = self._file.get(name)
        if getattr(found, 'shape', None) is None:
            raise UserError(f'{self.path} has no dataset {name}; convert the recording again')
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EventUtilsHdf5(Hdf5Dataset):
    """One camera: `events/xs`, `ys`, `ts`, `ps`; each frame a dataset of its own.

    Raises:
        UserError: if a dataset is missing, or does not fit the others.
    """

    def __init__(self, path: Path, file: Any) -> None:
        super().__init__(path, file)
        lengths = {
            name: check_column(
                f'{name} in {path}',
                self._dataset(name),
                kinds=FLOATS if name == TIMES else NUMBERS,
            )
            for name in EVENT_COLUMNS
        }
        self.size = check_lengths(path, lengths)
        self._columns = [self._dataset(name) for name in EVENT_COLUMNS]
        group = file.get('images')
        self._images = sorted(group) if hasattr(group, 'keys') else []
        self.n_frames = len(self._images)
        self.width, self.height = self._sensor_size()

    def _sensor_size(self) -> tuple[int, int]:
        said = self._file.attrs.get('sensor_resolution')
        if said is not None:
            return sensor_size(f'the attribute sensor_resolution of {self.path}', said)
        if self.n_frames:
            return sensor_size(f'frame 0 of {self.path}', self.frame(0).shape)
        raise UserError(
            f'{self.path} has neither frames nor the attribute sensor_resolution; '
            'add it as [height, width]'
        )

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        return Columns(*(column[position:end].reshape(-1) for column in self._columns)), end

    def _frame_seconds(self) -> np.ndarray:
        return np.array([self._time_of(name) for name in self._images], np.float64)

    def _time_of(self, name: str) -> float:
        stamp = self._dataset(f'images/{name}').attrs.get('timestamp')
        if stamp is None:
            raise UserError(
                f'images/{name} in {self.path} has no attribute timestamp; convert the recording '
                'again'
            )
        return float(np.asarray(stamp).reshape(-1)[0])

    def _frame(self, index: int) -> np.ndarray:
        return np.asarray(self._dataset(f'images/{self._images[index]}')[()])


class MvsecHdf5(Hdf5Dataset):
    """One DAVIS of MVSEC's pair: `events` [n, 4] of x, y, seconds, polarity, and `image_raw`.

    Args:
        path: the file.
        file: the same, open.
        topic: `davis/left` or `davis/right`; None = the left one, as the field's benchmarks.

    Raises:
        UserError: if the camera is not there, or a dataset is missing or does not fit the others.
    """

    def __init__(self, path: Path, file: Any, topic: str | None) -> None:
        super().__init__(path, file)
        events = {name: file.get(f'{name}/events') for name in CAMERAS}
        self._cameras = {name: len(found) for name, found in events.items() if found is not None}
        camera = CAMERAS[0] if topic is None else topic.strip('/').removesuffix('/events')
        if camera not in self._cameras:
            listed = ', '.join(self._cameras) or 'none'
            raise UserError(
                f'{path} has no events of {camera}; it has: {listed} (events are in the _data '
                'files of MVSEC)'
            )
        self._events = self._dataset(f'{camera}/events')
        self.size = check_column(f'{camera}/events in {path}', self._events, 4, FLOATS)
        height_width: tuple[int, ...] = MVSEC_SHAPE
        if f'{camera}/image_raw' in file:
            self._images = self._dataset(f'{camera}/image_raw')
            self._times = self._dataset(f'{camera}/image_raw_ts')
            counts = {
                'image_raw': self._images.shape[0] if len(self._images.shape) == 3 else 0,
                'image_raw_ts': check_column(
                    f'{camera}/image_raw_ts in {path}', self._times, kinds=FLOATS
                ),
            }
            self.n_frames = check_lengths(f'{camera} in {path}', counts)
        if self.n_frames:
            height_width = self._images.shape[1:]
        self.width, self.height = sensor_size(f'the shape of image_raw in {path}', height_width)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Table of contents: the cameras, and the frames of the one that is read."""
        cameras = (Topic(name, 'events', count) for name, count in self._cameras.items())
        return (*cameras, *super().topics)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        return Columns(*self._events[position:end].T), end

    def _frame_seconds(self) -> np.ndarray:
        return self._times[()].reshape(-1) if self.n_frames else np.empty(0)

    def _frame(self, index: int) -> np.ndarray:
        return self._images[index]


def open_hdf5(path: Path, topic: str | None = None) -> EventDataset:
    """Open a file of either layout.

    Args:
        path: the file.
        topic: camera of an MVSEC file.

    Raises:
        UserError: if h5py is missing, the file damaged, empty or of another layout, or there is
            no such topic.
    """
    try:
        import h5py  # noqa: PLC0415 -- an optional extra
    except ImportError as error:
        raise UserError(f'HDF5 files need the library h5py; run: {pip_install("hdf5")}') from error
    with reading(path, 'the HDF5 file'):
        file = h5py.File(path, 'r')
    try:
        with reading(path, 'its table of contents'):
            dataset = _layout(path, file, topic)
    except UserError:
        file.close()
        raise
    return dataset


def _layout(path: Path, file: Any, topic: str | None) -> EventDataset:
    if 'davis' in file:
        dataset: EventDataset = MvsecHdf5(path, file, topic)
    elif TIMES not in file:
        held = ' '.join(', '.join(map(str, file)).split()) or 'nothing'
        raise UserError(
            f'{path} is HDF5 of an unknown layout (it holds: {held}); readable are {LAYOUTS}'
        )
    elif topic:
        raise UserError(f'{path} has no topics; leave out the topic {topic}')
    else:
        dataset = EventUtilsHdf5(path, file)
    if not dataset.size:
        raise UserError(f'{path} holds no events; convert the recording again')
    return dataset
