# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Protocols of an accelerator.

cuda_device.py implements them, and so does a simulated GPU in the tests.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike


class Graph(Protocol):
    """Recorded work that is launched as one unit."""

    def launch(self) -> None:
        """Enqueue the work with the addresses that it was recorded with."""

    def close(self) -> None:
        """Release it."""


class Device(Protocol):
    """Memory and one stream of an accelerator; all calls but `synchronize` may be asynchronous.

    Every method raises UserError with the library's error text if it fails.

    Attributes:
        stream: handle of the stream, for the execution context.
    """

    stream: int

    def malloc(self, nbytes: int) -> int:
        """Return the address of device memory."""

    def free(self, address: int) -> None:
        """Free device memory."""

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> np.ndarray:
        """Return a page-locked array of the host."""

    def free_pinned(self, array: np.ndarray) -> None:
        """Free a page-locked array."""

    def zero(self, address: int, nbytes: int) -> None:
        """Set device memory to zero."""

    def upload(self, address: int, array: np.ndarray) -> None:
        """Copy a page-locked array, or the start of one, to the device."""

    def download(self, array: np.ndarray, address: int) -> None:
        """Copy from the device to a page-locked array."""

    def captured(self, work: Callable[[], None]) -> Graph:
        """Record the work that `work` enqueues, without running it."""

    def synchronize(self) -> None:
        """Wait until everything on the stream is done."""

    def close(self) -> None:
        """Release the stream."""
