# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events, or spike planes, that have arrived but belong to no window yet.

Comes in: Events or SpikePlanes in the order sent. Goes out: those before a moment, or the first
n. Knows nothing about why a window ends where it does.
"""

from typing import Any

import numpy as np
from numba import njit

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.spike_planes import SpikePlanes


@njit(nogil=True, cache=True)
def first_at_or_after(t_ns: np.ndarray, moment_ns: int) -> int:
    """Return the index of the first event, in the order sent, that is not earlier; n if none."""
    for index in range(t_ns.shape[0]):
        if t_ns[index] >= moment_ns:
            return index
    return t_ns.shape[0]


class SampleBuffer:
    """A queue of Events that is cut in time or by count, without regard to packet borders.

    A cut in time falls before the first event, in the order sent, that is not earlier than the
    moment. In a sorted stream that is the moment itself; in a damaged one it is still the same
    place however the stream was cut into packets.
    """

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._nothing: Any = None
        self.count = 0
        self.first_t_ns: int | None = None
        self.latest_t_ns: int | None = None

    def append(self, events: Events | SpikePlanes) -> None:
        """Take events in; their arrays are kept as views until they are cut out."""
        if self._nothing is None:
            self._nothing = events[:0]
        if not len(events):
            return
        self._parts.append(events)
        self.count += len(events)
        newest = int(events.t_ns.max())
        if self.first_t_ns is None:
            self.first_t_ns = int(events.t_ns[0])
        self.latest_t_ns = newest if self.latest_t_ns is None else max(self.latest_t_ns, newest)

    @property
    def next_t_ns(self) -> int | None:
        """The time of the oldest event that is still here."""
        return int(self._parts[0].t_ns[0]) if self._parts else None

    def reaches(self, moment_ns: int) -> bool:
        """Whether an event at or after the moment has been seen since the last reset."""
        return self.latest_t_ns is not None and self.latest_t_ns >= moment_ns

    def take_before(self, moment_ns: int) -> Any:
        """Remove and return the events before a moment that the stream has reached."""
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
        """Remove and return the first `count` events, of which there must be that many."""
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
