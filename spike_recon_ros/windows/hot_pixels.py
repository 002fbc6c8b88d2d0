# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Masking of pixels that fire without a cause."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.image_file import read_image_file
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.regular_file import user_path
from spike_recon_ros.settings import Settings
from spike_recon_ros.whole_file import write_picture
from spike_recon_ros.windows.window import Window

# A pixel is hot if, while learning, it fired at least this often,
_FEWEST_EVENTS = 20
# this many times as often as the median of all pixels that fired,
_TIMES_MEDIAN = 8.0
# and this many times as often as the second most active of the 24 pixels around it. Even at the
# end of a thin line two neighbours fire as often; a defect is one pixel, hardly ever two.
_TIMES_NEIGHBOUR = 5.0
_NEIGHBOUR_RANK = 2
_SIDE = 5


class HotPixelMask:
    """The mask of one sensor: read from a file, learned from the first events, or both.

    Learning takes `settings.hot_pixel_time` of sensor time from the first event and drops nothing;
    the mask applies from the first event after it. So the result does not depend on how the stream
    was cut into windows.

    Args:
        width: image columns, pixels.
        height: image rows, pixels.
        settings: uses `hot_pixel_time` (0 = do not learn) and `hot_pixel_file` ('' = none).

    Attributes:
        mask: bool [height, width], True = events of the pixel are dropped. Read only.

    Raises:
        UserError: the file cannot be read or does not have the size of the images.
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
            _count(self._counts, nothing.x, nothing.y)  # compile before the first packet

    def apply(self, window: Window) -> Window:
        """Return the window without events of masked pixels; the same object if there are none."""
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
        """Prepare for a new stream of the same sensor.

        A learned mask is kept, because defects do not depend on time. Unfinished learning starts
        again.
        """
        self._end_ns = None
        self._counts.fill(0)

    def save(self, path: Path) -> None:
        """Write the mask as a PNG image for `hot_pixel_file`; white = masked.

        Raises:
            UserError: learning has not finished, or the file cannot be written.
        """
        if self._learning:
            raise UserError(
                f'the hot pixels were not learned: the recording is shorter than hot_pixel_time '
                f'({self._learning_ns / 1e9:g} s); give a shorter time or a longer recording'
            )
        if path.suffix != '.png':
            raise UserError(f'cannot write the hot pixels to {path}; name a .png in a folder')
        write_picture(path, self.mask.astype(np.uint8) * 255)

    def _learn_until(self, events: Events) -> int:
        """Return the index of the first event after the learning time."""
        if self._end_ns is None:
            self._end_ns = int(events.t_ns[0]) + self._learning_ns
        after = events.t_ns >= self._end_ns
        return int(after.argmax()) if after.any() else len(events)

    def _finish(self) -> None:
        self.mask = self.mask | hot_pixels(self._counts)
        self._learning = False


def hot_pixels(counts: np.ndarray) -> np.ndarray:
    """Return the pixels that fired far more often than their neighbours and than the median.

    Args:
        counts: int64 [height, width], number of events by pixel.

    Returns: bool [height, width]; on a sensor smaller than 5x5 pixels no pixel is hot.
    """
    hot = np.zeros(counts.shape, np.bool_)
    active = counts[counts > 0]
    if not active.size or min(counts.shape) < _SIDE:
        return hot
    ys, xs = np.nonzero(counts >= max(_FEWEST_EVENTS, _TIMES_MEDIAN * np.median(active)))
    # At the border of the sensor the neighbourhood is shifted inwards and keeps its size.
    tops = np.clip(ys - _SIDE // 2, 0, counts.shape[0] - _SIDE)
    lefts = np.clip(xs - _SIDE // 2, 0, counts.shape[1] - _SIDE)
    around = np.lib.stride_tricks.sliding_window_view(counts, (_SIDE, _SIDE))
    neighbourhoods = around[tops, lefts].reshape(-1, _SIDE * _SIDE)
    # The neighbourhood contains the candidate itself, so the rank is one larger.
    place = _SIDE * _SIDE - 1 - _NEIGHBOUR_RANK
    busy = np.partition(neighbourhoods, place, axis=1)[:, place]
    hot[ys, xs] = counts[ys, xs] >= _TIMES_NEIGHBOUR * busy
    return hot


def check_mask_file(settings: Settings) -> None:
    """Check that the file of a mask can be read, before the size of the images is known.

    Raises:
        UserError: it cannot.
    """
    if settings.hot_pixel_file:
        _read_image(settings.hot_pixel_file)


def _read_image(name: str) -> np.ndarray:
    try:
        return read_image_file(user_path(name), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)
    except UserError as error:
        raise UserError(f'hot_pixel_file: {error}') from error


def _read_mask(name: str, width: int, height: int) -> np.ndarray:
    image = _read_image(name)
    if image.shape != (height, width):
        raise UserError(
            f'hot_pixel_file {name} is {image.shape[1]}x{image.shape[0]}, but the images are '
            f'{width}x{height}; record the mask with this sensor, roi and scale'
        )
    return image > 0


@njit(nogil=True, cache=True)
def _count(counts, xs, ys):
    for i in range(xs.size):
        counts[ys[i], xs[i]] += 1
