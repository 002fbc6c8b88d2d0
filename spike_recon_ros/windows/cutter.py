# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every way of cutting promises, and the choice among them.

Comes in: Events, and for some ways References. Goes out: Windows, each once a later sample has
been seen. Knows nothing about models or images. No way of cutting looks at a clock on the wall,
so the windows depend neither on load nor on how the stream was cut into packets.
"""

from collections.abc import Callable
from typing import Protocol

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.at_references import AtReferences
from spike_recon_ros.windows.at_triggers import AtTriggers
from spike_recon_ros.windows.by_count import ByCount
from spike_recon_ros.windows.free_running import FreeRunning
from spike_recon_ros.windows.window import Window


class Cutter(Protocol):
    """Cuts one continuous stream; after a reset of the stream a new one is made."""

    @property
    def late(self) -> int:
        """References and trigger edges that came too late for a frame."""

    def push(self, events: Events) -> list[Window]:
        """Take the next events in and return the windows that they complete, oldest first."""

    def push_reference(self, reference: Reference) -> list[Window]:
        """Take in a moment for which a frame is wanted; ways that need none ignore it."""

    def flush(self) -> list[Window]:
        """At the end of a recording: return the window that no later sample will complete."""


_WAYS: dict[str, Callable[[Settings, SensorClock], Cutter]] = {
    'free_running': lambda settings, clock: FreeRunning(
        settings.fps, round(settings.max_gap * 1e9)
    ),
    'by_count': lambda settings, clock: ByCount(settings.window_events),
    'trigger_events': lambda settings, clock: AtTriggers(
        settings.trigger_edge, settings.trigger_channel
    ),
    'camera_image': lambda settings, clock: AtReferences(clock),
    'time_reference': lambda settings, clock: AtReferences(clock),
}


def cutter_for(settings: Settings, clock: SensorClock) -> Cutter:
    """Return a new cutter for `settings.sync_mode`."""
    return _WAYS[settings.sync_mode](settings, clock)
