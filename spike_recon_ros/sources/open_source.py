# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Choose the source that reads a file.

Comes in: a path. Goes out: a Source. Knows how to tell the formats apart, not how to read them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.aedat4 import Aedat4Source
from spike_recon_ros.sources.bag import FOLDER_PATTERNS
from spike_recon_ros.sources.dataset_source import DatasetSource
from spike_recon_ros.sources.event_dataset import EventDataset
from spike_recon_ros.sources.hdf5 import open_hdf5
from spike_recon_ros.sources.npy_folder import TIMES, NpyFolder
from spike_recon_ros.sources.prophesee_raw import PropheseeRawSource
from spike_recon_ros.sources.rosbag import RosbagSource
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_file import open_spike_file
from spike_recon_ros.sources.spike_layout import sidecar_of
from spike_recon_ros.sources.text_folder import EVENTS_FILE, TextFolder

BAG, RAW, AEDAT4, HDF5 = 'ROS bag', 'Prophesee RAW', 'AEDAT4', 'HDF5'
NPY_FOLDER, TEXT_FOLDER = 'NumPy sequence', 'text sequence'
SPIKES = 'file of spike planes'
DATASETS = (HDF5, NPY_FOLDER, TEXT_FOLDER)
SUFFIXES = {'.bag': BAG, '.mcap': BAG, '.db3': BAG, '.raw': RAW, '.aedat4': AEDAT4}
SUFFIXES |= {'.h5': HDF5, '.hdf5': HDF5, '.dat': SPIKES, '.npz': SPIKES}
PROPHESEE_DAT = b'% Dat'
# How files begin, and the name under which rosbags agrees to open a bag.
MAGICS = (
    (b'#ROSBAG V', BAG, '.bag'),
    (b'\x89MCAP0\r\n', BAG, '.mcap'),
    (b'SQLite format 3\x00', BAG, '.db3'),
    (b'#!AER-DAT4', AEDAT4, None),
    (b'\x89HDF\r\n\x1a\n', HDF5, None),
    (b'% Data file containing', 'Prophesee DAT', None),
    (b'% ', RAW, None),
)
READABLE = (
    'a rosbag2 folder, .mcap, .db3, .bag, .raw (Prophesee), .aedat4, .h5 or .hdf5 (event_utils, '
    f'MVSEC), .dat or .npz (spike planes), a folder with {TIMES} (EVREAL) or {EVENTS_FILE} (ECD)'
)


def open_source(
    path: str | Path,
    topic: str | None = None,
    reference_topic: str | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    planes: Mapping[str, Any] | None = None,
) -> Source:
    """Open a recording of any readable kind.

    Args:
        path: file, or the folder of a rosbag2 bag or of a dataset's sequence.
        topic: events topic of a bag (stream number of an AEDAT4 file); needed where there are
            several. Camera of an MVSEC file; the left one where none is named.
        reference_topic: topic of images or time references whose stamps are yielded as
            `Reference`: of a bag, or `images` of a dataset.
        width: sensor columns for a RAW file whose header is silent or wrong.
        height: sensor rows, likewise.
        planes: what is told about a file of spike planes, fields of SpikeLayout, instead of what
            its sidecar says; with it, a file of any name is taken for one.

    Raises:
        UserError: if there is nothing readable at `path`, with what to do about it.
    """
    path = Path(path)
    kind = _kind(path, bool(planes))
    if planes and kind != SPIKES:
        raise UserError(
            f'{path} is a {kind} and says itself what is in it; leave out what is told about '
            f'planes: {", ".join(planes)}'
        )
    if kind == BAG:
        return RosbagSource(path, topic, reference_topic)
    if kind in DATASETS:
        return DatasetSource(_dataset(kind, path, topic), reference_topic)
    if reference_topic:
        raise UserError(f'{path} is no bag and has no topic {reference_topic} to take times from')
    if kind == AEDAT4:
        return Aedat4Source(path, topic)
    _refuse_topic(kind, path, topic)
    if kind == SPIKES:
        return open_spike_file(path, planes)
    return PropheseeRawSource(path, width=width, height=height)


def open_dataset(path: str | Path) -> EventDataset | None:
    """Open a dataset with events and frames; None if something else is readable at `path`.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    kind = _kind(Path(path))
    return _dataset(kind, Path(path)) if kind in DATASETS else None


def _dataset(kind: str, path: Path, topic: str | None = None) -> EventDataset:
    if kind == HDF5:
        return open_hdf5(path, topic)
    _refuse_topic(kind, path, topic)
    return NpyFolder(path) if kind == NPY_FOLDER else TextFolder(path)


def _refuse_topic(kind: str, path: Path, topic: str | None) -> None:
    if topic:
        raise UserError(f'{path} is a {kind} and has no topics; leave out the topic {topic}')


def is_bag(path: str | Path) -> bool:
    """Whether the path names a bag.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    return _kind(Path(path)) == BAG


def _kind(path: Path, told: bool = False) -> str:
    if not path.exists():
        raise UserError(f'there is no file or folder {path}')
    if path.is_dir():
        if any(next(path.glob(pattern), None) for pattern in FOLDER_PATTERNS):
            return BAG
        for name, kind in ((TIMES, NPY_FOLDER), (EVENTS_FILE, TEXT_FOLDER)):
            if (path / name).exists():
                return kind
        raise UserError(
            f'the folder {path} holds no rosbag2 bag (metadata.yaml, .mcap or .db3 files) and no '
            f'{TIMES} or {EVENTS_FILE}; name the bag folder or a recording in it'
        )
    try:
        with path.open('rb') as file:
            head = file.read(32)
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}') from error
    if not head:
        raise UserError(f'{path} is empty (0 bytes); record or copy it again')
    return _kind_of_file(path, head, told)


def _kind_of_file(path: Path, head: bytes, told: bool) -> str:
    # Packed pixels may look like anything, so the beginning of such a file tells nothing.
    is_dat = path.suffix.lower() == '.dat' and not head.startswith(PROPHESEE_DAT)
    if is_dat or sidecar_of(path).exists():
        return SPIKES
    for magic, kind, suffix in MAGICS:
        if head.startswith(magic):
            if suffix not in (None, path.suffix):
                raise UserError(f'{path} is a ROS bag; rename it so that it ends in {suffix}')
            if kind not in SUFFIXES.values():
                raise UserError(f'{path} is a {kind} file, which is not supported; give the .raw')
            return kind
    if told:
        return SPIKES
    if path.suffix == '.zstd':
        raise UserError(f'{path} is a compressed part of a bag; name its folder instead')
    if kind_by_suffix := SUFFIXES.get(path.suffix.lower()):
        return kind_by_suffix
    raise UserError(f'{path} is not a recording of a known kind; readable are {READABLE}')
