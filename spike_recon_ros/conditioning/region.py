# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The part of the sensor that is reconstructed, and the number of pixels that are binned.

The meaning is that of `roi` and `binning_x/y` in sensor_msgs/CameraInfo: the region is given in
full-resolution pixels, and the image has the size of the region divided by the binning.
"""

import re
from dataclasses import dataclass, replace

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings

SMALLEST_IMAGE = 8
"""Smallest width and height of a binned or cropped image."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the sensor, in pixels of the sensor.

    Attributes:
        sensor_width: columns of the sensor.
        sensor_height: rows of the sensor.
        x: first column.
        y: first row.
        width: columns, a multiple of `scale`.
        height: rows, a multiple of `scale`.
        scale: columns and rows that are binned into one pixel of the image.
    """

    sensor_width: int
    sensor_height: int
    x: int
    y: int
    width: int
    height: int
    scale: int

    @property
    def image_size(self) -> tuple[int, int]:
        """Columns and rows of the image."""
        return self.width // self.scale, self.height // self.scale

    @property
    def is_whole(self) -> bool:
        """Whether the image shows every pixel of the sensor, though perhaps binned."""
        return (self.width, self.height) == (self.sensor_width, self.sensor_height)

    @property
    def is_sensor(self) -> bool:
        """Whether the image has the pixels of the sensor."""
        return self.scale == 1 and self.is_whole

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Return the pixels of the region, a view of an image of the whole sensor."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]

    def binned(self, cut: np.ndarray) -> np.ndarray:
        """Return an image of the region at `image_size`, binned by the mean of its pixels."""
        if self.scale == 1:
            return cut
        return cv2.resize(cut, self.image_size, interpolation=cv2.INTER_AREA)


def parse_roi(roi: str) -> tuple[int, int, int, int] | None:
    """Return x, y, width and height of the setting `roi`; None if it is empty.

    Raises:
        UserError: the text is malformed.
    """
    if not roi:
        return None
    pattern = r'(\d{1,6}),(\d{1,6}),([1-9]\d{0,5}),([1-9]\d{0,5})'
    found = re.fullmatch(pattern, roi.replace(' ', ''))
    if found is None:
        raise UserError(
            f'roi is {roi!r}; it must be x,y,width,height in pixels of the sensor, as '
            '160,120,320,240, or empty for the whole sensor'
        )
    x, y, width, height = (int(number) for number in found.groups())
    return x, y, width, height


def region_of(settings: Settings, sensor_width: int, sensor_height: int) -> Region:
    """Return the region that the settings `roi` and `scale` select on a sensor.

    Without a `roi`, columns and rows that do not fill a binned pixel are left out.

    Raises:
        UserError: the region is malformed, outside the sensor or does not suit the scale.
    """
    scale, given = settings.scale, parse_roi(settings.roi)
    region = Region(sensor_width, sensor_height, *(given or (0, 0, 0, 0)), scale)
    if given is None:
        width, height = sensor_width // scale * scale, sensor_height // scale * scale
        region = replace(region, width=width, height=height)
    if region.x + region.width > sensor_width or region.y + region.height > sensor_height:
        raise UserError(
            f'roi {settings.roi} reaches beyond the sensor of {sensor_width}x{sensor_height} '
            f'pixels; keep x + width <= {sensor_width} and y + height <= {sensor_height}'
        )
    if region.width % scale or region.height % scale:
        raise UserError(
            f'width and height of roi {settings.roi} must be multiples of scale {scale}; the '
            f'nearest is {region.x},{region.y},{max(scale, region.width // scale * scale)},'
            f'{max(scale, region.height // scale * scale)}'
        )
    columns, rows = region.image_size
    if not region.is_sensor and min(columns, rows) < SMALLEST_IMAGE:
        raise UserError(
            f'roi and scale leave an image of {columns}x{rows} pixels; keep at least '
            f'{SMALLEST_IMAGE}x{SMALLEST_IMAGE}'
        )
    return region
