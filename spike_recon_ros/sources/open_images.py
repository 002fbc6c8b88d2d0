# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Open the images that were recorded beside events, whatever the kind of recording."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.camera_frame import grey_image
from spike_recon_ros.regular_file import user_path
from spike_recon_ros.sources.aedat4 import has_aedat4_frames, read_aedat4_frames
from spike_recon_ros.sources.bag import Bag
from spike_recon_ros.sources.dataset_source import check_image_topic
from spike_recon_ros.sources.event_dataset import IMAGES
from spike_recon_ros.sources.images import IMAGE_TYPES, read_images
from spike_recon_ros.sources.open_source import is_aedat4, is_bag, open_dataset
from spike_recon_ros.topics import GROUND_TRUTH

__all__ = ['grey_image', 'has_topic', 'image_topics', 'open_images', 'truth_topic']


def open_images(
    path: str | Path, topic: str, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield `(stamp_ns, image)` of a topic, in the order of recording.

    Args:
        path: a bag; or a dataset or an AEDAT4 file with frames, whose topic is `images`, or
            `davis/right/images` for one camera of a file with several.
        topic: of images.
        size: sensor columns and rows, for a dataset that does not state them.

    Images are [H, W], or [H, W, channels] as BGR or BGRA. The stamps equal those of the
    `Reference`s that `open_source` yields for the same topic.

    Raises:
        UserError: if the recording cannot be read or has no such images.
    """
    if is_bag(path):
        yield from read_images(path, topic)
        return
    if is_aedat4(path):
        yield from read_aedat4_frames(user_path(path), topic)
        return
    camera = topic.strip('/').rpartition('/')[0]
    dataset = open_dataset(path, size, camera or None)
    if dataset is None:
        raise UserError(f'{path} holds no images; give a bag or a dataset with frames')
    try:
        check_image_topic(dataset, topic)
        yield from dataset.frames()
    finally:
        dataset.close()


def truth_topic(
    path: str | Path, size: tuple[int, int] | None = None, camera: str | None = None
) -> str | None:
    """Return the topic of the ground truth; None if there is none.

    Args:
        path: a recording of any kind.
        size: sensor columns and rows, for a dataset that does not state them.
        camera: topic of the events whose ground truth it is, in a file with several.

    Raises:
        UserError: if the recording cannot be read.
    """
    if is_bag(path):
        return GROUND_TRUTH if has_topic(path, GROUND_TRUTH) else None
    if is_aedat4(path):
        return IMAGES if has_aedat4_frames(user_path(path)) else None
    dataset = open_dataset(path, size, camera)
    if dataset is None:
        return None
    dataset.close()
    if not dataset.n_frames:
        return None
    return f'{dataset.camera}/{IMAGES}' if camera else IMAGES


def has_topic(path: str | Path, topic: str) -> bool:
    """Return whether a recording is a bag with messages on a topic.

    Raises:
        UserError: if the bag cannot be read.
    """
    if not is_bag(path):
        return False
    bag = Bag(user_path(path))
    try:
        return any(one.name == topic and one.n_messages for one in bag.topics)
    finally:
        bag.close()


def image_topics(path: str | Path) -> list[str]:
    """Return the image topics of a bag; none of other recordings.

    Raises:
        UserError: if the bag cannot be read.
    """
    if not is_bag(path):
        return []
    bag = Bag(user_path(path))
    try:
        return [one.name for one in bag.topics if one.type in IMAGE_TYPES and one.n_messages]
    finally:
        bag.close()
