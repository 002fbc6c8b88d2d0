# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The steps of a model over the windows of a stream: merged if late, in parts if long.

Parts may be processed before their window is complete: then only the last one is left to do when
the last event arrives, and the frame is published earlier. The steps are the same either way.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.model import Model
from spike_recon_ros.windows.hot_pixels import HotPixelMask
from spike_recon_ros.windows.merging import WindowMerger
from spike_recon_ros.windows.window import Window, joined


class Pace:
    """Decides how much is done per window: here every step, none before its window is complete.

    Callers that must not be late have one of their own.
    """

    def holds(self, count: int, can_join: bool = True) -> bool:
        """Return, of `count` windows joined, whether to join the next one, too.

        Args:
            count: windows joined.
            can_join: False if the model needs each window alone; then return False.
        """
        return False

    def hurries(self, done: int, left: int) -> bool:
        """Return, of the parts of a window, whether to process the rest in one step.

        Asked when the window is complete, and after each part that is processed from then on.

        Args:
            done: number of its parts that have been processed.
            left: number of parts that are left.
        """
        return False

    def begins(self) -> bool:
        """Return whether to process a part of a window that is not complete yet."""
        return False

    def longest_run_ns(self) -> int | None:
        """Return how much of a spike camera there is time to read per frame; None = all."""
        return None


class WindowSteps:
    """Runs a model on the windows of a stream, without the events of hot pixels.

    Attributes:
        model: makes the steps; None = not loaded.
        mask: removes events of hot pixels; set with the model.
        was_whole: whether the last window was processed in one step although its parts should be
            shorter.
    """

    def __init__(self) -> None:
        self.model: Model | None = None
        self.mask: HotPixelMask | None = None
        self.was_whole = False
        self._merger = WindowMerger()
        self._begun: list[Window] = []
        self._longest_ns = 0

    @property
    def merged(self) -> int:
        """Windows that were joined to their successor."""
        return self._merger.merged

    def run(self, windows: Iterable[Window], pace: Pace) -> Iterator[tuple[Window, np.ndarray]]:
        """Process windows, or what `step_ahead` has left of them.

        Yields: each window as it was processed, whole and without events of hot pixels, and the
            intensity at its end.
        """
        can_join = not getattr(self.model, 'hop_planes', 0)
        for window in self._merger.join(windows, lambda count: pace.holds(count, can_join)):
            yield self._finish(window, pace)

    def step_ahead(
        self, next_part: Callable[[int, Callable[[], bool]], Window | None], pace: Pace
    ) -> None:
        """Process the parts of the window at hand that are complete, while `pace` wants it.

        Args:
            next_part: cuts off a part, see `WindowStream.next_part`.
            pace: decides.
        """
        if self.model is None or not self._merger.is_empty:  # windows are processed in order
            return
        while limit_ns := self._limit_ns:
            part = next_part(limit_ns, pace.begins)
            if part is None:
                return
            self._longest_ns = limit_ns
            self._begun.append(self._without_hot_pixels(part))
            self.model.step(self._begun[-1])

    def clear(self) -> None:
        """Drop the windows at hand: the stream starts again."""
        self._merger.clear()
        self._begun = []

    def close(self) -> None:
        """Release the model."""
        if self.model is not None:
            self.model.close()
        self.model = None

    def save_hot_pixels(self, path: Path) -> None:
        """Write the mask of hot pixels as a PNG file for the setting `hot_pixel_file`.

        Raises:
            UserError: no packet was seen yet, or the file cannot be written.
        """
        if self.mask is None:
            raise UserError(f'no packet was seen: there are no hot pixels to write to {path}')
        self.mask.save(path)

    @property
    def _limit_ns(self) -> int:
        """Length of the longest part of the window at hand; 0 = no limit.

        A model may change its limit from step to step, but the parts of a window are equal.
        """
        assert self.model is not None
        return self._longest_ns if self._begun else self.model.longest_window_ns

    def _finish(self, window: Window, pace: Pace) -> tuple[Window, np.ndarray]:
        assert self.model is not None
        limit_ns, begun = self._limit_ns, self._begun
        self._begun = []
        rest = self._without_hot_pixels(window)
        is_merged, parts, done = self._merger.joined > 1, [rest], 0
        if limit_ns and not is_merged:
            parts = rest.in_parts(limit_ns, begun[0].t_start_ns if begun else None)
        hurries = self.was_whole = is_merged or pace.hurries(len(begun), len(parts))
        while not hurries and len(parts) - done > 1:
            self.model.step(parts[done])
            done += 1
            hurries = pace.hurries(len(begun) + done, len(parts) - done)
        return joined([*begun, rest]), self.model.step(rest.after(parts[:done]))

    def _without_hot_pixels(self, window: Window) -> Window:
        assert self.mask is not None
        return self.mask.apply(window)
