# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Finds a flickering lamp in the windows of a network, and notices when it is switched off."""

from spike_recon_ros.backends.lamp_average import LampAverage, compile_kernels
from spike_recon_ros.conditioning.lamp import BIN_NS, LampSpectrum
from spike_recon_ros.windows.window import Window, joined

FOUND_NS = 200_000_000
"""Length of the stretches in which a lamp is looked for."""
KEPT_STRETCHES = 5
"""Stretches without the lamp after which it counts as off."""
START_NS = 2 * FOUND_NS
"""Longest stream whose windows are all kept, so that they can be read again."""
REREAD_NS = 20_000_000
"""Least length of the windows in which they are read again."""


class LampWatch:
    """The lamp in front of one sensor.

    Args:
        width: columns, pixels.
        height: rows, pixels.

    Attributes:
        lamp: the average over its period; None = there is no lamp, and windows need no averaging.
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self.reset()
        compile_kernels()

    def reset(self) -> None:
        """Forget the lamp and every event."""
        self.lamp: LampAverage | None = None
        self._spectrum = LampSpectrum(FOUND_NS // BIN_NS)
        self._missing = 0
        self.forget_start()

    def forget_start(self) -> None:
        """Forget the windows that `take_start` would return; those that follow are the first."""
        self._at_start: list[Window] | None = []

    def add(self, window: Window) -> None:
        """Look for a lamp in the events of a window, before any were removed."""
        for frequency_hz in self._spectrum.add(window.samples):
            if frequency_hz is None:
                self._miss()
            else:
                self._find(frequency_hz)
        if self.lamp is None and self._at_start is not None:
            self._at_start.append(window)
            if window.t_end_ns - self._at_start[0].t_start_ns > START_NS:
                self._at_start = None

    def _find(self, frequency_hz: float) -> None:
        self._missing = 0
        if self.lamp is None:
            self.lamp = LampAverage(*self._size, frequency_hz, self._at_start or [])
        self.lamp.frequency_hz = frequency_hz

    def _miss(self) -> None:
        self._missing += 1
        if self._missing >= KEPT_STRETCHES:
            self.lamp = None

    def take_start(self) -> list[Window]:
        """Return, once, the windows before the lamp was found, if it shone from the start.

        A network that read them without averaging has the flicker in its state. It should zero the
        state and read these windows instead; short ones are joined.
        """
        if self.lamp is None:
            return []
        windows, self._at_start = self._at_start, None
        return _rejoined(windows or [])


def _rejoined(windows: list[Window]) -> list[Window]:
    """Join windows of a stream until each has REREAD_NS or more."""
    groups: list[list[Window]] = []
    for window in windows:
        if groups and window.t_start_ns - groups[-1][0].t_start_ns < REREAD_NS:
            groups[-1].append(window)
        else:
            groups.append([window])
    return [joined(group) for group in groups]
