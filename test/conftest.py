# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every room's tests share."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from spike_recon_ros.benchmarking.ros_domain import isolate_from_other_nodes

DATA_VARIABLE = 'SPIKE_RECON_TEST_DATA'

pytest_plugins = ('exported_bundles', 'full_disk', 'training_marker')
# A domain from the environment may be that of a camera, or of another run of the tests.
os.environ.pop('ROS_DOMAIN_ID', None)
isolate_from_other_nodes()
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'


@pytest.fixture(scope='session', autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the user's cache alone, and begin with an empty one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        yield


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Let each test draw the same numbers from PyTorch, whichever tests ran before it."""
    if torch := sys.modules.get('torch'):
        torch.manual_seed(0)


@pytest.fixture(scope='session')
def recordings() -> Callable[[str], Path]:
    """Return a function that finds a real recording, or skips, naming what is missing."""

    def find(relative: str) -> Path:
        folder = os.environ.get(DATA_VARIABLE)
        if not folder:
            pytest.skip(f'{DATA_VARIABLE} is not set; it names the folder that holds {relative}')
        path = Path(folder) / relative
        if not path.exists():
            pytest.skip(f'no recording at {path}')
        return path

    return find


@dataclass
class Recorded:
    """Events and frames of one camera, as tests write them in the layouts of datasets."""

    x: np.ndarray
    y: np.ndarray
    p: np.ndarray
    seconds: np.ndarray
    images: np.ndarray
    images_seconds: np.ndarray

    @property
    def t_ns(self) -> list[int]:
        """Nanoseconds, by exact arithmetic."""
        return [round(Fraction(t) * 10**9) for t in self.seconds.tolist()]

    @property
    def images_ns(self) -> list[int]:
        return [round(Fraction(t) * 10**9) for t in self.images_seconds.tolist()]

    def write(self, layout: str, folder: Path) -> Path:
        """Write below a folder; return the path to open."""
        return getattr(self, f'_write_{layout}')(folder)

    def _write_npy(self, folder: Path) -> Path:
        path = folder / 'sequence'
        path.mkdir()
        np.save(path / 'events_ts.npy', self.seconds)
        np.save(path / 'events_xy.npy', np.stack([self.x, self.y], 1).astype(np.int64))
        np.save(path / 'events_p.npy', self.p.astype(np.int64))
        np.save(path / 'images.npy', self.images[..., None])
        np.save(path / 'images_ts.npy', self.images_seconds[:, None])
        indices = np.searchsorted(self.seconds, self.images_seconds[:, None], 'right') - 1
        np.save(path / 'image_event_indices.npy', indices)
        size = {'sensor_resolution': list(self.images.shape[1:])}
        (path / 'metadata.json').write_text(json.dumps(size))
        return path

    def _write_event_utils(self, folder: Path) -> Path:
        h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')
        with h5py.File(folder / 'sequence.h5', 'w') as file:
            file['events/xs'] = self.x.astype(np.int16)
            file['events/ys'] = self.y.astype(np.int16)
            file['events/ts'] = self.seconds
            file['events/ps'] = self.p.astype(bool)
            file.attrs['sensor_resolution'] = self.images.shape[1:]
            for number, image in enumerate(self.images):
                name = f'images/image{number:09d}'
                file[name] = image
                file[name].attrs['timestamp'] = self.images_seconds[number]
        return folder / 'sequence.h5'

    def _write_mvsec(self, folder: Path) -> Path:
        h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')
        with h5py.File(folder / 'sequence_data.hdf5', 'w') as file:
            left = file.create_group('davis/left')
            columns = (self.x, self.y, self.seconds, 2.0 * self.p - 1)
            left.create_dataset('events', data=np.stack(columns, 1), compression='gzip')
            left['image_raw'] = self.images
            left['image_raw_ts'] = self.images_seconds
            left['image_raw_event_inds'] = (
                np.searchsorted(self.seconds, self.images_seconds, 'right') - 1
            )
            right = np.stack(columns, 1)[: len(self.x) // 2]
            right[:, 0] = 0
            file['davis/right/events'] = right
            file['davis/right/image_raw'] = 255 - self.images
            file['davis/right/image_raw_ts'] = self.images_seconds
        return folder / 'sequence_data.hdf5'

    def _write_text(self, folder: Path) -> Path:
        path = folder / 'sequence'
        (path / 'images').mkdir(parents=True)
        events = zip(self.seconds, self.x, self.y, self.p, strict=True)
        lines = (f'{t:.17g} {x} {y} {p}\n' for t, x, y, p in events)
        (path / 'events.txt').write_text(''.join(lines))
        names = [f'images/frame_{number:08d}.png' for number in range(len(self.images))]
        for name, image in zip(names, self.images, strict=True):
            cv2.imwrite(str(path / name), image)
        stamps = zip(self.images_seconds, names, strict=True)
        (path / 'images.txt').write_text(''.join(f'{t:.17g} {name}\n' for t, name in stamps))
        return path


LAYOUTS = ('npy', 'event_utils', 'mvsec', 'text')


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope='session')
def make_recorded() -> Callable[..., Recorded]:
    """Return a function that makes up a recording of 23x17 pixels with frames."""

    def make(
        n_events: int = 3_000, n_frames: int = 9, start_s: float = 1.5e9, seed: int = 0
    ) -> Recorded:
        chance = np.random.default_rng(seed)
        return Recorded(
            x=chance.integers(0, 23, n_events),
            y=chance.integers(0, 17, n_events),
            p=chance.integers(0, 2, n_events),
            seconds=start_s + np.sort(chance.random(n_events)) / 4,
            images=chance.integers(0, 256, (n_frames, 17, 23), np.uint8),
            images_seconds=start_s + np.linspace(0.01, 0.24, n_frames),
        )

    return make


@pytest.fixture(scope='session')
def moving_spikes():
    """Return what makes spike planes of a texture that moves at a constant velocity."""
    return _moving_spikes


def _moving_spikes(velocity, planes, at, height=72, width=96):
    """Return spikes, uint8 [planes, height, width], and the light: rates of the same shape.

    Args:
        velocity: pixels a plane to the right and down.
        planes: how many.
        at: plane at which the texture lies the same for all velocities.
        height: rows.
        width: columns.
    """
    random, far = np.random.default_rng(4), 64
    texture = random.random((height + 2 * far, width + 2 * far)).astype(np.float32)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    texture = 0.1 + 0.6 * (texture - texture.min()) / np.ptp(texture)
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + far
    gone = [(velocity[0] * (plane - at), velocity[1] * (plane - at)) for plane in range(planes)]
    rates = np.stack([cv2.remap(texture, columns - x, rows - y, cv2.INTER_CUBIC) for x, y in gone])
    whole = np.floor(random.random((height, width)) + np.cumsum(rates, 0, dtype=np.float64))
    return np.diff(whole, axis=0, prepend=0).astype(np.uint8), rates
