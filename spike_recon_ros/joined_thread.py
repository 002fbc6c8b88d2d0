# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A thread whose end can be waited for again after Ctrl-C has ended the first wait.

Up to Python 3.12, an exception in `Thread.join`, such as KeyboardInterrupt, marks a thread as
ended that still runs. The next `join` returns at once, and the interpreter ends while the thread
is in code of C++, which aborts the process.
"""

import threading
from collections.abc import Callable


class JoinedThread(threading.Thread):
    """A daemon thread that runs a function once.

    Args:
        function: what it runs.
        name: of the thread, for debuggers.
    """

    def __init__(self, function: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._function, self._is_done = function, threading.Event()

    def run(self) -> None:
        """Run the function."""
        try:
            self._function()
        finally:
            self._is_done.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end; after an interrupt of the wait, wait again."""
        if self._is_done.wait(timeout):
            super().join(timeout)
