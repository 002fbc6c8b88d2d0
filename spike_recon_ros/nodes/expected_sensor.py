# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The sensor for which the node loads the model before the first packet.

Loading a network takes seconds, in which the packets of a camera would pile up. The sensor is that
of the parameter `sensor_size`, else the one last seen on the topic, which is kept in the user's
cache, else the size in a CameraInfo message.
"""

import json
from typing import Any, NamedTuple

from spike_recon_ros.backends.user_cache import cache_folder, read_private, write_private
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import kinds_expected
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings, size_in

FILE = 'sensors.json'
MOST_TOPICS = 100


class Sensor(NamedTuple):
    """Size in pixels, and kind, of a camera."""

    width: int
    height: int
    kind: SensorKind

    def __str__(self) -> str:
        return f'{self.width}x{self.height}, {self.kind.samples}'


def sensor_of_settings(settings: Settings, topic: str) -> Sensor | None:
    """Return the sensor of `sensor_size`; None if that is empty.

    Args:
        settings: of the node.
        topic: of the packets; where the settings allow both kinds of camera, the one seen on the
            topic before decides, else it is an event camera.

    Raises:
        UserError: `sensor_size` is malformed.
    """
    if not settings.sensor_size:
        return None
    size = size_in(settings.sensor_size)
    if size is None:
        raise UserError(
            f'sensor_size is {settings.sensor_size!r}; it must be columns x rows, as 346x260'
        )
    return Sensor(*size, expected_kind(settings, topic))


def expected_kind(settings: Settings, topic: str) -> SensorKind:
    """Return the kind of camera that the settings, or else earlier packets, make likely."""
    kinds = kinds_expected(settings)
    last = last_sensor(topic)
    return last.kind if last is not None and last.kind in kinds else kinds[0]


def last_sensor(topic: str) -> Sensor | None:
    """Return the sensor last seen on a topic; None if there is none, or the file is damaged."""
    try:
        entry = _read()[topic]
        return Sensor(int(entry['width']), int(entry['height']), SensorKind(entry['kind']))
    except (KeyError, TypeError, ValueError):
        return None


def remember_sensor(topic: str, sensor: Sensor) -> None:
    """Keep a sensor for the next start; does nothing where the cache cannot be written."""
    if last_sensor(topic) == sensor:
        return
    sensors = _read()
    sensors.pop(topic, None)
    sensors[topic] = {'width': sensor.width, 'height': sensor.height, 'kind': sensor.kind.value}
    newest = dict(list(sensors.items())[-MOST_TOPICS:])
    try:
        write_private(cache_folder() / FILE, json.dumps(newest, indent=1).encode())
    except (OSError, UserError):  # no such folder, read-only, full, or no home
        return


def _read() -> dict[str, Any]:
    try:
        found = json.loads(read_private(cache_folder() / FILE))
    except (OSError, ValueError, RecursionError, UserError):
        return {}
    return found if isinstance(found, dict) else {}
