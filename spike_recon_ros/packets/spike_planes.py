# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spike planes as a structure of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from spike_recon_ros.packets.events import Triggers, span_text

_NO_TRIGGERS = Triggers.empty()


@dataclass(frozen=True, slots=True, eq=False)
class SpikePlanes:
    """Binary readouts of a spike camera in temporal order.

    The class has the interface of `Events` (length, slices, times, triggers, concatenation), so
    code that cuts a stream in time works with both.

    Attributes:
        bits: uint8 [n, height, ceil(width / 8)], one bit per pixel: 1 = the pixel has fired since
            the last readout. Bit 0 of a byte is the leftmost of its eight pixels, row 0 is the
            top, and bits beyond the width are 0.
        t_ns: int64 [n], sensor time of each readout.
        triggers: always empty; no encoding of planes has trigger edges.
    """

    bits: np.ndarray
    t_ns: np.ndarray
    triggers: Triggers = field(default=_NO_TRIGGERS)

    def __repr__(self) -> str:
        return f'<{len(self)} spike planes{span_text(self.t_ns)}>'

    def __len__(self) -> int:
        return len(self.t_ns)

    def __getitem__(self, index: slice) -> 'SpikePlanes':
        """Return views of the planes in a slice."""
        return SpikePlanes(self.bits[index], self.t_ns[index])

    @staticmethod
    def empty(height: int, width: int) -> 'SpikePlanes':
        """Return no planes."""
        return SpikePlanes(
            np.empty((0, height, bytes_per_row(width)), np.uint8), np.empty(0, np.int64)
        )

    @staticmethod
    def concatenate(parts: Sequence['SpikePlanes']) -> 'SpikePlanes':
        """Join one part or more in order; a single part is returned without a copy."""
        if len(parts) == 1:
            return parts[0]
        return SpikePlanes(
            np.concatenate([part.bits for part in parts]),
            np.concatenate([part.t_ns for part in parts]),
        )


def bytes_per_row(width: int) -> int:
    """Return the number of bytes for a row of `width` pixels."""
    return -(-width // 8)


def pack_planes(spikes: np.ndarray) -> np.ndarray:
    """Pack spikes [n, height, width] (nonzero = spike) as `bits` [n, height, ceil(width / 8)]."""
    return np.packbits(spikes != 0, axis=-1, bitorder='little')


def unpack_planes(bits: np.ndarray, width: int) -> np.ndarray:
    """Unpack `bits` into spikes: uint8 [n, height, width] of 0 and 1."""
    return np.unpackbits(bits, axis=-1, count=width, bitorder='little')
