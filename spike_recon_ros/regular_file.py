# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Paths that users give: a home in them, and whether an input is a file with the data.

Storage of large files and interrupted downloads leave other files under the name of the data.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from spike_recon_ros.errors import LONGEST_PATH, UserError, shown

STAND_IN_BYTES = 1_024
STAND_INS = (
    (
        re.compile(rb'version https://git-lfs\.github\.com/spec/'),
        'is a pointer of Git LFS, not the data; fetch the data with: git lfs pull',
    ),
    (
        re.compile(rb'[^\n]{0,99}/annex/objects/'),
        'is a pointer of git-annex, not the data; fetch the data with: git annex get',
    ),
    (
        re.compile(rb'(\xef\xbb\xbf)?\s*(<!--[^>]*-->\s*)?<(!doctype html|html|head)\b', re.I),
        'is a web page, not the data; download it again, in a browser if the site asks for '
        'a confirmation or a login',
    ),
    (
        re.compile(rb'<\?xml[^>]*\?>\s*<Error>'),
        'is an error message of a web server, not the data; download it again',
    ),
    (
        re.compile(rb'\x00\x05\x16\x07'),
        'holds only what macOS notes about another file; name the file without `._`',
    ),
)
"""How files begin that stand for others, and the rest of a sentence about each."""
MACOS_PREFIX = '._'
"""Files of macOS beside those on a disk of another system."""


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
        raise UserError(_missing(path))
    if path.is_dir():
        raise UserError(f'{path} is a folder, but a file is needed here')
    if not is_regular or _is_made_by_the_kernel(path):
        raise UserError(
            f'{path} is no regular file (a pipe, a device or in /proc); copy it into a file'
        )
    check_no_stand_in(path)


def check_no_stand_in(path: Path) -> None:
    """Check that a file is not one that version control or a web server left for the data.

    Raises:
        UserError: it is; the sentence says how to get the data.
    """
    try:
        with path.open('rb') as file:
            head = file.read(STAND_IN_BYTES)
    except OSError:  # reported where the file is read
        return
    for pattern, sentence in STAND_INS:
        if pattern.match(head):
            raise UserError(f'{shown(path, LONGEST_PATH)} {sentence}')


def own_files(paths: Iterable[Path]) -> list[Path]:
    """Return paths in `number_order`, without what macOS adds (`._NAME` beside `NAME`)."""
    own = filter(is_own, paths)
    return sorted(own, key=lambda path: [number_order(part) for part in path.parts])


def is_own(path: Path) -> bool:
    """Whether a path is not one of those that macOS adds."""
    return not path.name.startswith(MACOS_PREFIX)


def number_order(name: str) -> tuple[list[str | int], str]:
    """Return the key by which names are sorted as their writer counted: `a_2` before `a_10`."""
    words = re.split('([0-9]+)', name)
    return [int(word) if place % 2 else word for place, word in enumerate(words)], name


def _missing(path: Path) -> str:
    if not path.is_symlink():
        return f'there is no file or folder {shown(path, LONGEST_PATH)}'
    target = shown(os.readlink(path), LONGEST_PATH)
    cure = 'git annex get' if '.git/annex/' in target else 'mount its disk, or correct the link'
    return f'{shown(path, LONGEST_PATH)} is a link to {target}, which is not there; {cure}'


def _is_made_by_the_kernel(path: Path) -> bool:
    """Whether a file is in /proc or /sys: reading it may never end, or have effects."""
    return path.resolve().parts[1:2] in (('proc',), ('sys',))
