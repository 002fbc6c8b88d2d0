# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a rosbag2 folder holds: the files that `metadata.yaml` lists.

Only this is taken from `metadata.yaml`: recorders differ in the rest, and a killed one writes
none.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import zstandard

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.regular_file import own_files
from spike_recon_ros.small_yaml import read_small_yaml
from spike_recon_ros.sources.bag_file import LARGEST_RATIO, SMALL_BYTES

METADATA = 'metadata.yaml'
STORAGE_PATTERNS = ('*.mcap', '*.db3')
COMPRESSED = '.zstd'
FILE_PATTERNS = (*STORAGE_PATTERNS, *(f'{glob}{COMPRESSED}' for glob in STORAGE_PATTERNS))
LARGEST_METADATA = 2**22


@dataclass(frozen=True, slots=True)
class BagFolder:
    """The files of a folder.

    Attributes:
        files: in the order of recording.
        n_messages: announced count; None = not stated.
        warnings: sentences for people about a missing or damaged `metadata.yaml`, or files.
    """

    files: tuple[Path, ...]
    n_messages: int | None = None
    warnings: tuple[str, ...] = ()


def read_folder(path: Path) -> BagFolder:
    """List the files of a rosbag2 folder.

    Raises:
        UserError: if there is none.
    """
    warnings: tuple[str, ...] = ()
    stated: dict[str, Any] = {}
    try:
        stated = _metadata(path / METADATA)
    except (OSError, ValueError) as error:
        reason = 'it is missing' if isinstance(error, OSError) else str(error)
        warnings += (f'{path / METADATA} is not used ({reason}); all files of {path} are read',)
    names = stated.get('relative_file_paths')
    names = [PurePath(str(name)).name for name in names] if isinstance(names, list) else []
    listed = [path / name for name in names if name]
    there = [file for file in listed if file.exists()]
    missing = [file.name for file in listed if not file.exists()]
    if there and missing:
        warnings += (f'{path} lacks files that it lists: {shown(", ".join(missing))}',)
    present = own_files(part for glob in FILE_PATTERNS for part in path.glob(glob))
    if there and (others := [file.name for file in present if file not in there]):
        warnings += (
            f'{path / METADATA} does not list {shown(", ".join(others))}, so it is not read; run '
            '`ros2 bag reindex`, or remove metadata.yaml, to read all files',
        )
    files = there or present
    if not files:
        raise UserError(f'{path} holds no .mcap or .db3 file; copy or record the bag again')
    count = stated.get('message_count')
    return BagFolder(
        tuple(files),
        count if isinstance(count, int) and there and not missing else None,
        warnings,
    )


def _metadata(file: Path) -> dict[str, Any]:
    file.stat()  # a missing file is no wrong input
    content = read_small_yaml(file, LARGEST_METADATA)
    stated = content.get('rosbag2_bagfile_information') if isinstance(content, dict) else None
    if not isinstance(stated, dict):
        raise ValueError('it does not describe a bag')
    return stated


def expanded_file(file: Path, folder: 'tempfile.TemporaryDirectory[str]') -> Path:
    """Decompress a file of a bag into a temporary folder, in bounded pieces.

    Raises:
        UserError: if it is damaged, or expands beyond all measure.
    """
    target = Path(folder.name) / file.name.removesuffix(COMPRESSED)
    most = max(SMALL_BYTES, LARGEST_RATIO * file.stat().st_size)
    written = 0
    try:
        with (
            file.open('rb') as compressed,
            zstandard.ZstdDecompressor().stream_reader(compressed) as reader,
            target.open('wb') as plain,
        ):
            while part := reader.read(2**20):
                written += plain.write(part)
                if written > most:
                    raise UserError(f'{file} expands to more than {most:,} bytes; it is damaged')
    except zstandard.ZstdError as error:
        raise UserError(f'{file} is damaged ({error}); copy it again') from error
    return target
