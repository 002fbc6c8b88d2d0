# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Watches for a flickering lamp while the node runs."""

import time
from typing import Any

from spike_recon_ros.conditioning.lamp import LampSpectrum
from spike_recon_ros.packets.events import Events

REMEMBERED_S = 3.0


class LampCheck:
    """Keeps the latest result of the measurement for a while.

    `add` is called on one thread, `frequency_hz` on any.
    """

    def __init__(self) -> None:
        self._spectrum = LampSpectrum()
        self._found: tuple[float, float] | None = None  # frequency, monotonic time

    @property
    def frequency_hz(self) -> float | None:
        """How often a second the light flickers, if it did in the latest seconds."""
        found = self._found
        if found is None or time.monotonic() - found[1] > REMEMBERED_S:
            return None
        return found[0]

    def add(self, samples: Any) -> None:
        """Count the events of a window; spike planes, which show the light itself, are ignored."""
        if isinstance(samples, Events):
            for frequency in self._spectrum.add(samples):
                self._found = None if frequency is None else (frequency, time.monotonic())
