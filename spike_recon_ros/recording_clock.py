# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Times at which messages count as recorded in a bag that is written here.

Readers sort the messages of a bag by these times. If they were the stamps, a recording that loops
would be read back with its rounds mixed.
"""

from spike_recon_ros.errors import UserError

LARGEST_JITTER_NS = 50_000_000
"""Stamps that go back by less are a little out of order; by more, they begin again."""
FIRST_TIME_TOO_LATE_NS = 2**31 * 10**9
"""The seconds of a stamp are an int32."""


def check_ros_time(stamp_ns: int, of: str) -> None:
    """Check that ROS has a time.

    Args:
        stamp_ns: host time.
        of: what has this time, for the message, such as 'a frame'.

    Raises:
        UserError: it has not.
    """
    if not 0 <= stamp_ns < FIRST_TIME_TOO_LATE_NS:
        raise UserError(
            f'the host time {stamp_ns} ns of {of} cannot be written: ROS has times from 1970 to '
            '2038; add an offset to the times of the recording'
        )


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
