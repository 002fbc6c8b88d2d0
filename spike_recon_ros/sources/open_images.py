# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The images of a recording of any kind that has some.

Comes in: a recording. Goes out: stamped images, and which of its topics is the ground truth.
Knows which kinds have images, not how they are read.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.bag import Bag
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import is_bag
from spike_recon_ros.topics import GROUND_TRUTH


def open_images(path: str | Path, topic: str) -> Iterator[tuple[int, np.ndarray]]:
    """Yield `(stamp_ns, image)` in the order of recording.

    Images are [H, W] or [H, W, channels] in the encoding in which they were recorded.

    Raises:
        UserError: the recording cannot be read, or has no such images.
    """
    if not is_bag(path):
        raise UserError(f'{path} is no bag and has no images on a topic {topic}')
    yield from read_images(path, topic)


def truth_topic(path: str | Path) -> str | None:
    """Return the topic on which a recording holds its ground truth; None where it has none.

    Raises:
        UserError: the recording cannot be read.
    """
    if not is_bag(path):
        return None
    bag = Bag(Path(path))
    try:
        names = {topic.name for topic in bag.topics if topic.n_messages}
    finally:
        bag.close()
    return GROUND_TRUTH if GROUND_TRUTH in names else None
