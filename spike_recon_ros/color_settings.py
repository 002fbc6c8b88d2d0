# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The settings of colour images.

A module of their own because all settings together are too long for one file.
"""

from dataclasses import dataclass

from spike_recon_ros.model_settings import ModelSettings
from spike_recon_ros.setting import NODE, setting

BAYER_PATTERNS = ('rggb', 'bggr', 'grbg', 'gbrg')
"""Colours of the pixels (0, 0), (1, 0), (0, 1) and (1, 1), (x, y)."""


@dataclass(frozen=True, kw_only=True)
class ColorSettings(ModelSettings):
    """Settings of `Settings` about colour."""

    color: str = setting(
        'off',
        'Colour images on `~/image_color`, made only while someone subscribes to them. mosaic: '
        'from a sensor with colour filters on its pixels, see bayer_pattern. frame: the colours '
        'of the camera on `frame_image`, which sees the same pixels, moved with the scene. '
        'guess: a network makes up plausible colours. The brightness is that of `~/image_raw`.',
        choices=('off', 'mosaic', 'frame', 'guess'),
    )
    bayer_pattern: str = setting(
        '',
        'Colour filters of the sensor (color set to mosaic): the first two pixels of the first '
        'row and of the second row, as in the names of ROS encodings; empty = not known.',
        choices=('', *BAYER_PATTERNS),
    )
    color_encoding: str = setting(
        'rgb8', 'Encoding of the colour images.', choices=('rgb8', 'bgr8'), group=NODE
    )

    @property
    def uses_frames(self) -> bool:
        """Whether the images of the camera on `frame_image` are used, not only their stamps."""
        return self.frames == 'anchor' or self.color == 'frame'
