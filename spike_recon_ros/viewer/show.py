# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a page can show: the interface between the server and the live node or a recording."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from spike_recon_ros.viewer.pictures import Picture

MOST_ROUNDS_UNSEEN = 2
"""Rounds of pictures that may be on their way to a browser; more would only add latency."""
MOST_TEXTS = 100


class Viewer:
    """One browser. Everything happens on the thread of the server.

    Only the latest picture of each pane waits, and none is sent before the browser has shown the
    ones before: a slow connection gets fewer pictures instead of late ones.

    Attributes:
        panes: panes that the browser shows now; None = all.
        skipped: pictures that were replaced by newer ones before they were sent.
    """

    def __init__(self) -> None:
        self.panes: set[str] | None = None
        self.skipped = 0
        self._pictures: dict[str, Picture] = {}
        self._texts: list[dict[str, Any]] = []
        self._wake = asyncio.Event()
        self._sent = self._seen = 0

    def show(self, pane: str, picture: Picture) -> None:
        """Show a picture as soon as the connection allows."""
        if self.panes is not None and pane not in self.panes:
            return
        self.skipped += pane in self._pictures
        self._pictures[pane] = picture
        self._wake.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message; the oldest are discarded if the browser does not read them."""
        self._texts.append(message)
        del self._texts[:-MOST_TEXTS]
        self._wake.set()

    def has_seen(self, number: int) -> None:
        """Note that the browser has shown a round of pictures."""
        self._seen = max(self._seen, min(number, self._sent))
        self._wake.set()

    async def next(self) -> tuple[list[dict[str, Any]], int, dict[str, Picture]]:
        """Wait for something to send.

        Returns: messages, and the number and the pictures of a round; a round may be empty.
        """
        while True:
            ready = self._sent - self._seen < MOST_ROUNDS_UNSEEN
            pictures = self._pictures if ready else {}
            if self._texts or pictures:
                texts, self._texts = self._texts, []
                if pictures:
                    self._pictures = {}
                    self._sent += 1
                return texts, self._sent, pictures
            self._wake.clear()
            await self._wake.wait()


class Show(ABC):
    """Something to look at. Its methods are called on the thread of the server."""

    def __init__(self) -> None:
        self.viewers: list[Viewer] = []
        self.loop: asyncio.AbstractEventLoop | None = None

    @abstractmethod
    def hello(self) -> dict[str, Any]:
        """Return what the page needs to build itself, for JSON."""

    @abstractmethod
    def request(self, viewer: Viewer, message: dict[str, Any]) -> None:
        """Do what a page asks for.

        Raises:
            UserError: it cannot be done; the page shows the sentence.
        """

    @abstractmethod
    def snapshot(self, pane: str, frame: int | None) -> Picture | None:
        """Return a picture to keep; None if there is none."""

    def opened(self, viewer: Viewer) -> None:
        """Begin to serve a browser."""
        self.viewers.append(viewer)

    def closed(self, viewer: Viewer) -> None:
        """End it."""
        self.viewers.remove(viewer)

    def tell_all(self, message: dict[str, Any]) -> None:
        """Send a message to every browser; may be called on any thread."""

        def tell() -> None:
            for viewer in self.viewers:
                viewer.tell(message)

        self.on_loop(tell)

    def on_loop(self, function: Callable[[], None]) -> None:
        """Call a function on the thread of the server, if that runs."""
        loop = self.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(function)
