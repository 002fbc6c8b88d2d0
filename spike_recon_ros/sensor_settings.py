# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Settings that only one kind of camera has."""

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import AUTO, Settings

EVENTS_ONLY = (
    'frames',
    'roi',
    'scale',
    'flicker_frequency',
    'noise_filter_time',
    'max_event_rate',
)
"""Settings that must keep their defaults for a spike camera."""


def check_sensor(settings: Settings, kind: SensorKind) -> None:
    """Check that the settings suit the camera that sends the packets.

    Raises:
        UserError: they are for another kind of camera.
    """
    if settings.sensor not in (AUTO, kind.value):
        raise UserError(
            f'the packets hold {kind.samples}, but sensor is {settings.sensor}; set it to auto or '
            f'{kind.value}, or subscribe to another topic'
        )
    if kind is SensorKind.EVENT:
        if settings.dark_rate:
            raise UserError('dark_rate is for spike cameras; leave it out for an event camera')
        return
    if settings.sync_mode != 'free_running':
        raise UserError(
            f'sync_mode {settings.sync_mode} is for events; set it to free_running for a spike '
            'camera'
        )
    if settings.hot_pixel_time or settings.hot_pixel_file:
        raise UserError(
            'hot pixels are masked in events only; leave hot_pixel_time and hot_pixel_file out '
            'for a spike camera'
        )
    for name in EVENTS_ONLY:
        if getattr(settings, name) != getattr(Settings, name):
            raise UserError(f'{name} is for events; leave it out for a spike camera')
