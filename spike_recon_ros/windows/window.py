# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The data between two frame times."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from spike_recon_ros.packets.decoder import Samples
from spike_recon_ros.windows.sample_buffer import first_at_or_after


@dataclass(frozen=True, slots=True, eq=False)
class Window(Generic[Samples]):
    """The samples from `t_start_ns` up to, and not including, `t_end_ns` (sensor time).

    Attributes:
        t_start_ns: end of the previous window.
        t_end_ns: the frame's time.
        samples: Events or SpikePlanes in the order sent; may be empty.
        stamp_ns: stamp of the frame if a reference or a grid sets it, else None.
        due: whether a frame is wanted at the end. A window that is not due only keeps the model
            up to date while nothing asks for a frame.
    """

    t_start_ns: int
    t_end_ns: int
    samples: Samples
    stamp_ns: int | None = None
    due: bool = True

    def in_parts(self, longest_ns: int, first_ns: int | None = None) -> 'list[Window[Samples]]':
        """Split into windows of equal length, none longer than `longest_ns`.

        Only the last one is due, if this one is. An event belongs to the first part that ends
        after it and after all events sent before it, so the order is kept.

        Args:
            longest_ns: length of the longest part, above 0.
            first_ns: where the whole window began, if this one is only the rest of it.
        """
        first_ns = self.t_start_ns if first_ns is None else first_ns
        ends = part_ends(first_ns, self.t_end_ns, longest_ns)
        inner_ns: list[int] = [t_ns for t_ns in ends[:-1] if t_ns > self.t_start_ns]
        if not inner_ns:
            return [self]
        borders = [self.t_start_ns, *inner_ns, self.t_end_ns]
        t_ns = self.samples.t_ns
        inner: list[int] = [first_at_or_after(t_ns, border) for border in borders[1:-1]]
        cuts = [0, *inner, len(self.samples)]
        parts = zip(itertools.pairwise(borders), itertools.pairwise(cuts), strict=True)
        return [
            Window(
                start,
                end,
                self.samples[first:last],
                self.stamp_ns,
                self.due and end == self.t_end_ns,
            )
            for (start, end), (first, last) in parts
        ]

    def after(self, parts: 'Sequence[Window[Samples]]') -> 'Window[Samples]':
        """Return what is left of this window after its first parts."""
        if not parts:
            return self
        samples = self.samples[sum(len(part.samples) for part in parts) :]
        return Window(parts[-1].t_end_ns, self.t_end_ns, samples, self.stamp_ns, self.due)


def part_ends(t_start_ns: int, t_end_ns: int, longest_ns: int) -> list[int]:
    """Return the ends of the equal parts of a window, none of them longer than `longest_ns`."""
    length_ns = t_end_ns - t_start_ns
    count = max(1, -(-length_ns // longest_ns))
    return [t_start_ns + length_ns * k // count for k in range(1, count + 1)]


def joined(windows: 'Sequence[Window[Samples]]') -> 'Window[Samples]':
    """Return one window that covers consecutive ones, and is due if the last one is.

    Samples are copied once, however many windows there are.
    """
    first, last = windows[0], windows[-1]
    if first is last:
        return first
    samples = type(last.samples).concatenate([window.samples for window in windows])
    return Window(first.t_start_ns, last.t_end_ns, samples, last.stamp_ns, last.due)
