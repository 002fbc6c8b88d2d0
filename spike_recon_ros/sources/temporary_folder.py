# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The temporary folder in which recordings are unpacked.

A full temporary folder is no damage of the recording, so it has a sentence of its own.
"""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spike_recon_ros.errors import UserError

OF_THE_FOLDER = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE,
}  # fmt: skip
"""Errors of writing; damaged recordings cause others."""
CURE = 'set TMPDIR to a folder with more room, or unpack it by hand'


def temporary_folder(path: Path) -> 'tempfile.TemporaryDirectory[str]':
    """Make a folder to unpack a recording in.

    Raises:
        UserError: there is no place for it.
    """
    try:
        return tempfile.TemporaryDirectory(prefix='spike_recon_')
    except OSError as error:
        raise UserError(
            f'{path} must be unpacked, but no temporary folder can be written; {CURE}'
        ) from error


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Turn a failed write into the temporary folder into a sentence; other errors pass.

    Raises:
        UserError: the folder is full or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in OF_THE_FOLDER:
            raise
        reason = os.strerror(error.errno or 0).lower()
        raise UserError(
            f'{path} cannot be unpacked in {tempfile.gettempdir()}: {reason}; {CURE}'
        ) from error
