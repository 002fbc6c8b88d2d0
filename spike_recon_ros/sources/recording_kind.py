# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Tell the formats of recordings apart, by content first, then by name."""

import re
from itertools import islice
from pathlib import Path

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import check_regular, own_files
from spike_recon_ros.sources.aedat3 import MAGIC as AEDAT3_MAGIC
from spike_recon_ros.sources.archives import check_compressed_text, is_compressed
from spike_recon_ros.sources.array_file import holds_events
from spike_recon_ros.sources.bag import FOLDER_PATTERNS
from spike_recon_ros.sources.bag_folder import METADATA
from spike_recon_ros.sources.evaid_folder import is_evaid
from spike_recon_ros.sources.event_lines import looks_like_events
from spike_recon_ros.sources.event_records import AEDAT2_MAGIC
from spike_recon_ros.sources.event_stream import MAGIC as EVENT_STREAM_MAGIC
from spike_recon_ros.sources.npy_folder import EVIMO, EVREAL
from spike_recon_ros.sources.raw_header import parse_raw_header
from spike_recon_ros.sources.spike_datasets import first_dat
from spike_recon_ros.sources.spike_layout import sidecar_of
from spike_recon_ros.sources.text_folder import EVENTS_FILE

BAG, RAW, AEDAT4, HDF5 = 'ROS bag', 'Prophesee RAW', 'AEDAT4', 'HDF5'
AEDAT2, AEDAT3, DAT = 'AEDAT 2', 'AEDAT 3', 'Prophesee DAT'
NPY_FOLDER, TEXT, ARRAYS = 'NumPy sequence', 'text of events', 'NumPy file of events'
ZIPPED, ATIS, EVAID = 'zip of a text of events', 'N-Caltech101 .bin', 'EVAID sequence'
EVENT_STREAM, COMPRESSED = 'Event Stream', 'compressed text of events'
SPIKES = 'file of spike planes'
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
DEEPEST_RECORDING, MOST_LOOKED_AT = 4, 1_000
"""Folders below one that is no recording, and entries on each level, in which one is looked for;
DSEC has zurich_city_00_a/events/left/events.h5."""
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


def kind_of(path: Path, *, planes: bool = False, raw: bool = False) -> str:
    """Return the kind of a recording.

    Args:
        path: file or folder.
        planes: whether the user gave a layout of spike planes.
        raw: whether the user gave the encoding of a RAW file.

    Raises:
        UserError: if there is nothing readable at `path`; the message says what to do.
    """
    if path.is_dir():
        if _is_bag_folder(path):
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
            f'{_such_as(path)}'
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
    if path.name == METADATA:
        raise UserError(f'{path} describes a bag; name its folder: {path.parent}')
    if recording := _recording_beside(path):
        raise UserError(f'{path} is not a recording of a known kind; did you mean {recording}?')
    raise UserError(f'{path} is not a recording of a known kind; readable are {READABLE}')


def _is_bag_folder(path: Path) -> bool:
    return any(own_files(path.glob(pattern)) for pattern in FOLDER_PATTERNS)


def _such_as(folder: Path) -> str:
    """Return the end of a sentence that names a recording in a folder or below it, or ''."""
    for depth in range(1, DEEPEST_RECORDING + 1):
        below = islice(folder.glob('/'.join('*' * depth)), MOST_LOOKED_AT)
        if found := next(filter(_may_be_recording, own_files(below)), None):
            return f', such as {found}'
    return ''


def _may_be_recording(path: Path) -> bool:
    """Whether a folder has the layout of a recording, or a file a suffix that no other files have.

    Texts may be anything.
    """
    if path.is_dir():
        names = any((path / name).exists() for name in FOLDERS)
        return names or _is_bag_folder(path) or is_evaid(path)
    return SUFFIXES.get(path.suffix.lower(), TEXT) != TEXT


def _recording_beside(path: Path) -> Path | None:
    """Return the recording that a file of settings or an index belongs to, by its name."""
    names = (path.stem, path.name.partition('.')[0])
    beside = (path.with_name(f'{name}{end}') for name in names for end in ('', *SUFFIXES))
    return next(
        (one for one in beside if one != path and one.suffix in SUFFIXES and one.is_file()), None
    )
