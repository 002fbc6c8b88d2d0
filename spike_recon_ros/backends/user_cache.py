# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files in the user's cache, among them code that was compiled for this machine.

Compiled code runs with the user's rights, so a file is read only if nobody else could have written
it.
"""

import errno
import os
import stat
import tempfile
from pathlib import Path

from spike_recon_ros.errors import UserError

_OTHERS_MAY_WRITE = 0o022
_ROOT = 0


def cache_folder() -> Path:
    """Return this package's folder in the user's cache.

    Raises:
        UserError: XDG_CACHE_HOME is not set, and the user has no home folder.
    """
    cache = Path(os.environ.get('XDG_CACHE_HOME', ''))
    if not cache.is_absolute():  # the XDG specification ignores relative paths
        try:
            cache = Path.home() / '.cache'
        except RuntimeError:
            raise UserError(
                'this user has no home folder for a cache; set XDG_CACHE_HOME to a folder that '
                'you may write'
            ) from None
    return cache / 'spike_recon_ros'


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; it appears when it is complete.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with open(number, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def keep_newest(folder: Path, pattern: str, most: int) -> None:
    """Remove all but the newest `most` files that match a pattern."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in found[:-most]:
        path.unlink(missing_ok=True)


def read_private(path: Path) -> bytes:
    """Return the content of a file that only this user or root can have written.

    Raises:
        UserError: somebody else may have written it.
        OSError: it cannot be read, or is not a regular file.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), 'rb') as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):  # a FIFO, for example, has no end
            raise OSError(errno.EINVAL, 'it is not a regular file', str(path))
        _check_owner(path, found)
        _check_owner(path.parent, path.parent.stat())
        return file.read()


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in (os.getuid(), _ROOT):
        raise UserError(
            f'{path} belongs to another user and holds code that would run with your rights; '
            'remove it, or set XDG_CACHE_HOME (for engines: SPIKE_RECON_ENGINES) to a folder of '
            'your own and build it there'
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise UserError(
            f'others may write {path}, which holds code that would run with your rights; run: '
            f'chmod go-w {path}, and build it again if you do not trust them'
        )
