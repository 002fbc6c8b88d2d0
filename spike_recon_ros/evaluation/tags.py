# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The number of AprilTags that a detector reads in a frame: a score without ground truth.

The detector is OpenCV's with its default parameters and the family 36h11. Any two codes of the
family differ in at least 11 bits and the default error correction mends up to 3, so an image
without tags practically never yields one.
"""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError

_detector: 'cv2.aruco.ArucoDetector | None' = None


def read_tags(image: np.ndarray) -> dict[int, np.ndarray]:
    """Read the 36h11 tags of an image.

    An id that is found at two places is left out, because at least one of them is wrong.

    Args:
        image: uint8 [height, width].

    Returns: id -> float32 [4, 2], corners (x, y) in pixels, clockwise from the tag's top left.

    Raises:
        UserError: if OpenCV is too old to have the detector.
    """
    global _detector  # noqa: PLW0603 -- made once, because the dictionary is slow to set up
    if _detector is None:
        if not hasattr(cv2, 'aruco') or not hasattr(cv2.aruco, 'ArucoDetector'):
            raise UserError(
                f'OpenCV {cv2.__version__} cannot read tags; '
                "run: pip install 'opencv-python-headless>=4.7'"
            )
        dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
        _detector = cv2.aruco.ArucoDetector(dictionary)
    corners, ids, _ = _detector.detectMarkers(np.ascontiguousarray(image))
    found = [] if ids is None else [int(tag_id) for tag_id in ids.ravel()]
    return {
        tag_id: corner.reshape(4, 2)
        for tag_id, corner in zip(found, corners, strict=True)
        if found.count(tag_id) == 1
    }


@dataclass(slots=True)
class TagScore:
    """Counts tags over the frames of a video.

    A tag is in view if it is read in the ground truth image of the same instant. A tag that is
    read in the frame only does not count towards the share: it may be a wrong id.

    Attributes:
        frames: frames added.
        tags_read: tags read in all of them.
        frames_with_truth: frames with ground truth.
        tags_in_view: tags read in the ground truth of those.
        tags_found: tags in view that were read at the same place in the frame.
        tags_beyond_truth: tags read in a frame but not at that place in its ground truth: wrong
            ids, and right ones that the detector missed in the ground truth.
        tolerance_px: largest distance of centres that counts as the same place.
    """

    frames: int = 0
    tags_read: int = 0
    frames_with_truth: int = 0
    tags_in_view: int = 0
    tags_found: int = 0
    tags_beyond_truth: int = 0
    tolerance_px: float = field(default=8.0, kw_only=True)

    def add(self, frame: np.ndarray, truth: np.ndarray | None = None) -> None:
        """Count the tags of one frame.

        Args:
            frame: uint8 [height, width].
            truth: uint8 [height, width], the scene at the same instant; None = unknown.
        """
        read = read_tags(frame)
        self.frames += 1
        self.tags_read += len(read)
        if truth is None:
            return
        in_view = read_tags(truth)
        found = sum(
            tag_id in read and self._same_place(read[tag_id], corners)
            for tag_id, corners in in_view.items()
        )
        self.frames_with_truth += 1
        self.tags_in_view += len(in_view)
        self.tags_found += found
        self.tags_beyond_truth += len(read) - found

    @property
    def tags_per_frame(self) -> float:
        """Mean number of tags read in a frame; 0 without frames."""
        return self.tags_read / self.frames if self.frames else 0.0

    @property
    def share_in_view(self) -> float | None:
        """Share of the tags in view that were read, 0 to 1; None = no tag was in view."""
        return self.tags_found / self.tags_in_view if self.tags_in_view else None

    def summary(self) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        return {
            'frames': self.frames,
            'tags_per_frame': round(self.tags_per_frame, 2),
            'tags_in_view_per_frame': round(self.tags_in_view / self.frames_with_truth, 2)
            if self.frames_with_truth
            else None,
            'share_of_tags_in_view': None
            if self.share_in_view is None
            else round(self.share_in_view, 3),
            'tags_beyond_truth': self.tags_beyond_truth,
        }

    def _same_place(self, one: np.ndarray, other: np.ndarray) -> bool:
        distance = np.hypot(*(one.mean(axis=0) - other.mean(axis=0)))
        return bool(distance <= self.tolerance_px)
