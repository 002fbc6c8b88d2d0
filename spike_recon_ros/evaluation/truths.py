# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The ground truth images of a recording, read alongside its frames."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.color_scores import has_colours
from spike_recon_ros.frame import Frame
from spike_recon_ros.sources.open_images import has_topic, open_images
from spike_recon_ros.sources.rectification import Rectification
from spike_recon_ros.topics import GROUND_TRUTH, GROUND_TRUTH_COLOR

FIRST_IMAGES = 5
"""Images that are searched for colours; the first of a recording may be black."""


class Truths:
    """The images of one topic, found by their stamps.

    Args:
        path: of the recording.
        topic: of the images; None = there are none.
        size: sensor columns and rows, for a dataset that does not state them.
        rectification: for images that are rectified; they are warped into the sensor's pixels.
    """

    def __init__(
        self,
        path: Path,
        topic: str | None,
        size: tuple[int, int] | None = None,
        rectification: Rectification | None = None,
    ) -> None:
        self._path, self._topic, self._rectification = path, topic, rectification
        self._images: Iterator[tuple[int, np.ndarray]] = iter(())
        if topic is not None:
            self._images = open_images(path, topic, size)
        self._ahead: tuple[int, np.ndarray] | None = None

    def at(self, frame: Frame) -> np.ndarray | None:
        """Return the image with the stamp of a frame, in its pixels; None = there is none.

        Call it with increasing stamps: images are read once, in order.

        Raises:
            UserError: the image does not have the size of the frame.
        """
        while self._ahead is None or self._ahead[0] < frame.stamp_ns:
            self._ahead = next(self._images, None)
            if self._ahead is None:
                return None
        stamp_ns, image = self._ahead
        if stamp_ns != frame.stamp_ns:
            return None
        if image.shape[:2] != frame.intensity.shape:
            height, width = frame.intensity.shape
            raise UserError(
                f'{self._path}: the images on {self._topic} have {image.shape[1]}x'
                f'{image.shape[0]} pixels and the sensor {width}x{height}; give --truth-topic '
                "with images in the sensor's pixels"
            )
        if self._rectification is not None:
            return self._rectification.distorted(image)
        return image

    def close(self) -> None:
        """Close the file."""
        close = getattr(self._images, 'close', None)
        if close is not None:
            close()


def color_truth_topic(
    path: Path, truth: str | None, size: tuple[int, int] | None = None
) -> str | None:
    """Return the topic of the colours of the scene; None = the ground truth is grey or missing.

    Args:
        path: of the recording.
        truth: topic of the ground truth.
        size: see Truths.

    Raises:
        UserError: the recording cannot be read.
    """
    if truth == GROUND_TRUTH and has_topic(path, GROUND_TRUTH_COLOR):
        return GROUND_TRUTH_COLOR
    if truth is None:
        return None
    images = islice(open_images(path, truth, size), FIRST_IMAGES)
    return truth if any(has_colours(image) for _, image in images) else None
