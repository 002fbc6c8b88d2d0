# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A frame at the stamp of another camera's image, or of a TimeReference.

Comes in: Events, and References in host time. Goes out: Windows that end at the references, with
the reference's own stamp, so that downstream can pair the two images exactly. Knows nothing about
the messages that the references were read from.
"""

from bisect import insort

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.at_times import TimeCutter
from spike_recon_ros.windows.window import Window

# No packet tells the time of these: the camera is silent, or the two clocks are not one.
MOST_REFERENCES = 1000


class AtReferences:
    """Windows between consecutive references.

    A reference is translated to sensor time with the offset that was in force at its stamp, not at
    its arrival: the frames are the same whether the reference came early or late.
    """

    def __init__(self, clock: SensorClock) -> None:
        self._clock = clock
        self._moments = TimeCutter()
        self._stamps: list[int] = []
        self._dropped = 0

    @property
    def late(self) -> int:
        """References that came after their moment had been cut off, or that were dropped."""
        return self._moments.late + self._dropped

    def push(self, events: Events) -> list[Window]:
        """Take the next events in and return the windows that they complete."""
        self._moments.pending.append(events)
        return self._cut_due() + self._moments.cut_old()

    def push_reference(self, reference: Reference) -> list[Window]:
        """Take a reference in; the windows follow at once if its moment has passed."""
        insort(self._stamps, reference.stamp_ns)
        if len(self._stamps) > MOST_REFERENCES:
            del self._stamps[0]
            self._dropped += 1
        return self._cut_due()

    def flush(self) -> list[Window]:
        """What follows the last reference belongs to no frame."""
        return []

    def _cut_due(self) -> list[Window]:
        windows: list[Window] = []
        while self._stamps and self._clock.covers(self._stamps[0]):
            t_ns = self._clock.to_sensor_ns(self._stamps[0])
            if not self._moments.pending.reaches(t_ns):
                break
            windows += self._moments.cut_at(t_ns, self._stamps.pop(0))
        return windows
