# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""When the recurrent state of a network is updated.

A window of a millisecond holds too few events for a network that was trained with longer ones: a
state that is updated with every such window loses the scene. So short windows are joined until
they are long enough for an update.
"""

from spike_recon_ros.windows.window import Window, joined


class StateSteps:
    """Joins the windows since the last update of the state.

    Updates depend on the windows only, so frames are the same live and offline.

    Args:
        shortest_ns: shortest time between two updates; 0 = every window is an update.
    """

    def __init__(self, shortest_ns: int) -> None:
        self._shortest_ns = shortest_ns
        self._held: Window | None = None

    def clear(self) -> None:
        """Drop the windows since the last update."""
        self._held = None

    def cut_off(self, window: Window) -> Window | None:
        """Return what the state must be updated with before a window that does not follow on.

        After a pause that was skipped, a joined window would contain the pause.
        """
        held = self._held
        if held is None or held.t_end_ns == window.t_start_ns:
            return None
        self._held = None
        return held

    def extend(self, window: Window) -> tuple[Window, bool]:
        """Return all since the last update up to the end of a window; whether to update now."""
        if self._held is not None:
            window = joined((self._held, window))
        is_update = window.t_end_ns - window.t_start_ns >= self._shortest_ns
        self._held = None if is_update or not len(window.samples) else window
        return window, is_update
