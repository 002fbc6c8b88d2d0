# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is counted on the way from packets to frames.

Comes in: nothing. Goes out: the counts, and the reasons of resets among them. Knows nothing about
who counts or who shows it.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class ResetReason(Enum):
    """Why the recurrent state was zeroed."""

    REQUESTED = 'requested'
    SENSOR_CHANGED = 'sensor changed'
    TIME_BACKWARDS = 'time went backwards'
    LOST_PACKETS = 'lost packets'
    SENDER_RESTARTED = 'sender restarted'
    OVERLOAD = 'overload'
    UNOBSERVED = 'nobody subscribed'
    DEACTIVATED = 'deactivated'
    ERROR = 'error'


@dataclass(slots=True)
class Statistics:
    """Counts since the reconstructor was made.

    Attributes:
        packets: packets decoded.
        samples: events or spike planes decoded.
        lost_packets: packets missing in the sequence numbers.
        windows: windows that the model has worked through.
        merged_windows: windows that were joined to their successor under overload.
        frames: frames given out.
        models_loaded: how often a model was made for a sensor that had not been seen before.
        resets: how often the state was zeroed, by reason.
    """

    packets: int = 0
    samples: int = 0
    lost_packets: int = 0
    windows: int = 0
    merged_windows: int = 0
    frames: int = 0
    models_loaded: int = 0
    resets: Counter[ResetReason] = field(default_factory=Counter)
