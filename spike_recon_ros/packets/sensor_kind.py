# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The two kinds of camera that this package reads."""

from enum import Enum


class SensorKind(Enum):
    """Kind of camera; the values are used in the setting `sensor` and in bundles."""

    EVENT = 'event'
    SPIKE = 'spike'

    @property
    def samples(self) -> str:
        """Name of the samples of this kind of camera, for messages: `events` or `spike planes`."""
        return 'spike planes' if self is SensorKind.SPIKE else 'events'

    @property
    def other(self) -> 'SensorKind':
        """The other kind of camera."""
        return SensorKind.EVENT if self is SensorKind.SPIKE else SensorKind.SPIKE
