# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events and trigger edges as structures of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Triggers:
    """Edges on the camera's external trigger input, in the order sent.

    Attributes:
        t_ns: int64 [n], sensor time.
        p: uint8 [n], 1 = rising edge (`up`), 0 = falling edge (`down`).
        channel: uint8 [n], number of the input.
    """

    t_ns: np.ndarray
    p: np.ndarray
    channel: np.ndarray

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: slice | np.ndarray) -> 'Triggers':
        """Return the edges of a slice or a boolean mask."""
        return Triggers(self.t_ns[index], self.p[index], self.channel[index])

    @staticmethod
    def empty() -> 'Triggers':
        """Return no trigger edges."""
        return Triggers(np.empty(0, np.int64), np.empty(0, np.uint8), np.empty(0, np.uint8))

    @staticmethod
    def concatenate(parts: Sequence['Triggers']) -> 'Triggers':
        """Join one part or more in order."""
        return Triggers(
            np.concatenate([part.t_ns for part in parts]),
            np.concatenate([part.p for part in parts]),
            np.concatenate([part.channel for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Brightness changes in the order sent.

    Attributes:
        x: uint16 [n], column, 0 = left.
        y: uint16 [n], row, 0 = top.
        p: uint8 [n], 1 = brighter (ON), 0 = darker (OFF).
        t_ns: int64 [n], sensor time; never wraps, and decreases only in a damaged stream.
        triggers: edges from the same packet.
    """

    x: np.ndarray
    y: np.ndarray
    p: np.ndarray
    t_ns: np.ndarray
    triggers: Triggers

    def __repr__(self) -> str:
        edges = f', {len(self.triggers)} trigger edges' if len(self.triggers) else ''
        return f'<{len(self)} events{span_text(self.t_ns)}{edges}>'

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: slice) -> 'Events':
        """Return views of the events in a slice, without trigger edges."""
        return Events(
            self.x[index], self.y[index], self.p[index], self.t_ns[index], Triggers.empty()
        )

    @staticmethod
    def empty() -> 'Events':
        """Return no events and no trigger edges."""
        return Events(
            np.empty(0, np.uint16),
            np.empty(0, np.uint16),
            np.empty(0, np.uint8),
            np.empty(0, np.int64),
            Triggers.empty(),
        )

    @staticmethod
    def concatenate(parts: Sequence['Events']) -> 'Events':
        """Join in order; a single part is returned without a copy."""
        if not parts:
            return Events.empty()
        if len(parts) == 1:
            return parts[0]
        return Events(
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.y for part in parts]),
            np.concatenate([part.p for part in parts]),
            np.concatenate([part.t_ns for part in parts]),
            Triggers.concatenate([part.triggers for part in parts]),
        )


def span_text(t_ns: np.ndarray) -> str:
    """Return ` from 1.5 to 1.52 s` for sensor times; '' if there are none."""
    return f' from {t_ns[0] / 1e9:.9g} to {t_ns[-1] / 1e9:.9g} s' if len(t_ns) else ''
