# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Times at which messages count as recorded in a bag that is written here.

Readers sort the messages of a bag by these times. If they were the stamps, a recording that loops
would be read back with its rounds mixed.
"""

LARGEST_JITTER_NS = 50_000_000
"""Stamps that go back by less are a little out of order; by more, they begin again."""


class RecordingClock:
    """Follows the stamps, but never goes back: a second round is recorded after the first one."""

    def __init__(self) -> None:
        self._latest_ns: int | None = None
        self._offset_ns = 0

    def time_of(self, stamp_ns: int) -> int:
        """Return the time at which the message with the next stamp is recorded, ns."""
        t_ns = stamp_ns + self._offset_ns
        if self._latest_ns is not None and t_ns < self._latest_ns:
            if self._latest_ns - t_ns > LARGEST_JITTER_NS:
                self._offset_ns += self._latest_ns - t_ns
            t_ns = self._latest_ns
        self._latest_ns = t_ns
        return t_ns
