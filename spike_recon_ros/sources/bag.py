# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS 1 and ROS 2 bags as one stream of raw messages.

Comes in: the path of a bag. Goes out: serialized messages in the order of their recording, and
the means to take them apart. Knows how bags are damaged; knows nothing about packets or events.
"""

import heapq
import struct
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from rosbags.rosbag1 import Reader as Reader1
from rosbags.rosbag2 import Reader as Reader2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.message import (
    EVENT_PACKET,
    EVENT_PACKET_FIELDS,
    EVENT_PACKET_OLD,
)
from spike_recon_ros.sources.source import Topic

STORAGE_PATTERNS = ('*.mcap', '*.db3')
FOLDER_PATTERNS = ('metadata.yaml', *STORAGE_PATTERNS)
ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'
CURES = {
    '.mcap': 'try `mcap recover` on it, or record it again',
    '.db3': 'try `sqlite3 OLD ".recover" | sqlite3 NEW` on it, or record it again',
    '.bag': 'try `rosbag reindex` on it, or record it again',
}


class Bag:
    """An open bag: a file, or a rosbag2 folder.

    The definitions inside a bag are not used, because recorders leave them out or write ones that
    no parser takes; the types that are read here have not changed since they were named.

    Raises:
        UserError: if nothing of the bag can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_ros1 = path.suffix == '.bag'
        self._damage: list[str] = []
        self._readers: list[Reader1] | list[Reader2] = (
            [_opened(Reader1, path)] if self.is_ros1 else self._rosbag2_readers()
        )
        self._typestore = _typestore(self.is_ros1)

    def _rosbag2_readers(self) -> list[Reader2]:
        try:
            return [_opened(Reader2, self.path)]
        except UserError as error:
            # A recorder that was killed leaves a folder without a (useful) metadata.yaml, and its
            # last file unfinished. The other files can be read by themselves.
            parts = sorted(part for glob in STORAGE_PATTERNS for part in self.path.glob(glob))
            readers = []
            for part in parts:
                try:
                    readers.append(_opened(Reader2, part))
                except UserError as damage:
                    self._damage.append(str(damage))
            if readers:
                return readers
            raise UserError(self._damage[0] if self._damage else str(error)) from error

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Table of contents, by name."""
        counts: dict[tuple[str, str], int] = {}
        for reader in self._readers:
            for connection in reader.connections:
                key = (connection.topic, connection.msgtype)
                counts[key] = counts.get(key, 0) + connection.msgcount
        return tuple(Topic(*key, count) for key, count in sorted(counts.items()))

    def messages(self, names: Collection[str]) -> Iterator[tuple[Topic, int, bytes]]:
        """Yield the messages of some topics: topic, time of recording (ns), serialized bytes.

        Raises:
            UserError: where the bag is damaged, after what could be read.
        """
        wanted = {topic.name: topic for topic in self.topics if topic.name in names}
        n_expected = sum(topic.n_messages for topic in wanted.values())
        streams = [
            reader.messages([one for one in reader.connections if one.topic in wanted])
            for reader in self._readers
            if any(one.topic in wanted for one in reader.connections)
        ]
        merged = heapq.merge(*streams, key=lambda message: message[1])
        n_read = 0
        while True:
            try:
                connection, t_ns, raw = next(merged)
            except StopIteration:
                break
            except Exception as error:  # damaged bytes provoke anything in the readers
                raise self._damaged(f'{n_read} of {n_expected} messages', error) from error
            yield wanted[connection.topic], t_ns, raw
            n_read += 1
        if self._damage:
            raise UserError(f'{self._damage[0]} (the other files of {self.path} were read)')
        if n_read < n_expected:
            raise self._damaged(f'{n_read} of {n_expected} messages', 'the rest is missing')

    def deserialize(self, raw: bytes, msgtype: str) -> Any:
        """Return a message as an object; its arrays are views of `raw`.

        Raises:
            UserError: if the bytes are not such a message.
        """
        if not self.is_ros1 and raw[:4] == ZSTD_MAGIC:
            raise UserError(f'the messages in {self.path} are compressed; name the bag folder')
        try:
            if self.is_ros1:
                return self._typestore.deserialize_ros1(raw, msgtype)
            return self._typestore.deserialize_cdr(raw, msgtype)
        except Exception as error:  # whatever damaged bytes provoke in generated code
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

    def _damaged(self, how_far: str, error: object) -> UserError:
        return UserError(f'{self.path} is damaged: {how_far} could be read ({_one_line(error)})')

    def close(self) -> None:
        """Close every file of the bag."""
        for reader in self._readers:
            reader.close()
        self._readers = []


def _opened(kind: type[Reader1] | type[Reader2], path: Path) -> Any:
    try:
        reader = kind(path)
        reader.open()
    except PermissionError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}') from error
    except Exception as error:  # damaged bytes provoke anything in the readers
        cure = CURES.get(path.suffix, 'its files must be copied or recorded again')
        raise UserError(
            f'{path} is damaged or cut short, nothing of it could be read '
            f'({_one_line(error)}); {cure}'
        ) from error
    return reader


def _one_line(error: object) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip('.')


@lru_cache
def _typestore(is_ros1: bool) -> Any:
    store = get_typestore(Stores.ROS1_NOETIC if is_ros1 else Stores.ROS2_HUMBLE)
    for name in (EVENT_PACKET, EVENT_PACKET_OLD):
        store.register(get_types_from_msg(EVENT_PACKET_FIELDS, name))
    return store
