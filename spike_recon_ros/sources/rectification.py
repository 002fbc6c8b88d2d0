# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rectification maps as DSEC distributes them, and the warp of images in both directions.

`events/left/rectify_map.h5` of a sequence holds the rectified position of each sensor pixel, x
before y (Gehrig et al., "DSEC: A Stereo Event Camera Dataset for Driving Scenarios", RA-L 2021).

Images are warped, not events. DSEC's loader moves each event to its rectified position and spreads
it over four pixels of a voxel grid; on whole pixels, which networks of this package read, some
would get the events of two pixels and some none. So networks see the sensor's pixels, and the
finished image is rectified. Ground truth is warped the other way, into the sensor's pixels, as
DSEC-Detection does with the frames: the map gives that warp without inversion.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import check_regular
from spike_recon_ros.sources.columns import LARGEST_SIDE
from spike_recon_ros.sources.event_dataset import reading
from spike_recon_ros.sources.hdf5_storage import check_storage, import_h5py

MAP = 'rectify_map'
ITERATIONS = 30
ROUNDING_PX = 1 / 64
"""Largest error of a position in OpenCV's `remap`."""
TOLERANCE_PX = 0.1
"""Largest error of the inverse map."""


class Rectification:
    """The warp between a sensor and its rectified camera, which have the same size.

    Args:
        path: of the file, for errors.
        forward: float32 [height, width, 2], the rectified x and y of each sensor pixel, pixels.

    Raises:
        UserError: the map is not one-to-one.
    """

    def __init__(self, path: Path, forward: np.ndarray) -> None:
        self.path = path
        self.height, self.width = forward.shape[:2]
        self._forward = forward
        self._backward = self._inverse()

    @cached_property
    def unseen_share(self) -> float:
        """Share of the rectified pixels that no sensor pixel sees."""
        return self._outside(self._backward)

    @cached_property
    def outside_share(self) -> float:
        """Share of the sensor's pixels that lie outside the rectified image."""
        return self._outside(self._forward)

    def rectified(self, image: np.ndarray) -> np.ndarray:
        """Return an image of the sensor as the rectified camera sees it; unseen pixels are 0.

        Args:
            image: [height, width] or [height, width, channels], of uint8, uint16 or float32.

        Raises:
            UserError: the image does not have the size of the map.
        """
        self._check_size(image)
        return cv2.remap(
            image, self._backward, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )

    def distorted(self, image: np.ndarray) -> np.ndarray:
        """Return a rectified image as the sensor sees it; outside it, the nearest pixel counts.

        Raises:
            UserError: the image does not have the size of the map.
        """
        self._check_size(image)
        return cv2.remap(
            image, self._forward, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )

    def _check_size(self, image: np.ndarray) -> None:
        height, width = image.shape[:2]
        if (height, width) != (self.height, self.width):
            raise UserError(
                f'{self.path} rectifies {self.width}x{self.height} pixels and the image has '
                f'{width}x{height}; give the map of this camera'
            )

    def _outside(self, places: np.ndarray) -> float:
        limits = [self.width - 1 + ROUNDING_PX, self.height - 1 + ROUNDING_PX]
        return float(((places < -ROUNDING_PX) | (places > limits)).any(-1).mean())

    def _inverse(self) -> np.ndarray:
        """Return float32 [height, width, 2], the sensor position of each rectified pixel.

        Fixed-point iteration on the difference from the best affine map. That difference is small
        and smooth, and beyond the sensor that at its border is used.
        """
        y, x = np.mgrid[: self.height, : self.width].astype(np.float64)
        grid = np.stack([x, y], -1)
        design = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1)
        fit = np.linalg.lstsq(design, self._forward.reshape(-1, 2), rcond=None)[0]
        linear, offset = fit[:2], fit[2]
        if abs(np.linalg.det(linear)) < 1e-3:
            raise self._not_one_to_one()
        back = np.linalg.inv(linear)
        rest = (self._forward - (grid @ linear + offset)).astype(np.float32)
        place = (grid - offset) @ back
        for _ in range(ITERATIONS):
            place = (grid - offset - _sampled(rest, place)) @ back
        reached = place @ linear + offset + _sampled(rest, place)
        if not np.abs(reached - grid).max() <= TOLERANCE_PX:
            raise self._not_one_to_one()
        return place.astype(np.float32)

    def _not_one_to_one(self) -> UserError:
        return UserError(
            f'{MAP} in {self.path} cannot be inverted: it does not give each pixel a place of its '
            'own; copy the file of the data set again'
        )


def _sampled(field: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return a field [height, width, 2] at other places, bilinear."""
    return cv2.remap(
        field, place.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def read_rectification(path: Path) -> Rectification:
    """Read the map of a file like DSEC's `rectify_map.h5`.

    Raises:
        UserError: the file is missing or damaged, holds no such map, or h5py is not installed.
    """
    try:
        check_regular(path)
    except UserError as error:
        raise UserError(
            f'the rectification map cannot be read: {error}; DSEC has one beside the events of '
            'each camera, such as events/left/rectify_map.h5'
        ) from None
    h5py = import_h5py()
    with reading(path, 'the HDF5 file'), h5py.File(path, 'r') as file:
        return Rectification(path, _map_of(path, file))


def _map_of(path: Path, file: Any) -> np.ndarray:
    found = file.get(MAP)
    shape: tuple[int, ...] = getattr(found, 'shape', None) or ()
    is_map = len(shape) == 3 and shape[2] == 2 and min(shape[:2]) >= 2
    if not is_map or max(shape) > LARGEST_SIDE or found.dtype.kind != 'f':
        raise UserError(
            f'{path} holds no {MAP} of floats [height, width, 2]; give the rectify_map.h5 of DSEC'
        )
    check_storage(path, MAP, found)
    forward = np.asarray(found[()], np.float32)
    if not np.isfinite(forward).all():
        raise UserError(f'{MAP} in {path} is not finite; copy the file of the data set again')
    return np.ascontiguousarray(forward)
