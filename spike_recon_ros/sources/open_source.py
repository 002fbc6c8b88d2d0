# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tell the formats of recordings apart and open the source that reads each."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import check_regular, user_path
from spike_recon_ros.sources.aedat3 import MAGIC as AEDAT3_MAGIC
from spike_recon_ros.sources.aedat3 import Aedat3File
from spike_recon_ros.sources.aedat4 import Aedat4Source
from spike_recon_ros.sources.archives import (
    CompressedText,
    ZippedText,
    check_compressed_text,
    is_compressed,
)
from spike_recon_ros.sources.array_file import ArrayFile, holds_events
from spike_recon_ros.sources.atis_file import AtisFile
from spike_recon_ros.sources.bag import FOLDER_PATTERNS
from spike_recon_ros.sources.dataset_source import DatasetSource
from spike_recon_ros.sources.evaid_folder import EvaidFolder, is_evaid
from spike_recon_ros.sources.event_dataset import EventDataset, reading
from spike_recon_ros.sources.event_lines import looks_like_events
from spike_recon_ros.sources.event_records import AEDAT2_MAGIC, Aedat2File, DatFile
from spike_recon_ros.sources.event_stream import MAGIC as EVENT_STREAM_MAGIC
from spike_recon_ros.sources.event_stream import EventStreamSource
from spike_recon_ros.sources.hdf5 import open_hdf5
from spike_recon_ros.sources.npy_folder import EVIMO, EVREAL, NpyFolder
from spike_recon_ros.sources.prophesee_raw import PropheseeRawSource
from spike_recon_ros.sources.raw_header import parse_raw_header
from spike_recon_ros.sources.rosbag import RosbagSource
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_datasets import first_dat
from spike_recon_ros.sources.spike_file import open_spike_file
from spike_recon_ros.sources.spike_layout import sidecar_of
from spike_recon_ros.sources.text_folder import EVENTS_FILE, TextFolder

BAG, RAW, AEDAT4, HDF5 = 'ROS bag', 'Prophesee RAW', 'AEDAT4', 'HDF5'
AEDAT2, AEDAT3, DAT = 'AEDAT 2', 'AEDAT 3', 'Prophesee DAT'
NPY_FOLDER, TEXT, ARRAYS = 'NumPy sequence', 'text of events', 'NumPy file of events'
ZIPPED, ATIS, EVAID = 'zip of a text of events', 'N-Caltech101 .bin', 'EVAID sequence'
EVENT_STREAM, COMPRESSED = 'Event Stream', 'compressed text of events'
SPIKES = 'file of spike planes'
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
SUFFIXES = {
    **dict.fromkeys(('.bag', '.mcap', '.db3'), BAG),
    **dict.fromkeys(('.txt', '.csv', '.tsv'), TEXT),
    '.raw': RAW,
    '.aedat4': AEDAT4,
    '.h5': HDF5,
    '.hdf5': HDF5,
    '.dat': SPIKES,
    '.npz': SPIKES,
    '.zip': ZIPPED,
    '.bin': ATIS,
}
FOLDERS = {EVREAL[0]: NPY_FOLDER, EVIMO[0]: NPY_FOLDER, EVENTS_FILE: TEXT}
"""Kinds of folders, by a file in them."""
HEAD_BYTES = 4096
DAT_FIRST_LINE = re.compile(rb'%[ \t]*[A-Za-z][\t -~\x80-\xff]*\r?\n')
# How files begin, and the suffix by which a bag is opened.
MAGICS = (
    (b'#ROSBAG V', BAG, '.bag'),
    (b'\x89MCAP0\r\n', BAG, '.mcap'),
    (b'SQLite format 3\x00', BAG, '.db3'),
    (b'#!AER-DAT4', AEDAT4, None),
    (AEDAT3_MAGIC, AEDAT3, None),
    (AEDAT2_MAGIC, AEDAT2, None),
    (b'\x89HDF\r\n\x1a\n', HDF5, None),
    (b'\x93NUMPY', ARRAYS, None),
    (EVENT_STREAM_MAGIC, EVENT_STREAM, None),
    (b'% Data file containing', DAT, None),
    (b'% ', RAW, None),
)
READABLE = (
    'a rosbag2 folder, .mcap, .db3, .bag, .raw or .dat (Prophesee), .aedat4, .aedat (2 and 3.1), '
    '.h5 or .hdf5 (event_utils, DSEC, Metavision, v2e, MVSEC, columns), a text, also in .zip, '
    '.gz, .bz2 or .xz, .npz or .npy (columns), .es, .bin (N-Caltech101), .dat or .npz (spike '
    f'planes), a folder with {EVREAL[0]} (EVREAL), {EVENTS_FILE} (ECD, E2VID) or event/ (EVAID)'
)


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
    kind = _kind(path, planes=bool(planes), raw=bool(encoding))
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
    width, height = size or (None, None)
    return PropheseeRawSource(path, width=width, height=height, encoding=encoding)


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
    kind = _kind(path)
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
    return _kind(user_path(path)) == BAG


def is_aedat4(path: str | Path) -> bool:
    """Whether the path names an AEDAT4 file.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    return _kind(user_path(path)) == AEDAT4


def _kind(path: Path, *, planes: bool = False, raw: bool = False) -> str:
    """Return the kind of a recording.

    Args:
        path: file or folder.
        planes: whether the user gave a layout of spike planes.
        raw: whether the user gave the encoding of a RAW file.
    """
    if path.is_dir():
        if any(next(path.glob(pattern), None) for pattern in FOLDER_PATTERNS):
            return BAG
        for name, kind in FOLDERS.items():
            if (path / name).exists():
                check_regular(path / name)
                return kind
        if is_evaid(path):
            return EVAID
        if dat := first_dat(path):
            raise UserError(
                f'the folder {path} holds several recordings; name one of them, such as {dat}, or '
                'score all clips of spike planes with spike-recon evaluate'
            )
        raise UserError(
            f'the folder {path} holds no rosbag2 bag (metadata.yaml, .mcap or .db3 files) and no '
            f'{EVREAL[0]} or {EVENTS_FILE}; name the bag folder or a recording in it'
        )
    check_regular(path)
    try:
        with path.open('rb') as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}') from error
    if not head:
        raise UserError(f'{path} is empty (0 bytes); record or copy it again')
    if sidecar_of(path).exists():
        return SPIKES
    if planes or raw:
        is_dat = path.suffix.lower() == '.dat'
        stated = None if is_dat else _kind_by_content(path, head)
        return stated or (SPIKES if planes else RAW)
    return _kind_of_file(path, head)


def _kind_by_content(path: Path, head: bytes) -> str | None:
    """Return the kind that the first bytes state; None = they state none."""
    for magic, kind, bag_suffix in MAGICS:
        if head.startswith(magic):
            if bag_suffix not in (None, path.suffix):
                raise UserError(f'{path} is a ROS bag; rename it so that it ends in {bag_suffix}')
            if kind == RAW and _is_commented_text(path, head):
                return TEXT
            return kind
    return None


def _is_commented_text(path: Path, head: bytes) -> bool:
    """Whether a file with lines of `% ` is a text of events, not Prophesee RAW."""
    header = parse_raw_header(head)
    is_raw = header.encoding or header.unsupported
    return SUFFIXES.get(path.suffix.lower()) == TEXT and not is_raw


def _kind_of_file(path: Path, head: bytes) -> str:
    suffix = path.suffix.lower()
    if suffix == '.dat':
        # Packed pixels may begin with any bytes, so a DAT needs a whole line of text.
        return DAT if DAT_FIRST_LINE.match(head) else SPIKES
    if kind := _kind_by_content(path, head):
        return kind
    if suffix == '.zstd':
        raise UserError(f'{path} is a compressed part of a bag; name its folder instead')
    if suffix == '.aedat' or head.startswith(b'#!AER-DAT'):
        version = shown(head.partition(b'\n')[0].strip().decode('latin-1'), 40)
        raise UserError(
            f'{path} is AEDAT of an unknown version ({version}); convert it to AEDAT4 with dv-gui'
        )
    if suffix == '.npz' and holds_events(path):
        return ARRAYS
    if is_compressed(head):
        check_compressed_text(path, head)
        return COMPRESSED
    if kind_by_suffix := SUFFIXES.get(suffix):
        return kind_by_suffix
    if looks_like_events(head):
        return TEXT
    raise UserError(f'{path} is not a recording of a known kind; readable are {READABLE}')
