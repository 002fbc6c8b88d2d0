# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How Ctrl-C ends a program while libraries load.

Imports only what Python has loaded anyway, because it must be there before everything else.
"""

import os
import signal

# What the shell reports for a program that an interrupt ended: 128 + SIGINT.
INTERRUPTED = 130
STDERR = 2  # number of the file


class InterruptEndsAtOnce:
    """Context in which Ctrl-C ends the program while libraries load.

    Many libraries would turn a KeyboardInterrupt into another error.

    Args:
        program: name for the message.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        # Not replaced where the shell or a caller ignores or handles it.
        self._replaces = signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def __enter__(self) -> None:
        if self._replaces:
            signal.signal(signal.SIGINT, self._end)

    def __exit__(self, *error: object) -> None:
        if self._replaces:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _end(self, number: int, frame: object) -> None:
        os.write(STDERR, f'{self._program}: interrupted\n'.encode())
        os._exit(INTERRUPTED)
