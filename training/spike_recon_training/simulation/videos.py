# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loads videos as grey clips for the simulated scenes."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_training.simulation.source_files import find_files

SUFFIXES = ('.mp4', '.avi', '.mkv', '.mov', '.webm', '.m4v', '.mpg', '.mpeg')
FEWEST_FRAMES = 8
"""Shorter shots are dropped."""
THUMBNAIL = 32
"""Side of the images in which cuts are searched, pixels."""
CUT = 0.09
"""Mean absolute difference of two thumbnails at a cut, grey range 0 to 1, and ..."""
CUT_RATIO = 5.0
"""... its ratio to the median difference of the video, which excludes fast motion."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """Shots of videos, none of which contains a cut.

    Attributes:
        shots: uint8 [frames, height, width] each; the shorter side is the `side` of the loading.
        files: number of video files that they come from.
    """

    shots: list[np.ndarray]
    files: int

    def __len__(self) -> int:
        return len(self.shots)


def find_videos(folders: list[Path]) -> list[Path]:
    """Return the video files in the folders, searched recursively, sorted.

    Raises:
        UserError: a folder does not exist, or the folders contain no video file.
    """
    return find_files(folders, SUFFIXES, 'videos')


def load_clips(files: list[Path], side: int, longest: int) -> Clips:
    """Read the files as grey clips; files that OpenCV cannot read are skipped.

    Args:
        files: video files.
        side: shorter side of the clips, pixels. Larger videos are reduced to it, which also
            removes most artefacts of their compression; smaller ones keep their size.
        longest: maximum number of frames read from a file; limits the memory.

    Raises:
        UserError: no file is a usable video.
    """
    shots: list[np.ndarray] = []
    used = 0
    for file in files:
        frames = _frames(file, side, longest)
        found = _shots(frames) if len(frames) >= FEWEST_FRAMES else []
        shots += found
        used += bool(found)
    if not shots:
        raise UserError(
            f'none of the {len(files)} files is a video of at least {FEWEST_FRAMES} frames that '
            'OpenCV can read'
        )
    return Clips(shots, used)


def _frames(file: Path, side: int, longest: int) -> list[np.ndarray]:
    """Return the first frames of a video, uint8 [height, width] each."""
    video = cv2.VideoCapture(str(file))
    frames: list[np.ndarray] = []
    try:
        while len(frames) < longest:
            read, frame = video.read()
            if not read:
                break
            grey = cv2.cvtColor(np.asarray(frame), cv2.COLOR_BGR2GRAY)
            scale = side / min(grey.shape)
            if scale < 1:
                size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
                grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
            frames.append(grey)
    finally:
        video.release()
    return frames


def _shots(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Split a video at its cuts."""
    size = THUMBNAIL, THUMBNAIL
    small = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
    change = np.abs(np.diff(small.astype(np.float32) / 255, axis=0)).mean((1, 2))
    cuts = np.flatnonzero((change > CUT) & (change > CUT_RATIO * np.median(change))) + 1
    parts = np.split(np.arange(len(frames)), cuts)
    return [np.stack([frames[k] for k in part]) for part in parts if len(part) >= FEWEST_FRAMES]
