# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""rosbag2 files of SQLite (`.db3`), also as a killed recorder leaves them.

What SQLite has not merged into the database yet lies in `.db3-wal` beside it. Opening such a
database would write to it, so both files are copied and the copy is opened. A cut database is
copied, too, and its header corrected.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from spike_recon_ros.regular_file import check_regular
from spike_recon_ros.sources.bag_file import BagFile, Connection, Message
from spike_recon_ros.sources.temporary_folder import temporary_folder, unpacking
from spike_recon_ros.sources.unwritten_tail import written_bytes

MAGIC = b'SQLite format 3\x00'
PAGE_COUNT_AT = 28
LEFT_BY_WRITERS = ('-wal', '-journal')
LONGEST_VALUE = 2**30
LIMIT_LENGTH = 0
"""SQLITE_LIMIT_LENGTH of SQLite's interface; Python names it from 3.11 on."""


class SqliteFile(BagFile):
    """One database.

    Raises:
        ValueError: if its tables are not those of a bag.
        sqlite3.Error: if it is damaged.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._n_bytes = path.stat().st_size
        self._is_cut = self._find_cut()
        try:
            self._open()
        except sqlite3.DatabaseError:
            # A sound database may end in zeros, so they count only where it cannot be read.
            self._n_bytes, zeros = written_bytes(path, 0, self._page_bytes)
            if self._is_cut or not zeros:
                raise
            self._is_cut = True
            self._open()

    def _open(self) -> None:
        opened = self._copy() or self.path
        # A closed database does not change; `immutable` opens it in read-only folders as well.
        mode = 'mode=ro&immutable=1' if self._folder is None else 'mode=rw'
        self._database = sqlite3.connect(
            f'file:{quote(str(opened.resolve()))}?{mode}', uri=True, check_same_thread=False
        )
        try:
            self._read_tables()
        except BaseException:
            self.close()
            raise

    def _copy(self) -> Path | None:
        """Copy a database that was not closed, with what lies beside it; None = it was closed."""
        left = [self.path.with_name(self.path.name + end) for end in LEFT_BY_WRITERS]
        left = [file for file in left if file.exists() and file.stat().st_size]
        if not left and not self._is_cut:
            return None
        self._folder = temporary_folder(self.path)
        copy = Path(self._folder.name) / 'bag.db3'
        with unpacking(self.path):
            shutil.copyfile(self.path, copy)
        if not left:
            # SQLite refuses a file whose length is not what its header says.
            with copy.open('r+b') as database:
                database.truncate(self._n_bytes)
                database.seek(PAGE_COUNT_AT)
                database.write((self._n_bytes // self._page_bytes).to_bytes(4, 'big'))
            self.warn_cut()
            return copy
        for file in left:
            check_regular(file)
            with unpacking(self.path):
                shutil.copyfile(file, copy.with_name(copy.name + file.name[len(self.path.name) :]))
        self.warnings += (f'{self.path} was not closed; {left[0].name} beside it is read as well',)
        return copy

    def _read_tables(self) -> None:
        database = self._database
        database.text_factory = lambda raw: raw.decode('utf-8', 'replace')
        set_limit = getattr(database, 'setlimit', None)  # Python 3.11
        if set_limit is not None:
            n_bytes = max(self._n_bytes, 2**20)
            set_limit(LIMIT_LENGTH, min(n_bytes, LONGEST_VALUE))
        tables = dict(
            database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        )
        for name in ('topics', 'messages'):
            # Other kinds of tables run code of the file's author.
            if 'VIRTUAL' in (tables.get(name) or 'VIRTUAL').upper().split('(')[0]:
                raise ValueError(f'it has no table {name}')
        rows = database.execute('SELECT id, name, type, serialization_format FROM topics')
        self.connections = {number: Connection(*map(str, rest)) for number, *rest in rows}
        self._count()

    def _find_cut(self) -> bool:
        """Whether the file is shorter than the pages that its header counts."""
        with self.path.open('rb') as file:
            head = file.read(100)
        page_bytes = int.from_bytes(head[16:18], 'big')
        self._page_bytes = 65_536 if page_bytes == 1 else max(page_bytes, 512)
        n_pages = int.from_bytes(head[PAGE_COUNT_AT : PAGE_COUNT_AT + 4], 'big')
        return self._n_bytes < self._page_bytes * n_pages

    def _count(self) -> None:
        if not self._is_cut:
            query = 'SELECT topic_id, count(*) FROM messages GROUP BY topic_id'
            self.counts.update(dict(self._database.execute(query).fetchall()))
            return
        for message in self._in_stored_order():
            self.counts[message.connection] += 1

    def messages(self, topics: Collection[str]) -> Iterator[Message]:
        """Yield the messages of some topics by time; of a cut file in stored order."""
        wanted = self.wanted(topics)
        if self._is_cut:
            rows = self._in_stored_order()
            yield from (message for message in rows if message.connection in wanted)
            return
        marks = ', '.join('?' * len(wanted))
        query = (
            f'SELECT topic_id, timestamp, data FROM messages WHERE topic_id IN ({marks}) '
            'ORDER BY timestamp, id'
        )
        yield from map(_message, self._database.execute(query, sorted(wanted)))

    def _in_stored_order(self) -> Iterator[Message]:
        """Yield messages up to the first one whose pages are missing."""
        query = 'SELECT topic_id, timestamp, data FROM messages NOT INDEXED ORDER BY id'
        rows = self._database.execute(query)
        while True:
            try:
                row = rows.fetchone()
            except sqlite3.Error:
                return
            if row is None:
                return
            yield _message(row)

    def close(self) -> None:
        """Close the database and remove the copy."""
        self._database.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _message(row: tuple[Any, Any, Any]) -> Message:
    number, t_ns, data = row
    if not (isinstance(t_ns, int) and isinstance(data, bytes)):
        raise ValueError('a message is not stored as bytes with a time')
    return Message(t_ns, number, data)
