# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the cutters have in common whose windows have an end that is known in advance."""

from collections.abc import Callable
from typing import Any

from spike_recon_ros.windows.sample_cutter import SampleCutter
from spike_recon_ros.windows.window import Window, part_ends

NEVER_NS = 2**63
"""End of a part that no sample reaches."""


class FixedRate(SampleCutter):
    """Base class: cuts off parts of the window at hand while its other samples are still to come.

    Args:
        max_gap_ns: a pause is filled with empty windows for this long; the rest is skipped.
    """

    def __init__(self, max_gap_ns: int) -> None:
        super().__init__()
        self._max_gap_ns = max_gap_ns
        self._last_sample_ns = 0
        self._begun_until_ns: int | None = None
        # The next part of the window at hand, once it is known.
        self._part_start_ns = 0
        self._part_end_ns: int | None = None
        # Length of the run that begins with the next sample.
        self._run_ns: int | None = None

    def begin_run(self, run_ns: int) -> None:
        """Drop the samples at hand, because the next ones are missing.

        The next window begins with the next sample, and ends at the first border that is at least
        `run_ns` later: the borders stay as they were.
        """
        self._pending.clear()
        self._finish_window()
        self._run_ns = run_ns

    def needs(self, t_ns: int, next_ns: int, run_ns: int) -> bool:
        """Return whether the next window needs samples, if its last `run_ns` are enough.

        Args:
            t_ns: time of the first of these samples.
            next_ns: time of the sample after them.
            run_ns: see `begin_run`.
        """
        if self._run_ns is not None:
            end_ns = self._border_from(t_ns + run_ns)
        elif (span := self._span()) is not None:
            end_ns = span[1]
        else:
            return True
        return self._border_from(next_ns + run_ns) > end_ns

    def next_part(
        self, longest_ns: int, wanted: Callable[[], bool] = lambda: True
    ) -> Window | None:
        """Cut off the next part of the window at hand, if a later sample has been seen.

        The window that is completed later is what is left. The parts are those of
        `Window.in_parts`, and they are not due.

        Args:
            longest_ns: length of the longest part, above 0; the same until the window is complete.
            wanted: asked once a part is complete, so not for each packet.

        Returns: None if the part is not complete, is the last one, or is not wanted.
        """
        if self._part_end_ns is None and (span := self._span()) is not None:
            start_ns = self._rest_from(span[0])
            ends = part_ends(*span, longest_ns)[:-1]
            self._part_end_ns = next((t_ns for t_ns in ends if t_ns > start_ns), NEVER_NS)
            self._part_start_ns = start_ns
        end_ns = self._part_end_ns
        if end_ns is None or not self._pending.reaches(end_ns) or not wanted():
            return None
        part = Window(self._part_start_ns, end_ns, self._take_before(end_ns), due=False)
        self._begun_until_ns, self._part_end_ns = end_ns, None
        return part

    def _span(self) -> tuple[int, int] | None:
        """Return start and end of the window at hand; None if they are not known."""
        raise NotImplementedError

    def _border_from(self, t_ns: int) -> int:
        """Return the first border at a time or after it."""
        raise NotImplementedError

    def _finish_window(self) -> None:
        """Note that the window at hand was cut."""
        self._begun_until_ns = self._part_end_ns = None

    def _rest_from(self, t_start_ns: int) -> int:
        """Return where the rest of a window begins, which starts at a time."""
        return t_start_ns if self._begun_until_ns is None else self._begun_until_ns

    def _take_before(self, t_end_ns: int) -> Any:
        samples = self._pending.take_before(t_end_ns)
        if len(samples):
            self._last_sample_ns = int(samples.t_ns[-1])
        return samples
