# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame at each edge on the camera's trigger input.

Comes in: Events with their Triggers. Goes out: Windows that end at the edges. Knows nothing about
host time.
"""

from collections import deque

import numpy as np

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.windows.at_times import TimeCutter
from spike_recon_ros.windows.window import Window

_POLARITY = {'up': (1,), 'down': (0,), 'both': (0, 1)}


class AtTriggers:
    """Windows between consecutive trigger edges of the wanted direction."""

    def __init__(self, trigger_edge: str) -> None:
        self._wanted = _POLARITY[trigger_edge]
        self._moments = TimeCutter()
        self._edges: deque[int] = deque()

    @property
    def late(self) -> int:
        """Edges before the first event, or out of order."""
        return self._moments.late

    def push(self, events: Events) -> list[Window]:
        """Take the next events and edges in and return the windows that they complete."""
        self._moments.pending.append(events)
        wanted = np.isin(events.triggers.p, self._wanted)
        self._edges.extend(events.triggers.t_ns[wanted].tolist())
        windows = []
        while self._edges and self._moments.pending.reaches(self._edges[0]):
            windows += self._moments.cut_at(self._edges.popleft(), None)
        return windows + self._moments.cut_old()

    def push_reference(self, reference: Reference) -> list[Window]:
        """Frames are due at trigger edges: a reference changes nothing."""
        return []

    def flush(self) -> list[Window]:
        """What follows the last edge belongs to no frame."""
        windows = []
        while self._edges and self._moments.pending.count:
            windows += self._moments.cut_at(self._edges.popleft(), None)
        return windows
