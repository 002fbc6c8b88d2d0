# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The frame that a network reads beside the events: grey, cropped and binned, with its age."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.frames.store import FrameStore


class Clock(Protocol):
    """Relates the clocks of the event camera and of the host."""

    def host_ns(self, t_ns: int) -> int:
        """Return the host time of a sensor time."""


class Anchor(NamedTuple):
    """The latest frame for a window.

    Attributes:
        stamp_ns: host time of the frame; differs from frame to frame.
        age_ns: end of the window minus time of the frame, at least 0.
        grey: float32 [height, width] of the reconstructed region, 0 = black, 1 = white.
    """

    stamp_ns: int
    age_ns: int
    grey: np.ndarray


class Anchors:
    """Finds anchors in a store of frames.

    Args:
        store: of the frames.
        region: part of the sensor that is reconstructed, and how it is binned.
        clock: returns the clock of the stream at hand.
    """

    def __init__(self, store: FrameStore, region: Region, clock: Callable[[], Clock]) -> None:
        self._store, self._region, self._clock = store, region, clock
        self._frame: CameraFrame | None = None
        self._grey = np.zeros((0, 0), np.float32)

    def at(self, t_ns: int) -> Anchor | None:
        """Return the anchor for a window that ends at a sensor time; None = there is no frame.

        Ask with increasing times.
        """
        stamp_ns = self._clock().host_ns(t_ns)
        frame = self._store.at(stamp_ns)
        if frame is None:
            return None
        if frame is not self._frame:
            values = self._region.cut(frame.grey()).astype(np.float32) * np.float32(1 / 255)
            self._frame, self._grey = frame, self._region.binned(values)
        return Anchor(frame.stamp_ns, stamp_ns - frame.stamp_ns, self._grey)
