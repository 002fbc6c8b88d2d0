# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What was compiled for this machine, in the user's cache.

Comes in: names and bytes. Goes out: the same bytes. Knows nothing about what they are; but they
are code that runs with the user's rights, so they are read only where nobody else could have put
them.
"""

import os
import tempfile
from pathlib import Path

from spike_recon_ros.errors import UserError

_OTHERS_MAY_WRITE = 0o022
_ROOT = 0


def cache_folder() -> Path:
    """Return the folder of this package in the user's cache."""
    cache = Path(os.environ.get('XDG_CACHE_HOME', ''))
    # By the XDG specification a relative path is to be ignored.
    return (cache if cache.is_absolute() else Path.home() / '.cache') / 'spike_recon_ros'


def write_private(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, and that only its owner may read."""
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
    """Remove the oldest files of a kind."""
    found = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in found[:-most]:
        path.unlink(missing_ok=True)


def read_private(path: Path) -> bytes:
    """Return the content of a file that only this user, or root, can have written."""
    with path.open('rb') as file:
        _check_owner(path, os.fstat(file.fileno()))
        _check_owner(path.parent, path.parent.stat())
        return file.read()


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid not in (os.getuid(), _ROOT):
        raise UserError(
            f'{path} belongs to another user, and what was compiled is code that would run as '
            'you; remove it, or set XDG_CACHE_HOME (of engines: SPIKE_RECON_ENGINES) to a folder '
            'of your own, and build it there'
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise UserError(
            f'others may write {path}, and what was compiled is code that would run as you; '
            f'run: chmod go-w {path}, and build it again if you do not trust them'
        )
