# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The settings that decide when a frame is made, and from which part of the sensor.

A module of their own because all settings together are too long for one file.
"""

from dataclasses import dataclass

from spike_recon_ros.color_settings import ColorSettings
from spike_recon_ros.setting import setting


@dataclass(frozen=True, kw_only=True)
class WindowSettings(ColorSettings):
    """Settings of `Settings` about windows and the region."""

    sync_mode: str = setting(
        'free_running',
        'When a frame is made: `fps` times per second of sensor time (free_running), after every '
        '`window_events` events (by_count), at each edge of the trigger input (trigger_events), '
        'at the timestamp of each image of another camera (camera_image), or at each '
        'TimeReference message (time_reference).',
        choices=('free_running', 'by_count', 'trigger_events', 'camera_image', 'time_reference'),
    )
    roi: str = setting(
        '',
        'Part of the sensor to reconstruct, as x,y,width,height in pixels, for example '
        '160,120,320,240; empty = the whole sensor. Event cameras only.',
    )
    scale: int = setting(
        1,
        'Columns and rows of the sensor that are binned into one pixel of the image; 2 halves '
        'width and height. Event cameras only.',
        choices=(1, 2, 4),
    )
    fps: float = setting(
        25.0, 'Frames per second of sensor time (free_running).', low=0.1, high=10_000.0
    )
    grid_origin: str = setting(
        'first_sample',
        'Where frames at a fixed rate begin (free_running): at the first sample of the stream, or '
        'at multiples of 1/`fps` of a clock, so that the frames of several cameras have equal '
        'stamps. host_time: the clock of the packet stamps; works with any cameras. sensor_time: '
        'the clock of the sensors, which must be synchronised; stamps are sensor time as well.',
        choices=('first_sample', 'host_time', 'sensor_time'),
    )
    window_events: int = setting(20_000, 'Events per frame (by_count).', low=1, high=100_000_000)
    trigger_edge: str = setting(
        'up',
        'Edge of the trigger input that makes a frame (trigger_events).',
        choices=('up', 'down', 'both'),
    )
    trigger_channel: int = setting(
        -1,
        'Channel of the trigger input whose edges make frames (trigger_events). -1 = the channel '
        'of the first edge; edges on other channels are counted and ignored.',
        low=-1,
        high=31,
    )

    @property
    def uses_references(self) -> bool:
        """Whether the stamps of another topic request the frames."""
        return self.sync_mode in ('camera_image', 'time_reference')
