# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Open the source that reads a recording, whatever its format."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import EVENT_PACKET
from spike_recon_ros.regular_file import user_path
from spike_recon_ros.sources.aedat3 import Aedat3File
from spike_recon_ros.sources.aedat4 import Aedat4Source
from spike_recon_ros.sources.archives import CompressedText, ZippedText
from spike_recon_ros.sources.array_file import ArrayFile
from spike_recon_ros.sources.atis_file import AtisFile
from spike_recon_ros.sources.bag import Bag
from spike_recon_ros.sources.dataset_source import DatasetSource
from spike_recon_ros.sources.evaid_folder import EvaidFolder
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.event_records import Aedat2File, DatFile
from spike_recon_ros.sources.event_stream import EventStreamSource
from spike_recon_ros.sources.hdf5 import open_hdf5
from spike_recon_ros.sources.npy_folder import NpyFolder
from spike_recon_ros.sources.prophesee_raw import PropheseeRawSource
from spike_recon_ros.sources.recording_kind import (
    AEDAT2,
    AEDAT3,
    AEDAT4,
    ARRAYS,
    ATIS,
    BAG,
    COMPRESSED,
    DAT,
    EVAID,
    EVENT_STREAM,
    HDF5,
    NPY_FOLDER,
    RAW,
    SPIKES,
    TEXT,
    ZIPPED,
    kind_of,
)
from spike_recon_ros.sources.rosbag import RosbagSource
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_file import open_spike_file
from spike_recon_ros.sources.text_folder import TextFolder

DATASETS: dict[str, Callable[[Path, tuple[int, int] | None], EventDataset]] = {
    NPY_FOLDER: NpyFolder,
    TEXT: TextFolder,
    ARRAYS: ArrayFile,
    ZIPPED: ZippedText,
    COMPRESSED: CompressedText,
    ATIS: AtisFile,
    EVAID: EvaidFolder,
    AEDAT2: Aedat2File,
    AEDAT3: Aedat3File,
    DAT: DatFile,
}
"""Kinds that are read as data sets, beside HDF5."""


def open_source(
    path: str | Path,
    topic: str | None = None,
    reference_topic: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    encoding: str | None = None,
    planes: Mapping[str, Any] | None = None,
) -> Source:
    """Open a recording of any readable kind.

    Args:
        path: file, or the folder of a rosbag2 bag or of a data set's sequence.
        topic: events topic of a bag (stream number of an AEDAT4 file); needed where there are
            several. Camera of an MVSEC file; default: the left one.
        reference_topic: topic of images or time references whose stamps are yielded as
            `Reference`: of a bag, or `images` of a data set or an AEDAT4 file.
        size: sensor columns and rows, for files whose header states none or wrong ones.
        encoding: byte format, for RAW files whose header states none or a wrong one.
        planes: fields of SpikeLayout that override the sidecar of a file of spike planes; with
            them, a file of any name is read as one.

    Raises:
        UserError: if there is nothing readable at `path`; the message says what to do.
    """
    path = user_path(path)
    kind = kind_of(path, planes=bool(planes), raw=bool(encoding))
    _refuse_options(kind, path, size, encoding, planes)
    if kind == BAG:
        return RosbagSource(path, topic, reference_topic)
    if kind == HDF5 or kind in DATASETS:
        return DatasetSource(_dataset(kind, path, topic, size), reference_topic)
    if kind == AEDAT4:
        return Aedat4Source(path, topic, reference_topic)
    if reference_topic:
        raise UserError(f'{path} is no bag and has no topic {reference_topic} to take times from')
    _refuse_topic(kind, path, topic)
    if kind == SPIKES:
        return open_spike_file(path, planes)
    if kind == EVENT_STREAM:
        return EventStreamSource(path)
    return PropheseeRawSource(path, size, encoding)


def open_dataset(
    path: str | Path, size: tuple[int, int] | None = None, camera: str | None = None
) -> EventDataset | None:
    """Open a data set with events and frames; None if something else is readable at `path`.

    Args:
        path: file or folder.
        size: sensor columns and rows, for data sets that state none or wrong ones.
        camera: topic of the camera, for files with several.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    path = user_path(path)
    kind = kind_of(path)
    return _dataset(kind, path, camera, size) if kind == HDF5 or kind in DATASETS else None


def _dataset(
    kind: str, path: Path, topic: str | None = None, size: tuple[int, int] | None = None
) -> EventDataset:
    if kind == HDF5:
        return open_hdf5(path, topic, size)
    _refuse_topic(kind, path, topic)
    with reading(path, 'its beginning'):
        return DATASETS[kind](path, size)


def _refuse_options(
    kind: str,
    path: Path,
    size: tuple[int, int] | None,
    encoding: str | None,
    planes: Mapping[str, Any] | None,
) -> None:
    """Refuse options for formats that state these facts themselves."""
    if planes and kind != SPIKES:
        raise UserError(
            f'{path} is a {kind} and states its own layout; leave out the options of spike '
            f'planes: {", ".join(planes)}'
        )
    if encoding and kind != RAW:
        raise UserError(f'{path} is a {kind}; --encoding is for Prophesee RAW, leave it out')
    if size and kind in (BAG, AEDAT4, EVENT_STREAM):
        raise UserError(f'{path} is a {kind} and states its sensor size; leave out --size')
    if size and kind == SPIKES:
        raise UserError(f'{path} is a {kind}; give its size with --plane-size')


def _refuse_topic(kind: str, path: Path, topic: str | None) -> None:
    if topic:
        raise UserError(f'{path} is a {kind} and has no topics; leave out the topic {topic}')


def is_bag(path: str | Path) -> bool:
    """Whether the path names a bag.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    return kind_of(user_path(path)) == BAG


def is_bag_of_packets(path: str | Path) -> bool:
    """Whether a path names a ROS 2 bag with EventPacket messages, which every player publishes.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    path = user_path(path)
    if not is_bag(path) or path.suffix == '.bag':
        return False
    with contextlib.closing(Bag(path)) as bag:
        return any(topic.type == EVENT_PACKET for topic in bag.topics)


def is_aedat4(path: str | Path) -> bool:
    """Whether the path names an AEDAT4 file.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    return kind_of(user_path(path)) == AEDAT4
