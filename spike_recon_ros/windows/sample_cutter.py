# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the cutters have in common whose windows are completed by samples alone."""

from collections.abc import Iterator

from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.windows.sample_buffer import SampleBuffer
from spike_recon_ros.windows.window import Window


class SampleCutter:
    """Base class: stores samples, and ignores references.

    Attributes:
        late: moments that were too late for a frame.
    """

    def __init__(self) -> None:
        self.late = 0
        self._pending = SampleBuffer()

    def push(self, samples: Events) -> Iterator[Window]:
        """Append samples and return the windows that they complete."""
        self._pending.append(samples)
        return self._complete()

    def push_reference(self, reference: Reference) -> list[Window]:
        """Return no window: references request no frames here."""
        return []

    def _complete(self) -> Iterator[Window]:
        """Cut and yield the windows that the stored samples complete."""
        raise NotImplementedError
