# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Windows that are joined under overload, so that the model makes fewer steps."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spike_recon_ros.windows.window import Window, joined


class WindowMerger:
    """Joins consecutive windows of one stream.

    Windows are kept as they are until their group is complete. A copy for each window that joins
    would slow down a worker that is late already: ten windows of an HD camera are 150 MB.

    Attributes:
        merged: windows that were joined to their successor, since the merger was made.
        joined: windows in the one that was yielded last.
    """

    def __init__(self) -> None:
        self.merged = 0
        self.joined = 1
        self.clear()

    @property
    def is_empty(self) -> bool:
        """Whether no window is held back."""
        return not self._held

    def clear(self) -> None:
        """Drop what is held back; the stream starts again."""
        self._held: list[Window[Any]] = []

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
            self.merged += bool(self._held)
            self._held.append(latest)
            if latest.due and holds(len(self._held)):
                continue
            group = self._held
            self.joined = len(group)
            self.clear()
            yield joined(group)
