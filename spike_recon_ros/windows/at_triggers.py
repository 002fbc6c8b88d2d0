# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame at each edge on the camera's trigger input."""

from collections import Counter, deque

import numpy as np

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.windows.at_times import TimeCutter
from spike_recon_ros.windows.window import Window

_POLARITY = {'up': (1,), 'down': (0,), 'both': (0, 1)}


class AtTriggers:
    """Windows between consecutive trigger edges of the wanted direction on one channel.

    Args:
        trigger_edge: `up`, `down` or `both`.
        trigger_channel: channel whose edges count; -1 = that of the first edge.

    Attributes:
        ignored_edges: edges on other channels, by channel.
    """

    def __init__(self, trigger_edge: str, trigger_channel: int = -1) -> None:
        self._wanted = _POLARITY[trigger_edge]
        self._channel = trigger_channel
        self.ignored_edges: Counter[int] = Counter()
        self._moments = TimeCutter()
        self._edges: deque[int] = deque()

    @property
    def late(self) -> int:
        """Edges before the first event, or out of order."""
        return self._moments.late

    def push(self, events: Events) -> list[Window]:
        """Append the next events and edges and return the windows that they complete."""
        self._moments.pending.append(events)
        triggers = events.triggers
        wanted = self._on_our_channel(triggers.channel) & np.isin(triggers.p, self._wanted)
        self._edges.extend(triggers.t_ns[wanted].tolist())
        windows = []
        while self._edges and self._moments.pending.reaches(self._edges[0]):
            windows += self._moments.cut_at(self._edges.popleft(), None)
        return windows + self._moments.cut_old()

    def _on_our_channel(self, channels: np.ndarray) -> np.ndarray:
        """Return a mask of the edges on our channel, and count the others."""
        if self._channel < 0 and len(channels):
            self._channel = int(channels[0])
        ours = channels == self._channel
        self.ignored_edges.update(channels[~ours].tolist())
        return ours

    def push_reference(self, reference: Reference) -> list[Window]:
        """Frames are due at trigger edges: a reference changes nothing."""
        return []

    def flush(self) -> list[Window]:
        """What follows the last edge belongs to no frame."""
        windows = []
        while self._edges and self._moments.pending.count:
            windows += self._moments.cut_at(self._edges.popleft(), None)
        return windows
