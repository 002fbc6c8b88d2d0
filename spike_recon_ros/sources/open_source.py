# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Choose the source that reads a file.

Comes in: a path. Goes out: a Source. Knows how to tell the formats apart, not how to read them.
"""

from pathlib import Path

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.aedat4 import Aedat4Source
from spike_recon_ros.sources.bag import FOLDER_PATTERNS
from spike_recon_ros.sources.prophesee_raw import PropheseeRawSource
from spike_recon_ros.sources.rosbag import RosbagSource
from spike_recon_ros.sources.source import Source

BAG, RAW, AEDAT4 = 'ROS bag', 'Prophesee RAW', 'AEDAT4'
SUFFIXES = {'.bag': BAG, '.mcap': BAG, '.db3': BAG, '.raw': RAW, '.aedat4': AEDAT4}
# How files begin, and the name under which rosbags agrees to open a bag.
MAGICS = (
    (b'#ROSBAG V', BAG, '.bag'),
    (b'\x89MCAP0\r\n', BAG, '.mcap'),
    (b'SQLite format 3\x00', BAG, '.db3'),
    (b'#!AER-DAT4', AEDAT4, None),
    (b'% Data file containing', 'Prophesee DAT', None),
    (b'% ', RAW, None),
)
READABLE = 'a rosbag2 folder, .mcap, .db3, .bag, .raw (Prophesee) or .aedat4'


def open_source(
    path: str | Path,
    topic: str | None = None,
    reference_topic: str | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
) -> Source:
    """Open a recording of any readable kind.

    Args:
        path: file, or the folder of a rosbag2 bag.
        topic: events topic of a bag (stream number of an AEDAT4 file); needed where there are
            several.
        reference_topic: topic of images or time references whose stamps are yielded as
            `Reference`; bags only.
        width: sensor columns for a RAW file whose header is silent or wrong.
        height: sensor rows, likewise.

    Raises:
        UserError: if there is nothing readable at `path`, with what to do about it.
    """
    path = Path(path)
    kind = _kind(path)
    if kind == BAG:
        return RosbagSource(path, topic, reference_topic)
    if reference_topic:
        raise UserError(f'{path} is no bag and has no topic {reference_topic} to take times from')
    if kind == AEDAT4:
        return Aedat4Source(path, topic)
    if topic:
        raise UserError(f'{path} is a {kind} file and has no topics; leave out the topic {topic}')
    return PropheseeRawSource(path, width=width, height=height)


def is_bag(path: str | Path) -> bool:
    """Whether the path names a bag.

    Raises:
        UserError: if there is nothing readable at `path`.
    """
    return _kind(Path(path)) == BAG


def _kind(path: Path) -> str:
    if not path.exists():
        raise UserError(f'there is no file or folder {path}')
    if path.is_dir():
        if any(next(path.glob(pattern), None) for pattern in FOLDER_PATTERNS):
            return BAG
        raise UserError(
            f'the folder {path} holds no rosbag2 bag (metadata.yaml, .mcap or .db3 files); '
            'name the bag folder or a recording in it'
        )
    try:
        with path.open('rb') as file:
            head = file.read(32)
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}') from error
    if not head:
        raise UserError(f'{path} is empty (0 bytes); record or copy it again')
    return _kind_of_file(path, head)


def _kind_of_file(path: Path, head: bytes) -> str:
    for magic, kind, suffix in MAGICS:
        if head.startswith(magic):
            if suffix not in (None, path.suffix):
                raise UserError(f'{path} is a ROS bag; rename it so that it ends in {suffix}')
            if kind not in SUFFIXES.values():
                raise UserError(f'{path} is a {kind} file, which is not supported; give the .raw')
            return kind
    if path.suffix == '.zstd':
        raise UserError(f'{path} is a compressed part of a bag; name its folder instead')
    if kind_by_suffix := SUFFIXES.get(path.suffix.lower()):
        return kind_by_suffix
    raise UserError(f'{path} is not a recording of a known kind; readable are {READABLE}')
