# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Counts trigger edges on channels that are not used, over all resets of a stream.

A module of its own because `run` and the node both warn of them.
"""

from collections import Counter

from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.at_moments import AtTriggers
from spike_recon_ros.windows.cutter import Cutter, cutter_for


class IgnoredEdges:
    """Counts the edges that the cutters it makes ignore.

    Attributes:
        by_channel: edges ignored, by channel.
    """

    def __init__(self) -> None:
        self.by_channel: Counter[int] = Counter()

    def cutter_for(self, settings: Settings, clock: SensorClock) -> Cutter:
        """Make a cutter, as `cutter_for` does, that counts here."""
        cutter = cutter_for(settings, clock)
        if isinstance(cutter, AtTriggers):
            cutter.ignored_edges = self.by_channel
        return cutter

    def warning(self, settings: Settings, option: str) -> str:
        """Return a sentence if edges were ignored and the user chose no channel; else ''.

        Args:
            settings: with the choice of the channel.
            option: what chooses a channel.
        """
        if settings.trigger_channel >= 0 or not self.by_channel:
            return ''
        counts = sorted(self.by_channel.items())
        edges = ', '.join(f'{count:,} on channel {channel}' for channel, count in counts)
        return (
            f'edges on other trigger channels than the first were ignored: {edges}; choose a '
            f'channel with {option}'
        )
