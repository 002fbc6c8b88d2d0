# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the runtime asks of an accelerator.

Comes in: nothing. Goes out: two protocols. Knows nothing about CUDA: cuda_device.py fulfils them
on NVIDIA's GPUs, and the tests with a simulated one.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike


class Graph(Protocol):
    """Work that was recorded once and is put on the stream as one piece."""

    def launch(self) -> None:
        """Put all of it on the stream, with the addresses that it was recorded with."""

    def close(self) -> None:
        """Give it back."""


class Device(Protocol):
    """Memory and one stream of an accelerator; all but `synchronize` may return before it is done.

    Every method raises UserError, with the words of the library, where it fails.

    Attributes:
        stream: handle of the stream, as the execution context takes it.
    """

    stream: int

    def malloc(self, nbytes: int) -> int:
        """Return the address of device memory."""

    def free(self, address: int) -> None:
        """Give device memory back."""

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> np.ndarray:
        """Return a page-locked array of the host."""

    def free_pinned(self, array: np.ndarray) -> None:
        """Give a page-locked array back."""

    def zero(self, address: int, nbytes: int) -> None:
        """Set device memory to zero."""

    def upload(self, address: int, array: np.ndarray) -> None:
        """Copy a page-locked array, or its beginning, to the device."""

    def download(self, array: np.ndarray, address: int) -> None:
        """Copy from the device to a page-locked array."""

    def captured(self, work: Callable[[], None]) -> Graph:
        """Return what `work` puts on the stream, recorded and not run."""

    def synchronize(self) -> None:
        """Wait until everything on the stream is done."""

    def close(self) -> None:
        """Give the stream back."""
