# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Inputs and truths for networks that turn images into images.

For colour: a grey image and the colours that it was made from. For in-between frames: every second
frame of a sequence, and the frames left out. They come from photographs, from videos, or from
folders with grey and RGB images of the same names.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, counted
from spike_recon_training.simulation.image_folders import (
    GREY_FOLDERS,
    RGB_FOLDERS,
    read_image,
    sorted_images,
    subfolder,
)
from spike_recon_training.simulation.source_files import read_picture

Sample = tuple[np.ndarray, np.ndarray]
"""Input float32 [steps, channels, crop, crop] and truth float32 [steps, channels, crop, crop]."""
IMAGE_TASKS = 'colour', 'between'


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModel:
    """What networks for images are trained on.

    Attributes:
        frames: frames that the network reads in a sequence; as many are left out between them.
        stride: step between consecutive frames of a sequence, in images of a video or folder.
        side: shorter side that photographs are reduced to, pixels.
        speed_px: motion of a photograph from frame to frame, pixels.
        turn: rotation of a photograph from frame to frame, radians, at most.
        zoom: natural logarithm of its enlargement from frame to frame, at most.
    """

    frames: int = 4
    stride: int = 1
    side: int = 160
    speed_px: tuple[float, float] = (0.3, 6.0)
    turn: float = 0.01
    zoom: float = 0.01


def image_demands(model: ImageModel, task: str, crop: int) -> dict[str, bool]:
    """Return what a recipe must fulfil whose crops have `crop` pixels, and whether it does."""
    return {
        f'image_task must be one of: {", ".join(IMAGE_TASKS)}': task in IMAGE_TASKS,
        'images.frames and .stride must be 1 or above': min(model.frames, model.stride) >= 1,
        'images.side must be at least optimisation.crop': model.side >= crop,
    }


class ImageSource(Protocol):
    """Where samples come from."""

    def draw(self, rng: np.random.Generator, crop: int) -> Sample:
        """Return a random sample of `crop` x `crop` pixels."""


def colour_sample(
    grey: np.ndarray, rgb: np.ndarray, rng: np.random.Generator, crop: int
) -> Sample:
    """Return a random part of a pair [height, width] and [height, width, 3], mirrored or not."""
    grey, rgb = _cropped([grey, rgb], rng, crop)
    if rng.random() < 0.5:
        grey, rgb = grey[:, ::-1], rgb[:, ::-1]
    return _floats(grey[None, None]), _floats(rgb.transpose(2, 0, 1)[None])


def sequence_sample(frames: Sequence[np.ndarray]) -> Sample:
    """Return the steps of an interpolation over 2 N frames [height, width].

    Step k reads the frames 2 k and 2 k + 2, and its truth is 2 k + 1. The last step reads the last
    even frame twice.
    """
    current = list(frames[::2])
    following = [*current[1:], current[-1]]
    inputs = np.stack([np.stack(pair) for pair in zip(current, following, strict=True)])
    return _floats(inputs), _floats(np.stack(frames[1::2])[:, None])


class ColourPhotographs:
    """Grey and colour versions of photographs.

    Args:
        files: photographs; those that are grey, unreadable or smaller than the crop are skipped.
        side: shorter side that they are reduced to, pixels.
        crop: smallest side that is accepted, pixels.

    Raises:
        UserError: none can be used.
    """

    def __init__(self, files: Sequence[Path], side: int, crop: int) -> None:
        self.pictures = []
        for file in files:
            picture = read_picture(file, cv2.IMREAD_COLOR)
            if picture is None or min(picture.shape[:2]) < crop:
                continue
            if int(np.ptp(picture.astype(np.int16), axis=2).max()) < 16:  # has no colours
                continue
            self.pictures.append(_reduced(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), side))
        self.files = len(self.pictures)
        if not self.pictures:
            raise UserError(
                f'none of the {len(files)} files is a colour image of at least {crop}x{crop} '
                'pixels; give other photographs, or lower optimisation.crop in the recipe'
            )

    def draw(self, rng: np.random.Generator, crop: int) -> Sample:
        """Return a grey part of a photograph and its colours."""
        rgb = self.pictures[int(rng.integers(len(self.pictures)))]
        return colour_sample(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), rgb, rng, crop)


class MovingPhotographs:
    """Sequences of photographs that are shifted, turned and enlarged at a constant rate.

    Args:
        photographs: what is moved.
        model: motion and number of frames.
    """

    def __init__(self, photographs: ColourPhotographs, model: ImageModel) -> None:
        self._pictures, self._model = photographs.pictures, model
        self.files = photographs.files

    def draw(self, rng: np.random.Generator, crop: int) -> Sample:
        """Return a sequence with every second frame left out."""
        m = self._model
        rgb = self._pictures[int(rng.integers(len(self._pictures)))]
        picture = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        low, high = np.log(m.speed_px)
        heading, speed_px = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(low, high))
        turn, zoom = rng.uniform(-m.turn, m.turn), rng.uniform(-m.zoom, m.zoom)
        height, width = picture.shape
        centre = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
        frames = []
        for k in np.arange(2 * m.frames) - (m.frames - 0.5):  # the middle is at `centre`
            cos, sin = np.exp(k * zoom) * np.array([np.cos(k * turn), np.sin(k * turn)])
            middle = (crop - 1) / 2
            x = centre[0] + k * speed_px * np.cos(heading) - middle * (cos - sin)
            y = centre[1] + k * speed_px * np.sin(heading) - middle * (sin + cos)
            warp = np.array([[cos, -sin, x], [sin, cos, y]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            size = crop, crop
            frames.append(
                cv2.warpAffine(picture, warp, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
            )
        return sequence_sample(frames)


class GreySequences:
    """Sequences of consecutive images, of videos or of a folder.

    Args:
        shots: images uint8 [frames, height, width] each; shorter ones than a sequence are skipped.
        model: number of frames and stride.
        crop: smallest side that is accepted, pixels.
        files: number of files that they come from.

    Raises:
        UserError: none is long and large enough.
    """

    def __init__(
        self, shots: Sequence[np.ndarray], model: ImageModel, crop: int, files: int
    ) -> None:
        self._reach = (2 * model.frames - 1) * model.stride + 1
        self._stride, self.files = model.stride, files
        self._shots = [
            shot for shot in shots if len(shot) >= self._reach and min(shot.shape[1:]) >= crop
        ]
        if not self._shots:
            raise UserError(
                f'no sequence has {self._reach} images (images.frames, images.stride) of {crop} '
                'pixels (optimisation.crop); lower these values in the recipe'
            )

    def draw(self, rng: np.random.Generator, crop: int) -> Sample:
        """Return a sequence with every second frame left out, forwards or backwards."""
        shot = self._shots[int(rng.integers(len(self._shots)))]
        first = int(rng.integers(len(shot) - self._reach + 1))
        frames = shot[first : first + self._reach : self._stride]
        (frames,) = _cropped([np.moveaxis(frames, 0, -1)], rng, crop)
        ordered = list(np.moveaxis(frames, -1, 0))
        return sequence_sample(ordered[::-1] if rng.random() < 0.5 else ordered)


class PairedImages:
    """Pairs of a folder with a grey and an RGB image of each name.

    Args:
        folder: has a folder `grey` (or greyscale) and a folder `rgb` (or colour); capitals and
            the American spelling do not matter.
        crop: smallest side that is accepted, pixels.

    Raises:
        UserError: a folder is missing, no name is in both, or a pair differs in size.
    """

    def __init__(self, folder: Path, crop: int) -> None:
        grey, rgb = (
            {file.stem: file for file in sorted_images(subfolder(folder, names))}
            for names in (GREY_FOLDERS, RGB_FOLDERS)
        )
        both = [name for name in grey if name in rgb]
        self.files = len(both)
        if not both:
            raise UserError(
                f'no image in {folder} has the same name in the grey and in the RGB folder; '
                'rename them so that both of a pair have one name'
            )
        if alone := len(grey) + len(rgb) - 2 * len(both):
            logging.getLogger(__name__).warning(
                '%s: %s left out, for want of a partner of the same name',
                folder,
                counted(alone, 'images'),
            )
        self._pairs = [(read_image(grey[name], grey=True), read_image(rgb[name])) for name in both]
        for name, (one, other) in zip(both, self._pairs, strict=True):
            if one.shape != other.shape[:2] or min(one.shape) < crop:
                raise UserError(
                    f'the grey image of {name} is {one.shape[1]}x{one.shape[0]} and the RGB image '
                    f'{other.shape[1]}x{other.shape[0]} pixels; both need one size of at least '
                    f'{crop} pixels (optimisation.crop)'
                )

    def draw(self, rng: np.random.Generator, crop: int) -> Sample:
        """Return a part of a pair."""
        grey, rgb = self._pairs[int(rng.integers(len(self._pairs)))]
        return colour_sample(grey, rgb, rng, crop)


def _reduced(image: np.ndarray, side: int) -> np.ndarray:
    scale = side / min(image.shape[:2])
    if scale >= 1:
        return image
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _cropped(
    images: Sequence[np.ndarray], rng: np.random.Generator, crop: int
) -> list[np.ndarray]:
    height, width = images[0].shape[:2]
    top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
    return [image[top : top + crop, left : left + crop] for image in images]


def _floats(array: np.ndarray) -> np.ndarray:
    scale = 255 if array.dtype == np.uint8 else 1
    return np.ascontiguousarray(array, np.float32) / np.float32(scale)
