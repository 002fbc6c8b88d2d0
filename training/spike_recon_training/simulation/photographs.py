# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loads photographs as square textures of equal size, grey or one for each colour."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_training.simulation.patterns import random_pattern
from spike_recon_training.simulation.source_files import find_files, read_picture

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.pgm')
SMALLEST_SIDE = 64
"""Minimum length of the shorter side, pixels; smaller images are mostly icons and are skipped."""
LEAST_TEXTURE = 25.0
"""Standard deviation below which nothing can be measured on an image, grey levels."""

Loaded = TypeVar('Loaded')


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Square textures: crops of photographs and random patterns.

    Attributes:
        squares: uint8 [n, side, side]; the contrast of each photograph is stretched to 0..255.
        files: number of image files that the crops come from.
    """

    squares: torch.Tensor
    files: int

    def __len__(self) -> int:
        return len(self.squares)

    def to(self, device: torch.device | str) -> 'Photographs':
        """Return the photographs with their squares on `device`."""
        return Photographs(self.squares.to(device), self.files)


def find_photographs(folders: list[Path]) -> list[Path]:
    """Return the image files in the folders, searched recursively, sorted.

    Raises:
        UserError: a folder does not exist, or the folders contain no image file.
    """
    return find_files(folders, SUFFIXES, 'photographs')


def split_photographs(files: list[Path], held_share: float) -> tuple[list[Path], list[Path]]:
    """Return the files to train on and the files held back.

    The choice depends on a hash of each file name only, so it is the same in every run. At least
    one file is left to train on, and one is held back if there are two or more and a share of
    them is.
    """

    def rank(file: Path) -> float:
        return int.from_bytes(hashlib.sha256(file.name.encode()).digest()[:4], 'big') / 2**32

    held = [file for file in files if rank(file) < held_share]
    if len(held) == len(files):
        held.remove(max(files, key=rank))
    if not held and held_share > 0 and len(files) > 1:
        held = [min(files, key=rank)]
    kept = set(held)
    return [file for file in files if file not in kept], held


def load_held(load: Callable[[list[Path]], Loaded], files: list[Path]) -> Loaded | None:
    """Return what is loaded of the files held back.

    Args:
        load: raises UserError if no file can be used.
        files: held back, as `split_photographs` returns them.

    Returns: None if there are none, or none can be used, of which there is a warning: the files to
        train on may be fine.
    """
    if not files:
        return None
    try:
        return load(files)
    except UserError as error:
        logging.getLogger(__name__).warning('nothing is held back for validation: %s', error)
        return None


def textured_crops(files: list[Path], width: int, height: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the centres of photographs that are large enough, in random order.

    Args:
        files: image files; upright ones are transposed.
        width: of a crop.
        height: of a crop.
        seed: of the order.

    Yields:
        float32 [height, width] in 0..1. Crops with hardly any texture are left out, because
        nothing can be measured on them.
    """
    for index in np.random.default_rng(seed).permutation(len(files)):
        image = read_picture(files[index], cv2.IMREAD_GRAYSCALE)
        if image is None:
            continue
        if image.shape[0] > image.shape[1]:
            image = image.T
        if image.shape[0] < height or image.shape[1] < width:
            continue
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        crop = image[top : top + height, left : left + width]
        if crop.std() > LEAST_TEXTURE:
            yield crop.astype(np.float32) / 255


def load_photographs(
    files: list[Path], side: int, *, pattern_share: float = 0.0, seed: int = 0
) -> Photographs:
    """Read the files; those that are not images, too small or without texture are skipped.

    Args:
        files: image files.
        side: height and width of the squares, pixels.
        pattern_share: share of random patterns among all squares, 0 <= share < 1. They have the
            flat areas and straight edges of print, signs and furniture that photographs of nature
            lack.
        seed: seed of the patterns.

    Raises:
        UserError: no file is a usable image.
    """
    squares: list[np.ndarray] = []
    used = 0
    for file in files:
        image = read_picture(file, cv2.IMREAD_GRAYSCALE)
        if image is None or min(image.shape) < SMALLEST_SIDE:
            continue
        found = _cut(image, side)
        squares += found
        used += bool(found)
    if not squares:
        raise _no_image(files)
    rng = np.random.default_rng(seed)
    drawn = round(len(squares) * pattern_share / (1 - pattern_share))
    squares += [random_pattern(side, rng) for _ in range(drawn)]
    return Photographs(torch.from_numpy(np.stack(squares)), used)


def load_colours(files: list[Path], side: int) -> tuple[Photographs, Photographs, Photographs]:
    """Read the files in colour; return the same squares in red, green and blue.

    Args:
        files: image files; those that are not images, too small or without texture are skipped.
        side: height and width of the squares, pixels.

    Raises:
        UserError: no file is a usable image.
    """
    images = [read_picture(file, cv2.IMREAD_COLOR_RGB) for file in files]
    cut = [
        _cut(image, side)
        for image in images
        if image is not None and min(image.shape[:2]) >= SMALLEST_SIDE
    ]
    squares = [square for found in cut for square in found]
    if not squares:
        raise _no_image(files)
    stacked, used = torch.from_numpy(np.stack(squares)), sum(map(bool, cut))
    red, green, blue = (Photographs(stacked[..., k].contiguous(), used) for k in range(3))
    return red, green, blue


def _no_image(files: list[Path]) -> UserError:
    return UserError(
        f'none of the {len(files)} files is an image with texture of at least '
        f'{SMALLEST_SIDE}x{SMALLEST_SIDE} pixels that OpenCV can read'
    )


def _cut(image: np.ndarray, side: int) -> list[np.ndarray]:
    """Return the squares uint8 [side, side, ...] that cover an image along its longer side.

    Args:
        image: uint8 [height, width], or RGB [height, width, 3], whose channels are stretched by
            the same factor.
        side: height and width of the squares, pixels.
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(grey, (0.5, 99.5))
    if high - low < 16:  # no texture to learn from
        return []
    scale = side / min(grey.shape)
    size = max(side, round(image.shape[1] * scale)), max(side, round(image.shape[0] * scale))
    shrinks = scale < 1
    image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    stretched = (image.astype(np.float32) - low) * (255 / (high - low))
    image = np.clip(np.rint(stretched), 0, 255).astype(np.uint8)
    height, width = image.shape[:2]
    count = max(1, round(max(height, width) / side + 0.2))
    starts = [round((max(height, width) - side) * k / max(1, count - 1)) for k in range(count)]
    if count == 1:
        starts = [(max(height, width) - side) // 2]
    if width >= height:
        return [image[:, start : start + side] for start in starts]
    return [image[start : start + side] for start in starts]
