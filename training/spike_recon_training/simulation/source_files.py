# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finds the photographs or videos in folders, and decodes photographs."""

from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import is_own


def find_files(folders: list[Path], suffixes: tuple[str, ...], kind: str) -> list[Path]:
    """Return the files with one of the suffixes, searched recursively, sorted.

    They are sorted by name, not by number, so that a seed always draws the same of them. Links
    without a target count as files, which are reported where they cannot be read.

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
    named = (file for file in files if file.suffix.lower() in suffixes and is_own(file))
    found = sorted(file for file in named if file.is_file() or file.is_symlink())
    if not found:
        raise UserError(
            f'no {kind} in {", ".join(map(str, folders))}; supported file types: '
            f'{", ".join(suffixes)}'
        )
    return found


def read_picture(file: Path, flags: int) -> np.ndarray | None:
    """Return an image as OpenCV decodes it; None = it cannot.

    Args:
        file: an image file.
        flags: `cv2.IMREAD_...`.
    """
    try:
        return cv2.imread(str(file), flags)
    except cv2.error:  # it declares more pixels than OpenCV accepts
        return None
