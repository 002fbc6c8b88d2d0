# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS 1 and ROS 2 bags as one stream of raw messages.

Unfinished and cut files are read as far as they go, and reported.
"""

import heapq
import struct
import tempfile
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.packet import (
    EVENT_PACKET,
    EVENT_PACKET_FIELDS,
    EVENT_PACKET_OLD,
)
from spike_recon_ros.regular_file import check_regular
from spike_recon_ros.sources.bag_file import BagFile, Message, expand
from spike_recon_ros.sources.bag_folder import (
    COMPRESSED,
    FILE_PATTERNS,
    METADATA,
    BagFolder,
    expanded_file,
    read_folder,
)
from spike_recon_ros.sources.mcap_file import MAGIC as MCAP_MAGIC
from spike_recon_ros.sources.mcap_file import McapFile
from spike_recon_ros.sources.ros1_file import Ros1File
from spike_recon_ros.sources.source import Topic, closed
from spike_recon_ros.sources.sqlite_file import MAGIC as SQLITE_MAGIC
from spike_recon_ros.sources.sqlite_file import SqliteFile
from spike_recon_ros.sources.temporary_folder import temporary_folder, unpacking

FOLDER_PATTERNS = (METADATA, *FILE_PATTERNS)
ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
LARGEST_MESSAGE = 2**30
READABLE_ENCODINGS = ('cdr', 'ros1', '')
CURES = {
    '.mcap': 'try `mcap recover` on it, or record it again',
    '.db3': 'try `sqlite3 OLD ".recover" | sqlite3 NEW` on it, or record it again',
    '.bag': 'try `rosbag reindex` on it, or record it again',
}


class Bag:
    """An open bag: a file, or a rosbag2 folder.

    The message definitions inside a bag are not used, because recorders leave them out or write
    ones that no parser accepts; the types that are read here have not changed since they were
    named.

    Attributes:
        path: file or folder.
        is_ros1: whether its messages are of ROS 1.
        warnings: sentences for people about files that are unfinished, cut or missing.

    Raises:
        UserError: if nothing of the bag can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_ros1 = path.suffix == '.bag'
        self.warnings: tuple[str, ...] = ()
        self._damage: list[str] = []
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._folder = read_folder(path) if path.is_dir() else BagFolder((path,))
        self.warnings += self._folder.warnings
        self._files: list[BagFile] = []
        try:
            self._open_files()
        except BaseException:
            self.close()
            raise
        self._typestore = _typestore(self.is_ros1)

    def _open_files(self) -> None:
        for file in self._folder.files:
            try:
                opened = self._opened(file)
            except UserError as error:
                self._damage.append(str(error))
                continue
            self._files.append(opened)
            self.warnings += opened.warnings
            if opened.damage:
                self._damage.append(
                    f'{file} is damaged: {sum(opened.counts.values())} messages could be read '
                    f'({_one_line(opened.damage)})'
                )
        if not self._files:
            raise UserError(self._damage[0])

    def _opened(self, file: Path) -> BagFile:
        check_regular(file)
        try:
            if file.suffix == COMPRESSED:
                self._temporary = self._temporary or temporary_folder(file)
                with unpacking(file):
                    file = expanded_file(file, self._temporary)
            with file.open('rb') as opened:
                head = opened.read(16)
            if head.startswith(SQLITE_MAGIC):
                return SqliteFile(file)
            if head.startswith(MCAP_MAGIC):
                return McapFile(file)
            if self.is_ros1:
                return Ros1File(file)
            raise ValueError('it begins like no bag' if head else 'it is empty')
        except PermissionError as error:
            raise UserError(f'{file} cannot be read: {error.strerror}') from error
        except UserError:
            raise
        except Exception as error:  # damaged bytes provoke anything in the readers
            cure = CURES.get(file.suffix, 'its files must be copied or recorded again')
            raise UserError(
                f'{file} is damaged or cut short, nothing of it could be read '
                f'({_one_line(error)}); {cure}'
            ) from error

    @property
    def is_unfinished(self) -> bool:
        """Whether the end of one of its files is missing."""
        return any(file.is_unfinished for file in self._files)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Table of contents, by name."""
        counts: dict[tuple[str, str], int] = {}
        for file in self._files:
            for number, one in file.connections.items():
                key = (one.topic, one.type)
                counts[key] = counts.get(key, 0) + file.counts[number]
        return tuple(Topic(*key, count) for key, count in sorted(counts.items()))

    def messages(self, names: Collection[str]) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield the messages of some topics: topic, time of recording (ns), serialized bytes.

        Raises:
            UserError: where the bag is damaged, after what could be read; or it is closed.
        """
        self._check_open()
        wanted = {(topic.name, topic.type): topic for topic in self.topics if topic.name in names}
        n_expected = sum(topic.n_messages for topic in wanted.values())
        self._check_encodings(names)
        merged = heapq.merge(*(_tagged(file, names) for file in self._files), key=_time_of)
        n_read = 0
        while True:
            try:
                file, message = next(merged)
                data = self._plain(message.data)
            except StopIteration:
                break
            except Exception as error:  # damaged bytes provoke anything in the readers
                raise self._damaged(f'{n_read} of {n_expected} messages', error) from error
            one = file.connections[message.connection]
            yield wanted[one.topic, one.type], message.t_ns, data
            n_read += 1
        if self._damage:
            others = f' (the other files of {self.path} were read)' if len(self._files) > 1 else ''
            raise UserError(f'{self._damage[0]}{others}')
        if n_read < n_expected:
            reasons = [file.damage for file in self._files if file.damage]
            raise self._damaged(
                f'{n_read} of {n_expected} messages', [*reasons, 'the rest is missing'][0]
            )
        self._compare_with_metadata()

    def _compare_with_metadata(self) -> None:
        found = sum(topic.n_messages for topic in self.topics)
        stated = self._folder.n_messages
        if self._files and stated is not None and found < stated:
            sentence = f'{self.path} holds {found:,} of the {stated:,} messages that it announces'
            if sentence not in self.warnings:
                self.warnings += (sentence,)

    def _check_encodings(self, names: Collection[str]) -> None:
        for file in self._files:
            for one in file.connections.values():
                if one.topic in names and one.encoding not in READABLE_ENCODINGS:
                    raise UserError(
                        f'{shown(one.topic)} in {file.path} is serialized as '
                        f'{shown(one.encoding)}, which cannot be read; record it with ROS 2'
                    )

    def _plain(self, data: bytes) -> bytes:
        """Return a message without its own compression."""
        # No message of ROS 2 begins so, whatever `metadata.yaml` states or whether it is there.
        if not self.is_ros1 and data[:4] == ZSTD_MAGIC:
            return expand(data, 'zstd', _content_bytes(data))
        return data

    def deserialize(self, raw: bytes, msgtype: str) -> Any:
        """Return a message as an object; its arrays are views of `raw`.

        Raises:
            UserError: if the bytes are not such a message.
        """
        try:
            if self.is_ros1:
                return self._typestore.deserialize_ros1(raw, msgtype)
            return self._typestore.deserialize_cdr(raw, msgtype)
        except Exception as error:  # damaged bytes provoke anything in generated code
            raise self._damaged(f'no {msgtype} in a message', error) from error

    def stamp_ns(self, raw: bytes) -> int:
        """Return the stamp of a message that begins with a std_msgs/Header."""
        try:
            if self.is_ros1:
                seconds, nanoseconds = struct.unpack_from('<II', raw, 4)
            else:
                order = '<' if raw[1] & 1 else '>'
                seconds, nanoseconds = struct.unpack_from(f'{order}iI', raw, 4)
        except (struct.error, IndexError) as error:
            raise self._damaged('no header in a message', error) from error
        return seconds * 1_000_000_000 + nanoseconds

    def frame_id(self, raw: bytes) -> bytes:
        """Return the frame_id of such a message, as it was written."""
        try:
            order = '<' if self.is_ros1 or raw[1] & 1 else '>'
            (length,) = struct.unpack_from(f'{order}I', raw, 12)
        except (struct.error, IndexError) as error:
            raise self._damaged('no header in a message', error) from error
        return bytes(raw[16 : 16 + length])

    def _check_open(self) -> None:
        if not self._files:
            raise closed(self.path)

    def _damaged(self, how_far: str, error: object) -> UserError:
        self._check_open()  # a file that was closed while it was read looks damaged
        return UserError(f'{self.path} is damaged: {how_far} could be read ({_one_line(error)})')

    def close(self) -> None:
        """Close every file of the bag."""
        for file in self._files:
            file.close()
        self._files = []
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None


def _tagged(file: BagFile, names: Collection[str]) -> Iterator[tuple[BagFile, Message]]:
    return ((file, message) for message in file.messages(names))


def _time_of(tagged: tuple[BagFile, Message]) -> int:
    return tagged[1].t_ns


def _content_bytes(data: bytes) -> int:
    """Return the size that a compressed message declares."""
    import zstandard  # noqa: PLC0415 -- only few bags need it

    declared = zstandard.frame_content_size(data)
    return declared if 0 <= declared <= LARGEST_MESSAGE else LARGEST_MESSAGE


def _one_line(error: object) -> str:
    text = str(error).strip() or type(error).__name__
    return shown(text.splitlines()[0].rstrip('.'))


@lru_cache
def _typestore(is_ros1: bool) -> Any:
    store = get_typestore(Stores.ROS1_NOETIC if is_ros1 else Stores.ROS2_HUMBLE)
    for name in (EVENT_PACKET, EVENT_PACKET_OLD):
        store.register(get_types_from_msg(EVENT_PACKET_FIELDS, name))
    return store
