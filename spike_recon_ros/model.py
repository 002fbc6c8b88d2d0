# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the reconstructor asks of whatever turns windows into intensity.

Comes in: a Window. Goes out: intensity. Knows nothing about rendering, ROS or files. Filters
implement this directly; a network does so through its bundle, representation and backend.
"""

from typing import Protocol

import numpy as np

from spike_recon_ros.windows.window import Window


class Model(Protocol):
    """A recurrent reconstruction: its state lives inside it, from window to window."""

    name: str
    lookahead_planes: int
    """Planes of a spike camera that a window must hold after the moment of its image; an image
    made of events is for the end of its window, and this is 0."""
    hop_planes: int
    """Planes of a spike camera that every window must have; 0 = any number."""

    @property
    def longest_window_ns(self) -> int:
        """Longer windows of events are better taken in in parts; 0 = any length will do.

        It may change from window to window.
        """

    def step(self, window: Window) -> np.ndarray:
        """Take one window in and return the intensity at its end, or `lookahead_planes` earlier.

        Returns: float32 [height, width], freshly allocated, in the model's own range.
        """

    def reset(self) -> None:
        """Zero the state, as if no window had been seen."""

    def close(self) -> None:
        """Give back what the model holds (device memory, threads); no `step` may follow."""


def step_in_parts(model: Model, window: Window) -> np.ndarray:
    """Take one window in, in parts of the length that suits the model; return what `step` does."""
    parts = window.in_parts(model.longest_window_ns) if model.longest_window_ns else [window]
    for part in parts[:-1]:
        model.step(part)
    return model.step(parts[-1])
