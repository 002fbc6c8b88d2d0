# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finds the photographs or videos in folders."""

from pathlib import Path

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import own_files


def find_files(folders: list[Path], suffixes: tuple[str, ...], kind: str) -> list[Path]:
    """Return the files with one of the suffixes, searched recursively, sorted.

    Args:
        folders: where to search.
        suffixes: in lower case, with the dot; the case of a file's suffix does not matter.
        kind: plural of what they are, for errors.

    Raises:
        UserError: a folder does not exist, or the folders contain no such file.
    """
    for folder in folders:
        if not folder.is_dir():
            what = 'is a file' if folder.exists() else 'does not exist'
            raise UserError(f'{folder} {what}; give a folder with {kind}')
    files = {file for folder in folders for file in folder.rglob('*')}
    found = own_files(file for file in files if file.suffix.lower() in suffixes)
    if not found:
        raise UserError(
            f'no {kind} in {", ".join(map(str, folders))}; supported file types: '
            f'{", ".join(suffixes)}'
        )
    return found
