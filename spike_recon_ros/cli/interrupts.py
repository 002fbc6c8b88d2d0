# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How Ctrl-C, a request to end and a closed terminal end a program.

Imports only what Python has loaded anyway, because it must be there before everything else.
"""

import os
import signal

# What the shell reports for a program that an interrupt ended: 128 + SIGINT.
INTERRUPTED = 130
STDERR = 2  # number of the file
# From a process manager, and from a terminal or a connection that closes.
REQUESTS = (signal.SIGTERM, signal.SIGHUP)


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


class RequestsInterrupt:
    """Context in which a request to end the program interrupts it as Ctrl-C does.

    So outputs are finished, and shared memory of ROS is removed. Once initialised, ROS handles
    SIGTERM itself.
    """

    def __init__(self) -> None:
        # `nohup` lets a program ignore that its terminal closes, and a caller may have handlers.
        self._replaced = [one for one in REQUESTS if signal.getsignal(one) is signal.SIG_DFL]

    def __enter__(self) -> None:
        for one in self._replaced:
            signal.signal(one, self._interrupt)

    def __exit__(self, *error: object) -> None:
        for one in self._replaced:
            signal.signal(one, signal.SIG_DFL)

    def _interrupt(self, number: int, frame: object) -> None:
        raise KeyboardInterrupt
