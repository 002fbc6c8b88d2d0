# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Images in bags: the intensity that was recorded beside the events."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.encodings import ENCODINGS
from spike_recon_ros.sources.bag import Bag

BAYER_ENCODING = re.compile(r'bayer_([rgb]{4})\d+')
IMAGE = 'sensor_msgs/msg/Image'
IMAGE_TYPES = IMAGE, 'sensor_msgs/msg/CompressedImage'


def read_images(path: str | Path, topic: str) -> Iterator[tuple[int, np.ndarray]]:
    """Yield `(stamp_ns, image)` for each message, in the order of recording.

    Images are [H, W], or [H, W, channels] as BGR or BGRA; colours that were sent in another order,
    or as a Bayer pattern, are converted.

    Raises:
        UserError: if the bag cannot be read, has no such topic, or an image is not convertible.
    """
    convert = image_converter()
    bag = Bag(Path(path))
    try:
        found = [one for one in bag.topics if one.type in IMAGE_TYPES]
        names = {one.name for one in found if one.name.strip('/') == topic.strip('/')}
        if not names:
            listed = ', '.join(one.name for one in found) or 'none'
            raise UserError(f'{path} has no image topic {topic}; it has: {listed}')
        for one, _, raw in bag.messages(names):
            message = bag.deserialize(raw, one.type)
            try:
                image = _in_bgr(convert(message), getattr(message, 'encoding', ''))
            except Exception as error:  # both libraries raise many kinds
                raise UserError(f'an image on {topic} cannot be converted ({error})') from error
            yield bag.stamp_ns(raw), image
    finally:
        bag.close()


def bayer_topic(path: str | Path) -> tuple[str, str, tuple[int, int]] | None:
    """Return the first image topic of a bag whose encoding names a Bayer pattern.

    Only the first message of each topic is read.

    Returns: the pattern (such as `rggb`), the topic, and width and height; None = there is none.

    Raises:
        UserError: if the bag cannot be read.
    """
    bag = Bag(Path(path))
    try:
        left = {one.name for one in bag.topics if one.type == IMAGE and one.n_messages}
        while left:
            first = next(iter(bag.messages(left)), None)
            if first is None:
                break
            topic, _, raw = first
            left.discard(topic.name)
            message = bag.deserialize(raw, topic.type)
            if found := BAYER_ENCODING.fullmatch(message.encoding):
                return found[1], topic.name, (int(message.width), int(message.height))
    finally:
        bag.close()
    return None


def _in_bgr(image: np.ndarray, encoding: str) -> np.ndarray:
    known = ENCODINGS.get(encoding)
    if known is None or known.conversion is None:
        return image
    return cv2.cvtColor(image.reshape(*image.shape[:2], -1), known.conversion)


def image_converter() -> Callable[[Any], np.ndarray]:
    """Return a function that converts an Image or CompressedImage message into an array.

    It uses cv_bridge if a ROS installation brings it, else rosbags-image.

    Raises:
        UserError: if neither is installed.
    """
    try:
        from cv_bridge import CvBridge  # noqa: PLC0415 -- only a ROS installation has it
    except ImportError:
        return _rosbags_image_converter()
    bridge = CvBridge()

    def convert(message: Any) -> np.ndarray:
        if hasattr(message, 'format'):
            return bridge.compressed_imgmsg_to_cv2(message)
        return bridge.imgmsg_to_cv2(message)

    return convert


def _rosbags_image_converter() -> Callable[[Any], np.ndarray]:
    try:
        from rosbags.image import message_to_cvimage  # noqa: PLC0415 -- not everybody needs it
    except ImportError as error:
        raise UserError(
            'images in bags need cv_bridge or rosbags-image; run: pip install rosbags-image'
        ) from error

    def convert(message: Any) -> np.ndarray:
        return message_to_cvimage(_without_row_padding(message))

    return convert


def _without_row_padding(message: Any) -> Any:
    """Return the message with contiguous rows; rosbags-image ignores `step`."""
    if hasattr(message, 'format') or not message.height:
        return message
    rows = np.frombuffer(message.data, np.uint8)[: message.height * message.step]
    rows = rows.reshape(message.height, message.step)
    used = _row_bytes(message)
    if used == message.step:
        return message
    return dataclasses.replace(message, data=np.ascontiguousarray(rows[:, :used]), step=used)


def _row_bytes(message: Any) -> int:
    from rosbags.image.image import to_cvtype  # noqa: PLC0415 -- not everybody needs it

    _, _, kind, channels = to_cvtype(message.encoding)
    return message.width * channels * np.dtype(kind).itemsize
