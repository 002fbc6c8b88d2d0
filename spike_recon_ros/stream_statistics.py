# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Counts kept by the pipeline, and the reasons of resets."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum


class ResetReason(Enum):
    """Why the recurrent state was zeroed."""

    REQUESTED = 'requested'
    SENSOR_CHANGED = 'sensor changed'
    TIME_BACKWARDS = 'time went backwards'
    TIME_JUMP = 'time jumped'
    LOST_PACKETS = 'lost packets'
    SENDER_RESTARTED = 'sender restarted'
    OVERLOAD = 'overload'
    UNOBSERVED = 'nobody subscribed'
    DEACTIVATED = 'deactivated'
    ERROR = 'error'


@dataclass(slots=True)
class Statistics:
    """Counts since the reconstructor was constructed.

    Attributes:
        packets: packets decoded.
        samples: events or spike planes decoded.
        lost_packets: packets missing in the sequence numbers.
        repeated_packets: packets that came twice; they are used once.
        unordered_packets: packets that came after a later one. Of events they are used; planes
            are left out, and count as lost.
        cropped_events: events outside `roi`.
        flicker_events: events removed as the flicker of a lamp.
        noise_events: events removed as background activity.
        thinned_events: events removed because of `max_event_rate`.
        gated_events: events that the running network did not get because of `noise_gate`.
        unseen_share: share of the latest image that the running network shows as grey, because
            nothing has moved there since its state was zeroed.
        part_steps: steps of the running network that computed only the active part of the image.
        time_outliers: samples and trigger edges dropped because of a damaged time stamp.
        windows: windows that the model has processed.
        merged_windows: windows joined to the next one under overload.
        frames: frames returned.
        color_frames: those of them with a colour image.
        colorless_frames: colour images that are grey because their colours are not known.
        models_loaded: models loaded for a new sensor.
        resets: resets of the state, by reason.
    """

    packets: int = 0
    samples: int = 0
    lost_packets: int = 0
    repeated_packets: int = 0
    unordered_packets: int = 0
    cropped_events: int = 0
    flicker_events: int = 0
    noise_events: int = 0
    thinned_events: int = 0
    gated_events: int = 0
    unseen_share: float = 0.0
    part_steps: int = 0
    time_outliers: int = 0
    windows: int = 0
    merged_windows: int = 0
    frames: int = 0
    color_frames: int = 0
    colorless_frames: int = 0
    models_loaded: int = 0
    resets: Counter[ResetReason] = field(default_factory=Counter)

    def read_model(self, model: object) -> None:
        """Copy what the running model measures; most filters measure nothing."""
        self.gated_events = getattr(model, 'gated_events', 0)
        self.unseen_share = getattr(model, 'unseen_share', 0.0)
        self.part_steps = getattr(model, 'part_steps', 0)
