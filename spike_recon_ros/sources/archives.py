# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compressed files, and those in zip archives: expanded to a temporary folder and read there."""

import bz2
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.declared_size import most_bytes
from spike_recon_ros.sources.event_dataset import reading
from spike_recon_ros.sources.event_lines import looks_like_events
from spike_recon_ros.sources.temporary_folder import temporary_folder, unpacking
from spike_recon_ros.sources.text_folder import EVENTS_FILE, FRAMES_FILE, TextFolder

BLOCK_BYTES = 2**20
HEAD_BYTES = 4096
TEXTS = ('.txt', '.csv', '.tsv')
COMPRESSIONS: dict[bytes, tuple[Callable[[Path], Any], str]] = {
    b'\x1f\x8b': (gzip.open, 'gunzip'),
    b'BZh': (bz2.open, 'bunzip2'),
    b'\xfd7zXZ\x00': (lzma.open, 'unxz'),
}
"""First bytes of compressed files, what reads them, and the program that unpacks them."""
IMAGES = ('.png', '.jpg', '.jpeg')


class Extracted:
    """Members of an archive in a temporary folder, which is removed by `close`.

    Args:
        path: of the archive.
        members: names of the members to extract, and the names that they get.

    Raises:
        UserError: a member declares more than its compressed bytes can hold, or is damaged.
    """

    def __init__(self, path: Path, members: Iterable[tuple[str, str]]) -> None:
        self._folder = temporary_folder(path)
        self.folder = Path(self._folder.name) / path.name
        try:
            with reading(path, 'the archive'), unpacking(path), zipfile.ZipFile(path) as archive:
                for name, new_name in members:
                    _extract(path, archive, archive.getinfo(name), self.folder / new_name)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()


def member_names(path: Path) -> list[str]:
    """Return the names of the files in an archive, without those that macOS adds.

    Raises:
        UserError: if it is damaged.
    """
    with reading(path, 'its table of contents'), zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if not _is_left_out(name)]


def _is_left_out(name: str) -> bool:
    return name.endswith('/') or name.startswith('__MACOSX/') or '/._' in f'/{name}'


class ZippedText(TextFolder):
    """A text of events in a zip archive: that of E2VID, or a sequence of ECD with its frames.

    Args:
        path: the archive, with `events.txt`, or with one text.
        size: width and height of the sensor, instead of what the text states.

    Raises:
        UserError: it holds no text of events or several, or it is damaged.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        self._extracted = Extracted(path, _members_of_text(path))
        try:
            super().__init__(self._extracted.folder, size, named=path)
        except BaseException:
            self._extracted.close()
            raise

    def close(self) -> None:
        """Remove the extracted files."""
        self._extracted.close()


class CompressedText(TextFolder):
    """A text of events that gzip, bzip2 or xz compressed; a cut file is read as far as it goes.

    Args:
        path: the file.
        size: width and height of the sensor, instead of what the text states.

    Raises:
        UserError: it is damaged, or not a text of events.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        self._folder = temporary_folder(path)
        text = Path(self._folder.name) / path.stem
        try:
            with reading(path, 'the compressed text'), unpacking(path):
                is_cut = _expand(path, text)
            super().__init__(text, size, named=path)
        except BaseException:
            self.close()
            raise
        if is_cut:
            self.warn(f'{path} is cut short; it is read as far as it goes')

    def close(self) -> None:
        """Remove the expanded text."""
        self._folder.cleanup()


def is_compressed(head: bytes) -> bool:
    """Whether a file begins like one that gzip, bzip2 or xz compressed."""
    return _compression(head) is not None


def check_compressed_text(path: Path, head: bytes) -> None:
    """Check that a compressed file holds a text of events.

    Args:
        path: the file.
        head: its first bytes.

    Raises:
        UserError: it holds something else, which has to be unpacked first.
    """
    found = _compression(head)
    assert found is not None
    opener, program = found
    with suppress(OSError, EOFError, lzma.LZMAError, zlib.error), opener(path) as packed:
        if looks_like_events(packed.read1(HEAD_BYTES)):
            return
    raise UserError(
        f'{path} is compressed, and not a text of events; unpack it first: {program} -k {path}'
    )


def _compression(head: bytes) -> tuple[Callable[[Path], Any], str] | None:
    return next((found for magic, found in COMPRESSIONS.items() if head.startswith(magic)), None)


def _expand(path: Path, out: Path) -> bool:
    """Write what a compressed file holds; return whether its end is missing."""
    with path.open('rb') as file:
        found = _compression(file.read(8))
    assert found is not None
    left = most_bytes(path.stat().st_size)
    with found[0](path) as packed, out.open('wb') as plain:
        while True:
            try:
                block = packed.read1(BLOCK_BYTES)
            except EOFError:
                return True
            if not block:
                return False
            left -= plain.write(block)
            if left < 0:
                raise UserError(f'{path} expands to far more than its size; it is damaged')


def _members_of_text(path: Path) -> list[tuple[str, str]]:
    names = member_names(path)
    places = {PurePosixPath(name): name for name in names}
    found = [one for one in places if one.name == EVENTS_FILE]
    found = found or [one for one in places if one.suffix.lower() in TEXTS]
    if len(found) != 1:
        held = shown(', '.join(names[:5])) or 'nothing'
        raise UserError(
            f'{path} must hold one {EVENTS_FILE} or one text of events; it holds: {held}; extract '
            'it and name the recording in it'
        )
    folder = found[0].parent
    members = [(places[found[0]], EVENTS_FILE)]
    if folder / FRAMES_FILE in places:
        members.append((places[folder / FRAMES_FILE], FRAMES_FILE))
        members += [
            (name, str(place.relative_to(folder)))
            for place, name in places.items()
            if place.suffix.lower() in IMAGES
            and folder in place.parents
            and '..' not in place.parts
        ]
    return members


def _extract(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, out: Path) -> None:
    if info.file_size > most_bytes(info.compress_size):
        raise UserError(
            f'{path} declares {info.file_size:,} bytes of {shown(info.filename)} in '
            f'{info.compress_size:,} compressed ones; the file is damaged, copy it again'
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out.parent).free
    if info.file_size > free:
        raise UserError(
            f'{path} needs {info.file_size:,} bytes in the temporary folder, where {free:,} are '
            'free; set TMPDIR to a folder with more room, or extract it by hand'
        )
    # The member ends after the declared size, so this cannot write more.
    with archive.open(info) as member, out.open('wb') as file:
        shutil.copyfileobj(member, file, BLOCK_BYTES)
