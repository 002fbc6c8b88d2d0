# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The interface of models, which turn windows into intensity.

Filters implement it directly; a network does so through its bundle, representation and backend.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.windows.window import Window


class Model(Protocol):
    """A recurrent reconstruction that keeps its state from window to window."""

    name: str

    @property
    def longest_window_ns(self) -> int:
        """Longest window that one step should process; 0 = no limit.

        It may change from window to window.
        """

    def step(self, window: Window) -> np.ndarray:
        """Process one window and return the intensity at its end.

        Returns: float32 [height, width], freshly allocated, in the model's own range.
        """

    def reset(self) -> None:
        """Zero the state, as if no window had been seen."""

    def close(self) -> None:
        """Release device memory and threads; no `step` may follow."""


@runtime_checkable
class SpikeModel(Model, Protocol):
    """A model of spike planes; its image is for an instant before the end of the window.

    Attributes:
        lookahead_planes: future planes used for each image. The image is for the plane that came
            this many planes before the last one of the window.
        hop_planes: planes that every window must contain; 0 = any number.
    """

    lookahead_planes: int
    hop_planes: int


class FrameModel(Model, Protocol):
    """A model of events that also reads the frames of an aligned camera.

    Attributes:
        anchor_at: returns the latest frame for a window that ends at a sensor time (ns); None =
            there are no frames.
    """

    anchor_at: Callable[[int], Anchor | None] | None


class WithoutDarkCurrent:
    """A SpikeModel that subtracts the mean dark rate of a camera from the images of another one.

    Nothing in the planes separates dark current from light, so the rate must be known. Pixels that
    are darker than that become 0.

    Args:
        model: makes the images; all its other attributes are those of this one.
        dark_rate: mean rate without light, spikes/plane.
    """

    def __init__(self, model: SpikeModel, dark_rate: float) -> None:
        self._model, self._dark_rate = model, np.float32(dark_rate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, window: Window) -> np.ndarray:
        """See Model."""
        intensity = self._model.step(window)
        intensity -= self._dark_rate
        return np.maximum(intensity, 0, out=intensity)


def step_in_parts(model: Model, window: Window, *, whole: bool = False) -> np.ndarray:
    """Process a window in parts of the length that suits the model; return the last intensity.

    Args:
        model: makes the steps.
        window: to process.
        whole: process it in one step all the same, as under overload.
    """
    longest_ns = model.longest_window_ns
    parts = [window] if whole or not longest_ns else window.in_parts(longest_ns)
    return [model.step(part) for part in parts][-1]
