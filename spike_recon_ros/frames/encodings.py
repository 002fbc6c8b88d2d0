# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decode the pixels of an image message, whatever its encoding, into grey or BGR.

The common encodings are decoded here, so that they give the same pixels on every machine. Others
need cv_bridge, which a ROS installation brings.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.camera_frame import CameraFrame, camera_frame


class _Encoding(NamedTuple):
    dtype: str
    channels: int
    conversion: int | None = None


# OpenCV names a Bayer pattern after the second row; ROS after the first two pixels of the first.
ENCODINGS: dict[str, _Encoding] = {
    'mono8': _Encoding('u1', 1),
    '8UC1': _Encoding('u1', 1),
    'mono16': _Encoding('u2', 1),
    '16UC1': _Encoding('u2', 1),
    '32FC1': _Encoding('f4', 1),
    'bgr8': _Encoding('u1', 3),
    '8UC3': _Encoding('u1', 3),
    'rgb8': _Encoding('u1', 3, cv2.COLOR_RGB2BGR),
    'bgra8': _Encoding('u1', 4, cv2.COLOR_BGRA2BGR),
    'rgba8': _Encoding('u1', 4, cv2.COLOR_RGBA2BGR),
    'bgr16': _Encoding('u2', 3),
    'rgb16': _Encoding('u2', 3, cv2.COLOR_RGB2BGR),
    'bayer_rggb8': _Encoding('u1', 1, cv2.COLOR_BayerBG2BGR),
    'bayer_bggr8': _Encoding('u1', 1, cv2.COLOR_BayerRG2BGR),
    'bayer_gbrg8': _Encoding('u1', 1, cv2.COLOR_BayerGR2BGR),
    'bayer_grbg8': _Encoding('u1', 1, cv2.COLOR_BayerGB2BGR),
    'bayer_rggb16': _Encoding('u2', 1, cv2.COLOR_BayerBG2BGR),
    'bayer_bggr16': _Encoding('u2', 1, cv2.COLOR_BayerRG2BGR),
    'bayer_gbrg16': _Encoding('u2', 1, cv2.COLOR_BayerGR2BGR),
    'bayer_grbg16': _Encoding('u2', 1, cv2.COLOR_BayerGB2BGR),
}
"""ROS names of the encodings that are decoded without cv_bridge."""


def frame_of_message(message: Any) -> CameraFrame:
    """Return the frame of a `sensor_msgs/Image` message; colour stays colour.

    Raises:
        UserError: the encoding is not known, or size, step and data do not fit together.
    """
    stamp_ns = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
    is_known = message.encoding in ENCODINGS
    pixels = pixels_of_message(message) if is_known else _with_cv_bridge(message)
    return camera_frame(stamp_ns, pixels)


def pixels_of_message(message: Any) -> np.ndarray:
    """Return the pixels of a `sensor_msgs/Image` message in one of ENCODINGS; see `decode`.

    Raises:
        UserError: size, step and data do not fit together.
    """
    big_endian = bool(message.is_bigendian)
    size = int(message.width), int(message.height)
    return decode(message.encoding, *size, int(message.step), message.data, big_endian)


def decode(
    encoding: str, width: int, height: int, step: int, data: Any, is_bigendian: bool = False
) -> np.ndarray:
    """Return the pixels of an image, [H, W] or BGR [H, W, 3], in the type of the encoding.

    Args:
        encoding: a name in ENCODINGS.
        width: columns.
        height: rows.
        step: bytes from the start of one row to that of the next.
        data: the bytes.
        is_bigendian: byte order of 16-bit and float pixels.

    Raises:
        UserError: size, step and data do not fit together.
    """
    kind = ENCODINGS[encoding]
    dtype = np.dtype(kind.dtype).newbyteorder('>' if is_bigendian else '<')
    row = width * kind.channels * dtype.itemsize
    content = np.frombuffer(data, np.uint8)
    if not (width > 0 and height > 0 and row <= step and height * step <= content.size):
        raise UserError(
            f'an image of {width}x{height} pixels in {encoding} has a step of {step} and '
            f'{content.size} bytes, which do not fit together; check the driver that sends it'
        )
    rows = np.ascontiguousarray(content[: height * step].reshape(height, step)[:, :row])
    pixels = rows.view(dtype).astype(dtype.newbyteorder('='), copy=False)
    if kind.channels > 1:
        pixels = pixels.reshape(height, width, kind.channels)
    if kind.conversion is None:
        return pixels
    if encoding.startswith('bayer_') and min(width, height) < 3:
        raise UserError(f'an image of {width}x{height} pixels is too small for {encoding}')
    return cv2.cvtColor(pixels, kind.conversion)


def _with_cv_bridge(message: Any) -> np.ndarray:
    try:
        from cv_bridge import CvBridge  # noqa: PLC0415 -- only a ROS installation has it
    except ImportError:
        raise UserError(
            f'the encoding of an image is {message.encoding!r}, which needs cv_bridge; install '
            f'it, or publish one of: {", ".join(ENCODINGS)}'
        ) from None
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(message, 'bgr8'))
    except Exception as error:  # the library raises many kinds
        raise UserError(
            f'cv_bridge cannot convert an image in {message.encoding!r} ({error}); publish one '
            f'of: {", ".join(ENCODINGS)}'
        ) from None
