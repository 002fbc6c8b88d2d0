# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Names in the status that the live node publishes on /diagnostics.

A module of its own because the node writes the status, and the web page, the recorder and the
benchmarks read it.
"""

from enum import Enum

PROBLEMS = 'problems: '
"""Begins the names of the values that hold the problems of one part."""
RESETS = 'resets: '
"""Begins the names of the counters of resets; the reason follows."""
DECODER = 'decoder: '
"""Begins the names of the counters of data that the decoder left out."""
CAMERA_FRAMES = 'camera_frames: '
"""Begins the names of the counters of frames of the aligned camera that were not used in time."""
PLAUSIBLE_MS = 3_600_000.0
"""Images whose stamps differ by more from now are not late but of another day, as in a bag."""


class Part(Enum):
    """Where the cause of a problem is."""

    CAMERA = 'camera'
    NETWORK = 'network'
    NODE = 'node'
    VIEWER = 'viewer'


def status_name(node: str) -> str:
    """Return the name of the status of a node, from the full name of the node."""
    return f'{node}: reconstruction'
