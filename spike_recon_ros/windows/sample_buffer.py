# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Samples that have arrived but belong to no window yet."""

from typing import Any

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.spike_planes import SpikePlanes

_BLOCK = 256
"""Samples that are tested together: a loop that does not end early can use vector instructions."""


@njit(nogil=True, cache=True)
def first_at_or_after(t_ns: np.ndarray, moment_ns: int) -> int:
    """Return the index of the first sample, in the order sent, at or after a moment; n if none."""
    count = t_ns.shape[0]
    for start in range(0, count, _BLOCK):
        block = t_ns[start : start + _BLOCK]
        found = False
        for index in range(block.shape[0]):
            found |= block[index] >= moment_ns
        if found:
            for index in range(block.shape[0]):
                if block[index] >= moment_ns:
                    return start + index
    return count


@njit(nogil=True, cache=True)
def first_large_step(t_ns: np.ndarray, previous_ns: int, largest_step_ns: int) -> int:
    """Return the index of the first sample that is more than a step from the one before it.

    Args:
        t_ns: int64 [n], sample times.
        previous_ns: time of the sample before the first one.
        largest_step_ns: size of an accepted step, in either direction.

    Returns: the index; n if there is none.
    """
    count = t_ns.shape[0]
    if not count:
        return 0
    if abs(t_ns[0] - previous_ns) > largest_step_ns:
        return 0
    for start in range(1, count, _BLOCK):
        block, before = t_ns[start : start + _BLOCK], t_ns[start - 1 : start - 1 + _BLOCK]
        found = False
        for index in range(block.shape[0]):
            found |= abs(block[index] - before[index]) > largest_step_ns
        if found:
            for index in range(block.shape[0]):
                if abs(block[index] - before[index]) > largest_step_ns:
                    return start + index
    return count


class SampleBuffer:
    """A queue of Events or SpikePlanes that is cut in time or by count.

    A cut in time falls before the first sample, in the order sent, that is not earlier than the
    moment. So even in a stream that is not sorted, cuts do not depend on packet borders.

    Attributes:
        count: samples in the queue.
        first_t_ns: time of the first sample ever appended; None before it.
        latest_t_ns: latest time ever appended; None before the first sample.
    """

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._nothing: Any = None
        self.count = 0
        self.first_t_ns: int | None = None
        self.latest_t_ns: int | None = None

    def append(self, samples: Events | SpikePlanes) -> None:
        """Append samples; their arrays are kept as views until they are cut out."""
        if self._nothing is None:
            self._nothing = samples[:0]
        if not len(samples):
            return
        self._parts.append(samples)
        self.count += len(samples)
        newest = int(samples.t_ns.max())
        if self.first_t_ns is None:
            self.first_t_ns = int(samples.t_ns[0])
        self.latest_t_ns = newest if self.latest_t_ns is None else max(self.latest_t_ns, newest)

    def clear(self) -> None:
        """Drop what is stored, but not when the stream began."""
        self._parts, self.count, self.latest_t_ns = [], 0, None

    @property
    def next_t_ns(self) -> int | None:
        """Time of the oldest sample in the queue."""
        return int(self._parts[0].t_ns[0]) if self._parts else None

    def reaches(self, moment_ns: int) -> bool:
        """Return whether a sample at or after the moment has been appended."""
        return self.latest_t_ns is not None and self.latest_t_ns >= moment_ns

    def take_before(self, moment_ns: int) -> Any:
        """Remove and return the samples before a moment that the stream has reached."""
        taken: list[Any] = []
        while self._parts:
            part = self._parts[0]
            cut = first_at_or_after(part.t_ns, moment_ns)
            if cut:
                taken.append(part[:cut])
            if cut < len(part):
                self._parts[0] = part[cut:]
                break
            self._parts.pop(0)
        return self._removed(taken)

    def take_first(self, count: int) -> Any:
        """Remove and return the first `count` samples; there must be that many."""
        taken: list[Any] = []
        missing = count
        while missing:
            part = self._parts[0]
            taken.append(part[:missing])
            if len(part) > missing:
                self._parts[0] = part[missing:]
            else:
                self._parts.pop(0)
            missing -= len(taken[-1])
        return self._removed(taken)

    def _removed(self, taken: list[Any]) -> Any:
        self.count -= sum(len(part) for part in taken)
        return type(taken[0]).concatenate(taken) if taken else self._nothing
