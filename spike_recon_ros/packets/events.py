# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events and trigger edges as structures of arrays.

Comes in: arrays. Goes out: value types, their slices and concatenations. Knows nothing about how
the arrays were encoded, nor what they are used for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Triggers:
    """Edges seen on the camera's external trigger input, in the order in which they were sent.

    Attributes:
        t_ns: int64 [n], sensor time.
        p: uint8 [n], 1 = rising edge (`up`), 0 = falling edge (`down`).
        channel: uint8 [n], the input's number.
    """

    t_ns: np.ndarray
    p: np.ndarray
    channel: np.ndarray

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: slice) -> 'Triggers':
        return Triggers(self.t_ns[index], self.p[index], self.channel[index])

    @staticmethod
    def empty() -> 'Triggers':
        """No trigger edge at all."""
        return Triggers(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Brightness changes in the order in which the sensor sent them.

    Attributes:
        x: uint16 [n], column, 0 = left.
        y: uint16 [n], row, 0 = top.
        p: uint8 [n], 1 = brighter (ON), 0 = darker (OFF).
        t_ns: int64 [n], sensor time; never wraps, and only a damaged stream makes it decrease.
        triggers: edges that came in the same bytes.
    """

    x: np.ndarray
    y: np.ndarray
    p: np.ndarray
    t_ns: np.ndarray
    triggers: Triggers

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: slice) -> 'Events':
        """Return views of the events in a slice, without triggers."""
        return Events(
            self.x[index], self.y[index], self.p[index], self.t_ns[index], Triggers.empty()
        )

    @staticmethod
    def empty() -> 'Events':
        """No event and no trigger edge."""
        return Events(
            np.empty(0, np.uint16),
            np.empty(0, np.uint16),
            np.empty(0, np.uint8),
            np.empty(0, np.int64),
            Triggers.empty(),
        )

    @staticmethod
    def concatenate(parts: Sequence['Events']) -> 'Events':
        """Join in order; a single part comes back as it is, without a copy."""
        if not parts:
            return Events.empty()
        if len(parts) == 1:
            return parts[0]
        triggers = Triggers(
            np.concatenate([part.triggers.t_ns for part in parts]),
            np.concatenate([part.triggers.p for part in parts]),
            np.concatenate([part.triggers.channel for part in parts]),
        )
        return Events(
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate([part.p for part in parts]),
            np.concatenate([part.t_ns for part in parts]),
            triggers,
        )
