# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Paths that users give: a home in them, and whether an input is a file that ends."""

from pathlib import Path

from spike_recon_ros.errors import LONGEST_PATH, UserError, shown


def user_path(path: str | Path) -> Path:
    """Return a path in which `~` is the home of a user.

    A shell replaces it only at the beginning of a word, not in `--out=~/x` or `bag:=~/x`.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:  # `~name` of an unknown user
        return Path(path)


def check_regular(path: Path) -> None:
    """Check that a path names a regular file, or a link to one.

    Raises:
        UserError: if it names something else, or cannot be looked up.
    """
    try:
        is_regular = path.is_file()
        exists = is_regular or path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise UserError(f'{shown(path, LONGEST_PATH)} cannot be read: {reason}') from error
    if not exists:
        raise UserError(f'there is no file or folder {shown(path, LONGEST_PATH)}')
    if path.is_dir():
        raise UserError(f'{path} is a folder, but a file is needed here')
    if not is_regular or _is_made_by_the_kernel(path):
        raise UserError(
            f'{path} is no regular file (a pipe, a device or in /proc); copy it into a file'
        )


def _is_made_by_the_kernel(path: Path) -> bool:
    """Whether a file is in /proc or /sys: reading it may never end, or have effects."""
    return path.resolve().parts[1:2] in (('proc',), ('sys',))
