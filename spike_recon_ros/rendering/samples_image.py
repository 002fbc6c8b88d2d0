# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Draws what a sensor sent in a window, for people who want to see what the model receives."""

from typing import Any

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.spike_planes import SpikePlanes, unpack_planes

NO_EVENT, ON, OFF = 128, 255, 0
# More planes do not change the look of a mean, and unpacking them costs time.
MOST_PLANES = 64


def draw_samples(samples: Any, height: int, width: int) -> np.ndarray:
    """Return an image of events or spike planes.

    Args:
        samples: Events or SpikePlanes of a window.
        height: rows of the sensor.
        width: columns of the sensor.

    Returns: uint8 [height, width]. Events: 255 where the latest event of a pixel is ON, 0 where it
        is OFF, 128 without events. Planes: the mean of up to 64 of them, the highest as 255.
    """
    if isinstance(samples, SpikePlanes):
        return _draw_planes(samples, height, width)
    assert isinstance(samples, Events)
    image = np.full((height, width), NO_EVENT, np.uint8)
    _draw_events(samples.x, samples.y, samples.p, image)
    return image


@njit(nogil=True, cache=True)
def _draw_events(x, y, p, image):
    for index in range(len(x)):
        image[y[index], x[index]] = ON if p[index] else OFF


def _draw_planes(planes: SpikePlanes, height: int, width: int) -> np.ndarray:
    if not len(planes):
        return np.zeros((height, width), np.uint8)
    spikes = unpack_planes(planes.bits[-MOST_PLANES:], width)
    mean = spikes.sum(0, dtype=np.float32)
    return (mean * (255 / max(float(mean.max()), 1.0))).astype(np.uint8)
