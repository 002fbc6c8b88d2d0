# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Pixels that fire without a reason, and windows without their events.

Comes in: windows. Goes out: the same windows, without the events of masked pixels. Knows nothing
about what is done with them.
"""

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window

# A pixel is hot if it fired at least this often while learning, ...
_FEWEST_EVENTS = 20
# ... this many times as often as the median of the pixels that fired at all, ...
_TIMES_MEDIAN = 8.0
# ... and this many times as often as the second busiest of the 24 pixels around it. Even at the
# end of a thin line two neighbours see what a pixel sees; a defect is one pixel, hardly ever two.
_TIMES_NEIGHBOUR = 5.0
_NEIGHBOUR_RANK = 2
_SIDE = 5


class HotPixelMask:
    """The mask of one sensor: read from a file, learned from the first events, or both.

    Learning lasts from the first event for `settings.hot_pixel_time` of sensor time and takes
    nothing away; from the first event after it on, the mask applies. So the result does not
    depend on how the stream was cut into windows.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        settings: `hot_pixel_time` (0 = do not learn) and `hot_pixel_file` ('' = none) count.

    Attributes:
        mask: bool [height, width], True = the pixel's events are dropped. Read only.

    Raises:
        UserError: if the file cannot be read or is not of the sensor's size.
    """

    def __init__(self, width: int, height: int, settings: Settings) -> None:
        self._learning_ns = round(settings.hot_pixel_time * 1e9)
        self._learning = self._learning_ns > 0
        self._end_ns: int | None = None
        self._counts = np.zeros((height, width), np.int64)
        if settings.hot_pixel_file:
            self.mask = _read_mask(settings.hot_pixel_file, width, height)
        else:
            self.mask = np.zeros((height, width), np.bool_)
        if self._learning:
            nothing = Events.empty()
            _count(self._counts, nothing.x, nothing.y)  # compiles now, not at the first packet

    def apply(self, window: Window) -> Window:
        """Return the window without the events of masked pixels; itself if there are none."""
        events = window.samples
        if not len(events):
            return window
        learned_from = self._learn_until(events) if self._learning else 0
        keep = ~self.mask[events.y, events.x] if self.mask.any() else None
        if learned_from:
            _count(self._counts, events.x[:learned_from], events.y[:learned_from])
        if self._learning and learned_from < len(events):
            self._finish()
            after = ~self.mask[events.y[learned_from:], events.x[learned_from:]]
            before = np.ones(learned_from, np.bool_) if keep is None else keep[:learned_from]
            keep = np.concatenate((before, after))
        if keep is None or keep.all():
            return window
        kept = Events(
            events.x[keep], events.y[keep], events.p[keep], events.t_ns[keep], events.triggers
        )
        return dataclasses.replace(window, samples=kept)

    def reset(self) -> None:
        """Take note that sensor time starts again, with the same sensor.

        A mask that was learned stays: defects do not depend on time. Learning that has not
        finished starts again.
        """
        self._end_ns = None
        self._counts.fill(0)

    def save(self, path: Path) -> None:
        """Write the mask as a PNG image that `hot_pixel_file` takes: white = masked.

        Raises:
            UserError: if learning has not come to its end, or the file cannot be written.
        """
        if self._learning:
            raise UserError(
                f'the hot pixels were not learned: less than hot_pixel_time '
                f'({self._learning_ns / 1e9:g} s) was seen'
            )
        if path.suffix != '.png' or not cv2.imwrite(str(path), self.mask.astype(np.uint8) * 255):
            raise UserError(f'cannot write the hot pixels to {path}; name a .png in a folder')

    def _learn_until(self, events: Events) -> int:
        """Return the index of the first event after the time of learning."""
        if self._end_ns is None:
            self._end_ns = int(events.t_ns[0]) + self._learning_ns
        after = events.t_ns >= self._end_ns
        return int(after.argmax()) if after.any() else len(events)

    def _finish(self) -> None:
        self.mask = self.mask | hot_pixels(self._counts)
        self._learning = False


def hot_pixels(counts: np.ndarray) -> np.ndarray:
    """Return which pixels fired far more often than both their neighbours and the others.

    Args:
        counts: int64 [height, width], events of each pixel.

    Returns: bool [height, width]; nothing is hot on a sensor of less than 5x5 pixels.
    """
    hot = np.zeros(counts.shape, np.bool_)
    active = counts[counts > 0]
    if not active.size or min(counts.shape) < _SIDE:
        return hot
    ys, xs = np.nonzero(counts >= max(_FEWEST_EVENTS, _TIMES_MEDIAN * np.median(active)))
    # At the sensor's border the neighbourhood is moved inwards, so that it stays as large.
    tops = np.clip(ys - _SIDE // 2, 0, counts.shape[0] - _SIDE)
    lefts = np.clip(xs - _SIDE // 2, 0, counts.shape[1] - _SIDE)
    around = np.lib.stride_tricks.sliding_window_view(counts, (_SIDE, _SIDE))
    neighbourhoods = around[tops, lefts].reshape(-1, _SIDE * _SIDE)
    # One place further down than among the neighbours alone: a suspect is in its own list.
    place = _SIDE * _SIDE - 1 - _NEIGHBOUR_RANK
    busy = np.partition(neighbourhoods, place, axis=1)[:, place]
    hot[ys, xs] = counts[ys, xs] >= _TIMES_NEIGHBOUR * busy
    return hot


def _read_mask(name: str, width: int, height: int) -> np.ndarray:
    image = cv2.imread(name, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    if image is None:
        raise UserError(f'hot_pixel_file {name} is missing or not an image; give a PNG file')
    if image.shape != (height, width):
        raise UserError(
            f'hot_pixel_file {name} is {image.shape[1]}x{image.shape[0]}, but the sensor is '
            f'{width}x{height}; record the mask with this sensor'
        )
    return image > 0


@njit(nogil=True, cache=True)
def _count(counts, xs, ys):
    for i in range(xs.size):
        counts[ys[i], xs[i]] += 1
