# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments of shared memory that ROS processes left behind when they were killed."""

import fcntl
import os
import re
from pathlib import Path

SHARED_MEMORY = Path('/dev/shm')
_SEGMENT = re.compile(r'(?:fastrtps|fastdds)_[0-9a-f]{16}')
"""Name of a segment of Fast DDS; beside it lies NAME_el, which its owner keeps locked."""


def find() -> list[Path]:
    """Return the segments of Fast DDS that no process holds the lock of."""
    if not SHARED_MEMORY.is_dir():
        return []
    return [path for path in sorted(SHARED_MEMORY.iterdir()) if _is_left_over(path)]


def remove() -> int:
    """Remove the segments of killed processes; return how many.

    `fastdds shm clean` would do, but needs psutil, which no package of ROS brings.
    """
    left = find()
    for segment in left:
        for path in (segment, _lock_of(segment)):
            path.unlink(missing_ok=True)
    return len(left)


def _is_left_over(segment: Path) -> bool:
    if not _SEGMENT.fullmatch(segment.name):
        return False
    try:
        lock = os.open(_lock_of(segment), os.O_RDONLY)
    except OSError:  # just being made or removed, or another user's
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


def _lock_of(segment: Path) -> Path:
    return segment.with_name(f'{segment.name}_el')
