# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame at each moment that something outside asks for: a trigger edge, or another camera."""

from bisect import insort
from collections import Counter

import numpy as np

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window

HOLD_NS = 1_000_000_000
"""Older events are cut off in windows that are not due. Without it, events would pile up while
nothing asks for a frame. It is also how late a moment may become known: the image of another
camera reaches the node tens of milliseconds after its stamp."""
MOST_WAITING = 1000
"""Moments that may wait for the stream to reach them. More wait only if the camera is silent, the
two clocks differ, or a time stamp is damaged."""

_POLARITIES = {'up': (1,), 'down': (0,), 'both': (0, 1)}


class TimeCutter:
    """Cuts events at moments given in increasing order; earlier ones than the last are refused."""

    def __init__(self) -> None:
        self.pending = SampleBuffer()
        self.late = 0
        self._t_start_ns: int | None = None

    def cut_old(self) -> list[Window]:
        """Return windows that are not due, for events too old to be asked for."""
        latest_ns = self.pending.latest_t_ns
        return [] if latest_ns is None else self._cut_old_before(latest_ns)

    def cut_at(self, t_ns: int, stamp_ns: int | None) -> list[Window]:
        """Return the windows up to a moment that the stream has reached; the last one is due.

        A moment before the last cut is too late: it is counted in `late`.
        """
        if t_ns <= self.t_start_ns:
            self.late += 1
            return []
        # In a long packet the moment may come before the hold has been applied to the events
        # before it; the cuts must be the same as with short packets.
        return [*self._cut_old_before(t_ns), self._cut(t_ns, stamp_ns, due=True)]

    def _cut_old_before(self, t_ns: int) -> list[Window]:
        windows = []
        while t_ns >= self.t_start_ns + 2 * HOLD_NS:
            next_ns = self.pending.next_t_ns
            silent_until_ns = t_ns - HOLD_NS if next_ns is None else min(next_ns, t_ns - HOLD_NS)
            holds = (silent_until_ns - self.t_start_ns) // HOLD_NS
            if holds > 0:  # no events to process: skip the pause in one step
                self._t_start_ns = self.t_start_ns + holds * HOLD_NS
            else:
                windows.append(self._cut(self.t_start_ns + HOLD_NS, None, due=False))
        return windows

    @property
    def t_start_ns(self) -> int:
        """The last cut, or the time of the first event."""
        if self._t_start_ns is None:
            assert self.pending.first_t_ns is not None
            self._t_start_ns = self.pending.first_t_ns
        return self._t_start_ns

    def _cut(self, t_end_ns: int, stamp_ns: int | None, *, due: bool) -> Window:
        t_start_ns, self._t_start_ns = self.t_start_ns, t_end_ns
        return Window(
            t_start_ns, t_end_ns, self.pending.take_before(t_end_ns), stamp_ns=stamp_ns, due=due
        )


class AtTriggers:
    """Windows between consecutive edges of one direction on one trigger channel of the camera.

    Edges wait in the order of their time, so an edge with a damaged time in the far future does
    not block the edges after it.

    Args:
        trigger_edge: `up`, `down` or `both`.
        trigger_channel: channel to use; -1 = the channel of the first edge.

    Attributes:
        ignored_edges: edges on other channels, by channel.
    """

    def __init__(self, trigger_edge: str, trigger_channel: int = -1) -> None:
        self._polarities = _POLARITIES[trigger_edge]
        self._channel = trigger_channel
        self.ignored_edges: Counter[int] = Counter()
        self._moments = TimeCutter()
        self._edges_ns: list[int] = []
        self._dropped = 0

    @property
    def late(self) -> int:
        """Edges before the first event or out of order, and edges that were never reached."""
        return self._moments.late + self._dropped

    def push(self, samples: Events) -> list[Window]:
        """Append events and edges, and return the windows that they complete."""
        self._moments.pending.append(samples)
        edges = samples.triggers
        if len(edges):
            chosen = self._on_channel(edges.channel) & np.isin(edges.p, self._polarities)
            self._edges_ns += edges.t_ns[chosen].tolist()
            self._edges_ns.sort()  # nearly sorted already, which is fast
        windows = self._cut_until(self._moments.pending.latest_t_ns)
        excess = max(0, len(self._edges_ns) - MOST_WAITING)
        if excess:
            del self._edges_ns[-excess:]
            self._dropped += excess
        return windows + self._moments.cut_old()

    def _on_channel(self, channels: np.ndarray) -> np.ndarray:
        """Return a mask of the edges on the chosen channel, and count the others."""
        if self._channel < 0:
            self._channel = int(channels[0])
        is_chosen = channels == self._channel
        self.ignored_edges.update(channels[~is_chosen].tolist())
        return is_chosen

    def push_reference(self, reference: Reference) -> list[Window]:
        """Return no window: frames are due at trigger edges."""
        return []

    def flush(self) -> list[Window]:
        """Return the windows of edges soon after the last event; later events have no frame."""
        latest_ns = self._moments.pending.latest_t_ns
        if latest_ns is None or not self._moments.pending.count:
            return []
        return self._cut_until(latest_ns + HOLD_NS)

    def _cut_until(self, latest_ns: int | None) -> list[Window]:
        windows: list[Window] = []
        count = 0
        while count < len(self._edges_ns) and latest_ns is not None:
            if self._edges_ns[count] > latest_ns:
                break
            windows += self._moments.cut_at(self._edges_ns[count], None)
            count += 1
        del self._edges_ns[:count]
        return windows


class AtReferences:
    """Windows between consecutive references, each with the stamp of its reference.

    Downstream nodes can then pair the two images exactly. A reference is translated to sensor time
    with the clock offset at its stamp, not at its arrival, so frames do not depend on how early or
    late it came.
    """

    def __init__(self, clock: SensorClock) -> None:
        self._clock = clock
        self._moments = TimeCutter()
        self._stamps_ns: list[int] = []
        self._dropped = 0

    @property
    def late(self) -> int:
        """References that came after their moment had been cut off, or that were dropped."""
        return self._moments.late + self._dropped

    def push(self, samples: Events) -> list[Window]:
        """Append events and return the windows that they complete."""
        self._moments.pending.append(samples)
        return self._cut_due() + self._moments.cut_old()

    def push_reference(self, reference: Reference) -> list[Window]:
        """Add a reference; its window is returned at once if its moment has passed."""
        insort(self._stamps_ns, reference.stamp_ns)
        if len(self._stamps_ns) > MOST_WAITING:
            del self._stamps_ns[0]
            self._dropped += 1
        return self._cut_due()

    def flush(self) -> list[Window]:
        """Return no window: events after the last reference have no frame."""
        return []

    def _cut_due(self) -> list[Window]:
        windows: list[Window] = []
        while self._stamps_ns and self._clock.covers(self._stamps_ns[0]):
            t_ns = self._clock.to_sensor_ns(self._stamps_ns[0])
            if not self._moments.pending.reaches(t_ns):
                break
            windows += self._moments.cut_at(t_ns, self._stamps_ns.pop(0))
        return windows
