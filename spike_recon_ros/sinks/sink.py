# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every sink promises.

Comes in: rendered images with their times. Goes out: the base class of the sinks. Knows nothing
about any file format.
"""

from abc import ABC, abstractmethod
from typing import TypeVar

import numpy as np

Self = TypeVar('Self', bound='Sink')


class Sink(ABC):
    """Where frames are written.

    Left as a context manager, also through an exception or Ctrl-C, it keeps every frame written so
    far in a valid file. If no frame was written, it leaves no file.
    """

    @abstractmethod
    def write(self, image: np.ndarray, t_ns: int, stamp_ns: int) -> None:
        """Append one frame.

        Args:
            image: uint8 (mono8), uint16 (mono16) or float32 in 0..1 (32FC1), [H, W].
            t_ns: sensor time of the frame.
            stamp_ns: host time of the frame.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish the file; no `write` may follow. Closing again does nothing."""

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
