# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Watches for a flickering lamp while the node runs."""

from typing import Any

from spike_recon_ros.conditioning.lamp import LampSpectrum
from spike_recon_ros.nodes.remembered import Remembered
from spike_recon_ros.packets.events import Events


class LampCheck:
    """Keeps the latest result of the measurement for a while.

    `add` is called on one thread, `frequency_hz` on any.
    """

    def __init__(self) -> None:
        self._spectrum = LampSpectrum()
        self._frequency_hz = Remembered[float]()

    @property
    def frequency_hz(self) -> float | None:
        """How often a second the light flickers, if it did in the latest seconds."""
        return self._frequency_hz.latest

    def add(self, samples: Any) -> None:
        """Count the events of a window; spike planes, which show the light itself, are ignored."""
        if isinstance(samples, Events):
            for frequency in self._spectrum.add(samples):
                self._frequency_hz.latest = frequency
