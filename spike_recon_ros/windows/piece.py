# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the repair of sensor time yields: pieces of a stream, and the jumps between them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TimeJump:
    """A jump of sensor time that the samples after it have confirmed.

    Attributes:
        step_ns: size of the jump; negative = backwards.
        restart: sensor time continues from the new value, because no host stamp gives the
            time that has passed. Otherwise the samples have been shifted onto the old timeline.
        repeated: a jump came just before this one, in the same packet or a few samples ago.
    """

    step_ns: int
    restart: bool
    repeated: bool

    @property
    def detail(self) -> str:
        """The size of the jump and, where the stream may only have paused, why it is a jump."""
        size = f'by {abs(self.step_ns) / 1e9:.3f} s'
        if not self.restart or self.step_ns < 0:
            return size
        return (
            f'{size}; without host stamps, a pause longer than max_gap cannot be distinguished '
            'from a jump of the clock'
        )


@dataclass(slots=True)
class Piece:
    """Consecutive samples on one timeline.

    Attributes:
        samples: Events or SpikePlanes.
        stamp_ns: host time of the first sample; 0 = unknown.
        jump: the jump just before the first sample, if any.
    """

    samples: Any
    stamp_ns: int
    jump: TimeJump | None = None
