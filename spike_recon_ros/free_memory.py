# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keeps the heap of a process that runs for days small, where the C library is glibc."""

import contextlib
import ctypes
import functools
from collections.abc import Callable

M_ARENA_MAX, HEAPS = -8, 2


def return_free_memory() -> None:
    """Return free pages of the C library's heap, where the library can do so (glibc).

    Loading a model frees some hundred megabytes in small pieces. glibc keeps them in one heap per
    thread, and after each load in other places, so the process grows although it uses no more.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def limit_heaps() -> None:
    """Let all threads share two heaps; call it before other threads start.

    glibc makes up to eight heaps per core. What each keeps of its largest use adds up, although
    the threads of the node seldom allocate at the same time.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows
        return None
