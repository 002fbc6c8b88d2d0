# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames and packets as ROS messages, and back."""

import copy
import sys
from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from std_msgs.msg import Header

from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.encodings import pixels_of_message
from spike_recon_ros.image_encodings import DTYPES, encoding_of
from spike_recon_ros.packets.packet import Packet

_NS = 1_000_000_000
_COLOURS = ('bgr8', 'rgb8', 'bgra8', 'rgba8')
"""Colour encodings that are shown."""


def time_message(stamp_ns: int) -> Time:
    """Return a time message; times outside its range (32-bit seconds) are clamped."""
    seconds, nanoseconds = divmod(stamp_ns, _NS)
    return Time(sec=min(max(seconds, -(2**31)), 2**31 - 1), nanosec=nanoseconds)


def time_ns(stamp: Time) -> int:
    """Return a time message in nanoseconds."""
    return stamp.sec * _NS + stamp.nanosec


def image_message(
    image: np.ndarray, stamp_ns: int, frame_id: str, encoding: str | None = None
) -> Image:
    """Return the message of an image.

    Args:
        image: uint8, uint16 or float32 [H, W]; or uint8 [H, W, 3] in a colour encoding.
        stamp_ns: host time.
        frame_id: of the header.
        encoding: ROS name of the encoding; None = that of a grey image of this type.
    """
    message = Image()
    message.header.stamp = time_message(stamp_ns)
    message.header.frame_id = frame_id
    message.height, message.width = int(image.shape[0]), int(image.shape[1])
    message.encoding = encoding or encoding_of(image)
    message.is_bigendian = int(sys.byteorder == 'big')
    message.step = int(image[0].nbytes)
    # Filling the array of the message is fast on every distribution; assigning a NumPy array
    # checks each element in Python.
    message.data.frombytes(np.ascontiguousarray(image).data.cast('B'))
    return message


def camera_info_of(
    of_sensor: CameraInfo, region: Region | None, header: Header, enlargement: int = 1
) -> CameraInfo:
    """Return the camera_info of an image that shows a region of the sensor, perhaps binned.

    As REP 104 asks, K, P and the size stay those of the calibrated, full resolution; `roi` and
    `binning` tell a reader which pixels the image shows. If the camera itself sends a binned
    region, ours lies within it. After super-resolution, size, K, P and `roi` are those of a camera
    with so many more pixels.

    Args:
        of_sensor: camera_info of the pixels that the packets address; it is not changed.
        region: part of these pixels that the image shows; None = all.
        header: of the image.
        enlargement: pixels of the image along each side of a pixel of the region.
    """
    info = copy.copy(of_sensor) if enlargement == 1 else _enlarged(of_sensor, enlargement)
    info.header = header
    if region is None or region.is_sensor:
        return info
    binning_x, binning_y = max(1, of_sensor.binning_x), max(1, of_sensor.binning_y)
    info.binning_x, info.binning_y = binning_x * region.scale, binning_y * region.scale
    info.roi = RegionOfInterest(
        x_offset=enlargement * (of_sensor.roi.x_offset + region.x * binning_x),
        y_offset=enlargement * (of_sensor.roi.y_offset + region.y * binning_y),
        width=enlargement * region.width * binning_x,
        height=enlargement * region.height * binning_y,
        do_rectify=of_sensor.roi.do_rectify or not region.is_whole,
    )
    return info


def _enlarged(info: CameraInfo, factor: int) -> CameraInfo:
    """Return the camera_info of the same camera with each pixel split into factor x factor."""
    found = copy.copy(info)
    found.width, found.height = factor * info.width, factor * info.height
    # The centre of pixel 0 is 0, so the first small centre is left of it by (factor - 1) / 2.
    split = np.diag([factor, factor, 1.0])
    split[:2, 2] = (factor - 1) / 2
    found.k = (split @ np.reshape(info.k, (3, 3))).ravel()
    found.p = (split @ np.reshape(info.p, (3, 4))).ravel()
    found.roi = RegionOfInterest(
        x_offset=factor * info.roi.x_offset,
        y_offset=factor * info.roi.y_offset,
        width=factor * info.roi.width,
        height=factor * info.roi.height,
        do_rectify=info.roi.do_rectify,
    )
    return found


def camera_info_size(info: CameraInfo) -> tuple[int, int]:
    """Return the width and height of the images that a camera_info belongs to."""
    width, height = info.roi.width or info.width, info.roi.height or info.height
    return width // max(1, info.binning_x), height // max(1, info.binning_y)


def image_array(message: Image) -> np.ndarray:
    """Return a mono8, mono16 or 32FC1 image message as [H, W]; a view where that is possible.

    Raises:
        UserError: another encoding, or size, step and data do not fit together.
    """
    return _decoded(message, tuple(DTYPES))


def colour_array(message: Image) -> np.ndarray:
    """Return an image message for display: [H, W] as `image_array`, or uint8 BGR [H, W, 3].

    Raises:
        UserError: an encoding that is not shown, or size, step and data do not fit together.
    """
    return _decoded(message, (*DTYPES, *_COLOURS))


def _decoded(message: Image, encodings: Sequence[str]) -> np.ndarray:
    if message.encoding not in encodings:
        raise UserError(
            f'the encoding of an image is {message.encoding!r}; publish one of: '
            f'{", ".join(encodings)}'
        )
    return pixels_of_message(message)


def packet_of(message: EventPacket) -> Packet:
    """Return the packet that views the message's bytes."""
    return Packet(
        encoding=message.encoding,
        width=message.width,
        height=message.height,
        seq=message.seq,
        time_base=message.time_base,
        stamp_ns=time_ns(message.header.stamp),
        data=np.frombuffer(message.events, np.uint8),
    )


def packet_message(packet: Packet, frame_id: str) -> EventPacket:
    """Return the message of a packet."""
    message = EventPacket()
    message.header.stamp = time_message(packet.stamp_ns)
    message.header.frame_id = frame_id
    message.height, message.width = int(packet.height), int(packet.width)
    message.seq, message.time_base = int(packet.seq), int(packet.time_base)
    message.encoding = packet.encoding
    message.is_bigendian = False
    message.events.frombytes(np.ascontiguousarray(packet.data).data)
    return message
