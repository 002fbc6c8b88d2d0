# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Returns memory that was freed to the operating system."""

import ctypes
import functools
from collections.abc import Callable


def return_free_memory() -> None:
    """Return free pages of the C library's heap, where the library can do so (glibc).

    Loading a model frees some hundred megabytes in small pieces. glibc keeps them in one heap per
    thread, and after each load in other places, so the process grows although it uses no more.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows
        return None
