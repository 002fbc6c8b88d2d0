# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The two kinds of camera that this package reads."""

from enum import Enum


class SensorKind(Enum):
    """What a camera sends; the values are those of the setting `sensor` and of bundles."""

    EVENT = 'event'
    SPIKE = 'spike'

    @property
    def samples(self) -> str:
        """What a window of this kind of camera holds, for messages: `events`, `spike planes`."""
        return 'spike planes' if self is SensorKind.SPIKE else 'events'

    @property
    def other(self) -> 'SensorKind':
        """The other kind."""
        return SensorKind.EVENT if self is SensorKind.SPIKE else SensorKind.SPIKE
