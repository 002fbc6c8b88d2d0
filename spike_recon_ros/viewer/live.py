# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The page of the live node: the latest picture of each pane, and what the page asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.viewer.controls import checked_value, controls
from spike_recon_ros.viewer.pictures import Picture
from spike_recon_ros.viewer.show import Show, Viewer

HEALTH = 'health'
"""Stands among the panes for the curves and counters, which are always shown."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What the page can make the node do. Called on the thread of the server; must not block.

    Attributes:
        look: called with the panes that somebody looks at, whenever they change; none without a
            viewer, and then nothing may be received or computed.
        set_value: changes a setting.
        reset: zeroes the recurrent state.
        record: begins or ends a recording of the images.
    """

    look: Callable[[frozenset[str]], None]
    set_value: Callable[[str, Any], None]
    reset: Callable[[], None]
    record: Callable[[bool], None]


class LiveShow(Show):
    """Passes pictures and messages of the live node to every browser.

    Args:
        node: full name of the node, for the title.
        panes: titles of the panes, by name, in the order in which they are shown.
        actions: what the page can do.
    """

    def __init__(self, node: str, panes: Mapping[str, str], actions: Actions) -> None:
        super().__init__()
        self._node = node
        self._panes = dict(panes)
        self._actions = actions
        self._latest: dict[str, Picture] = {}
        self._values: dict[str, Any] = {}
        self._looked_at: frozenset[str] = frozenset()

    def hello(self) -> dict[str, Any]:
        """Return title, panes and controls."""
        return {
            'kind': 'live',
            'title': self._node,
            'panes': [{'name': name, 'title': title} for name, title in self._panes.items()],
            'controls': controls(),
            'values': self._values,
        }

    def offer(self, pane: str, picture: Picture) -> None:
        """Show a picture to everybody; may be called on any thread."""
        self.on_loop(lambda: self._offer(pane, picture))

    def values(self, values: Mapping[str, Any]) -> None:
        """Show the values of settings; may be called on any thread."""
        self._values = {**self._values, **values}
        self.tell_all({'values': dict(values)})

    def opened(self, viewer: Viewer) -> None:
        """Begin to serve a browser."""
        super().opened(viewer)
        self._look()

    def closed(self, viewer: Viewer) -> None:
        """End it; the last one stops everything."""
        super().closed(viewer)
        self._look()

    def request(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """Set a value, reset, record, or choose panes."""
        if isinstance(message.get('panes'), list):
            viewer.panes = {pane for pane in self._panes if pane in message['panes']}
            self._look()
        if 'set' in message:
            name = message['set']
            self._actions.set_value(name, checked_value(name, message.get('value')))
        if message.get('do') == 'reset':
            self._actions.reset()
        elif message.get('do') == 'record':
            self._actions.record(message.get('on') is True)
        elif 'do' in message:
            raise UserError(f'the page asks for {message["do"]!r}, which does not exist')

    def snapshot(self, pane: str, frame: int | None) -> Picture | None:
        """Return the latest picture of a pane."""
        return self._latest.get(pane)

    def _offer(self, pane: str, picture: Picture) -> None:
        self._latest[pane] = picture
        for viewer in self.viewers:
            viewer.show(pane, picture)

    def _look(self) -> None:
        wanted = frozenset(
            pane
            for viewer in self.viewers
            for pane in (self._panes if viewer.panes is None else viewer.panes)
        )
        if self.viewers:
            wanted |= {HEALTH}
        if wanted != self._looked_at:
            self._looked_at = wanted
            self._actions.look(wanted)
        if not self.viewers:
            self._latest.clear()
