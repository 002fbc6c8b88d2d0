# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours of a camera that sees the same pixels, moved with the scene since its frame was taken.

The camera sends few frames; the sensor gives many images. The motion between them is the optical
flow between two reconstructed images: the one at the time of the frame and the present one (DIS:
Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016). It is not measured
between the frame and an image, because these look too different.
"""

from collections import deque

import cv2
import numpy as np

from spike_recon_ros.color.luma import chroma_of, merged
from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.frames.store import OLDEST_NS, FrameStore
from spike_recon_ros.windows.window import Window

FINEST_SCALE = 1
"""Motion is measured down to half the size of the image. The preset stops at a quarter: that takes
a third of the time and leaves a fifth to a half more error in the colours of fast scenes."""
SPACING_NS = 4_000_000
"""Smallest time between two images that are kept to measure motion from."""
LARGEST_GAP_NS = 40_000_000
"""A frame gives no colours if no image was made so close to its time."""
MOST_BYTES = 64_000_000
"""Limit for the pixels of the images that are kept."""
NO_COLOUR = (
    'frames of the camera have no colour, which color:=frame needs; publish rgb8, bgr8 or bayer_* '
    'on frame_image, or set color:=off'
)


class FrameColor:
    """Finds the frame for each image and moves its colours along.

    Args:
        region: the part of the sensor that is reconstructed.
        frames: of the camera.
    """

    def __init__(self, region: Region, frames: FrameStore) -> None:
        self._region, self._frames = region, frames
        self._flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow_of.setFinestScale(FINEST_SCALE)
        self.reset()

    def step(self, window: Window, whole: bool) -> None:
        """Do nothing: only rendered images are needed."""

    def render(
        self, luma: np.ndarray, stamp_ns: int, limits: tuple[float, float]
    ) -> np.ndarray | None:
        """Return uint8 [height, width, 3], BGR; None if there is no frame with colours.

        Args:
            luma: uint8 [height, width], the rendered image.
            stamp_ns: host time of the image.
            limits: not used.
        """
        self._keep(luma, stamp_ns)
        frame = self._frames.at(stamp_ns)
        if frame is None:
            return None
        if frame is not self._frame:
            self._begin(frame)
        if self._chroma is None or self._then is None:
            return None
        return merged(luma, self._moved(luma))

    def reset(self) -> None:
        """Forget the images and the frame."""
        self._images: deque[tuple[int, np.ndarray]] = deque()
        self._frame: CameraFrame | None = None
        self._chroma: np.ndarray | None = None
        self._then: np.ndarray | None = None
        self._flow: np.ndarray | None = None
        self._grid: np.ndarray | None = None

    def close(self) -> None:
        """Release the images."""
        self.reset()

    def _keep(self, luma: np.ndarray, stamp_ns: int) -> None:
        images = self._images
        if images and stamp_ns - images[-1][0] < SPACING_NS:
            return
        images.append((stamp_ns, luma))
        most = max(2, MOST_BYTES // luma.nbytes)
        while len(images) > most or stamp_ns - images[0][0] > OLDEST_NS:
            images.popleft()

    def _begin(self, frame: CameraFrame) -> None:
        """Use another frame from now on."""
        self._frame, self._flow, self._chroma = frame, None, None
        gap_ns, then = min(
            ((abs(t_ns - frame.stamp_ns), image) for t_ns, image in self._images),
            key=lambda pair: pair[0],
        )
        self._then = then if gap_ns <= LARGEST_GAP_NS else None
        if not frame.is_colour:
            self._frames.problem = NO_COLOUR
            self._frames.counts.without_color += 1
            return
        chroma = chroma_of(self._region.binned(self._region.cut(frame.image)))
        height, width = then.shape
        if chroma.shape[:2] != then.shape:  # after super-resolution
            chroma = cv2.resize(chroma, (width, height), interpolation=cv2.INTER_LINEAR)
        self._chroma = chroma

    def _moved(self, luma: np.ndarray) -> np.ndarray:
        """Return the colours where they are now, uint8 [height, width, 2]."""
        assert self._chroma is not None and self._then is not None  # noqa: PT018 -- one state
        if luma is self._then:
            return self._chroma
        if self._grid is None or self._grid.shape[:2] != luma.shape:
            x, y = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in luma.shape[::-1]))
            self._grid = np.dstack([x, y])
        # The last flow is near the present one, so the search starts there.
        flow = None if self._flow is None else self._flow.copy()
        self._flow = self._flow_of.calc(luma, self._then, flow)
        where = self._grid + self._flow
        return cv2.remap(
            self._chroma, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
