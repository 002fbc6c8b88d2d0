# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Windows that are joined under overload, so that the model makes fewer steps."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spike_recon_ros.windows.window import Window


class WindowMerger:
    """Joins consecutive windows of one stream.

    Attributes:
        merged: windows that were joined to their successor, since the merger was made.
        joined: windows in the one that was yielded last.
    """

    def __init__(self) -> None:
        self.merged = 0
        self.joined = 1
        self.clear()

    def clear(self) -> None:
        """Drop what is held back; the stream starts again."""
        self._held: Window[Any] | None = None
        self._held_count = 0

    def join(
        self, windows: Iterable[Window[Any]], holds: Callable[[int], bool]
    ) -> Iterator[Window[Any]]:
        """Yield windows, some of them joined; a window that is not due ends a group.

        Args:
            windows: consecutive windows.
            holds: called for each window that is due with the number of windows joined so far;
                returns whether to join the next one, too.
        """
        for latest in windows:
            window = latest
            if self._held is not None:
                window = self._held.joined_with(latest)
                self.merged += 1
            self._held_count += 1
            if window.due and holds(self._held_count):
                self._held = window
                continue
            self.joined = self._held_count
            self.clear()
            yield window
