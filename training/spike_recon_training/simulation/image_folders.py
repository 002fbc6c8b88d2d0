# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Folders with grey and RGB images."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import number_order
from spike_recon_training.simulation.photographs import SUFFIXES
from spike_recon_training.simulation.source_files import find_files, read_picture

GREY_FOLDERS = 'grey', 'gray', 'greyscale', 'grayscale'
RGB_FOLDERS = 'rgb', 'colour', 'color'
CHANNELS_IN_FILE = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH


def folder_sequence(folder: Path) -> np.ndarray:
    """Return the grey images of a folder uint8 [n, height, width], in the order of their numbers.

    Raises:
        UserError: there is no grey folder, or its images differ in size.
    """
    images = [
        read_image(file, grey=True) for file in sorted_images(subfolder(folder, GREY_FOLDERS))
    ]
    if len({image.shape for image in images}) > 1:
        raise UserError(f'the grey images in {folder} differ in size; use those of one size')
    return np.stack(images)


def subfolder(folder: Path, names: Sequence[str]) -> Path:
    """Return the folder inside another one that has one of the names, in any case."""
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    for one in inside:
        if one.is_dir() and one.name.lower() in names:
            return one
    raise UserError(f'{folder} has no folder {" or ".join(names)}; give the folder above it')


def sorted_images(folder: Path) -> list[Path]:
    """Return the image files of a folder; `10.tif` comes after `9.tif`."""
    files = find_files([folder], SUFFIXES, 'images')
    return sorted(files, key=lambda file: number_order(file.name))


def read_image(file: Path, *, grey: bool = False) -> np.ndarray:
    """Return an image uint8, of 8 or 16 bits: RGB [height, width, 3] or grey [height, width]."""
    image = read_picture(file, CHANNELS_IN_FILE)
    if image is None:
        raise UserError(f'{file} is not an image that OpenCV can read; remove or convert it')
    if image.dtype == np.uint16:
        image = np.right_shift(image, 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise UserError(f'{file} holds {image.dtype}; convert it to 8 or 16 bits')
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB)
