# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Names of outputs: never the recording that is read, never one that another program writes.

An unfinished output has a hidden name beside the final one and is locked while it is written, so
that a leftover of a killed run is distinguished from the output of a running program.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from spike_recon_ros.errors import UserError

MOST_FILES = 100_000


def check_not_source(source: Path, out: Path) -> None:
    """Check that writing an output replaces no file of the recording that is read.

    Links and hard links are followed: files are compared, not names.

    Raises:
        UserError: if it would.
    """
    read = {_identity(file): file for file in _files(source)}
    for file in _files(out):
        if _identity(file) in read:
            raise UserError(f'{out} holds {file}, which is read; choose another name')


def _files(path: Path) -> Iterator[Path]:
    """Yield a path, and the files in it if it is a folder."""
    if not path.exists():
        return
    yield path
    if path.is_dir():
        for number, file in enumerate(path.rglob('*')):
            if number >= MOST_FILES:
                return
            if file.is_file():
                yield file


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def lock(path: Path, out: Path) -> int:
    """Lock a file or folder for this process and return the descriptor that holds the lock.

    Args:
        path: exists.
        out: the output it belongs to, for the message.

    Raises:
        UserError: if another program holds it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives have no locks; there it stays possible to write twice.
        if error.errno in (errno.EAGAIN, errno.EACCES):
            os.close(descriptor)
            raise UserError(f'another program writes {out}; choose another name') from error
    return descriptor


def set_leftover_aside(unfinished: Path, out: Path) -> tuple[str, ...]:
    """Rename what a killed run left under the name of an unfinished output.

    Returns: a sentence that names it, if there was any.

    Raises:
        UserError: if it is no leftover, but is being written by another program.
    """
    if not unfinished.exists():
        return ()
    descriptor = lock(unfinished, out)
    try:
        kept = _free_name(unfinished, '-')
        os.rename(unfinished, kept)
    finally:
        os.close(descriptor)
    return (f'an interrupted run left {kept}; delete it if it is not needed',)


def keep_partial(unfinished: Path, out: Path) -> str:
    """Give a file that could not be finished a name beside the output, such as `out.partial1.mp4`.

    Returns: the end of a sentence that names it.
    """
    kept = _free_name(out, '.partial')
    os.rename(unfinished, kept)
    return f'; what was recorded before is in {kept}'


def _free_name(path: Path, addition: str) -> Path:
    names = (f'{path.stem}{addition}{number}{path.suffix}' for number in count(1))
    return next(name for name in map(path.with_name, names) if not name.exists())
