# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The steps between the repair of sensor time and the cut into windows, in their order.

Crop to the region, remove flicker and background activity, bin, and limit the rate. The filters
run on pixels of the sensor, because binning would mix pixels with different noise. Every step is
one pass over the events in the order sent, with state that is carried on, so the result does not
depend on how the stream is cut into packets.
"""

import dataclasses
from typing import Any

import numpy as np

from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import Statistics

U32 = np.uint32


class Conditioner:
    """Conditions the events of one sensor.

    Args:
        settings: of the pipeline.
        region: the part of the sensor that is left.
        statistics: where removed events are counted.
    """

    def __init__(self, settings: Settings, region: Region, statistics: Statistics) -> None:
        self._region = region
        self._statistics = statistics
        self.apply(Events.empty())  # compiles now instead of at the first packet

    def apply(self, samples: Any) -> Any:
        """Return the events that are left; their arrays are views of the given ones, overwritten.

        Spike planes are returned as they are.
        """
        if not isinstance(samples, Events):
            return samples
        if not self._region.is_sensor:
            samples = self._cropped(samples)
        return samples

    def reset(self) -> None:
        """Drop the state, as before the first event of a stream."""

    def _cropped(self, events: Events) -> Events:
        region = self._region
        rectangle = (U32(region.x), U32(region.y), U32(region.width), U32(region.height))
        shift = U32(region.scale.bit_length() - 1)
        kept = _crop_and_bin((events.x, events.y, events.p, events.t_ns), rectangle, shift)
        self._statistics.cropped_events += len(events) - kept
        return _first(events, kept)


def _first(events: Events, count: int) -> Events:
    """Return the first events, with all trigger edges."""
    if count == len(events):
        return events
    kept = dataclasses.replace(events[:count], triggers=events.triggers)
    if 2 * count > len(events):
        return kept
    # A view would keep the memory of all removed events until the window is complete.
    copies = {name: getattr(kept, name).copy() for name in ('x', 'y', 'p', 't_ns')}
    return dataclasses.replace(kept, **copies)


@njit(nogil=True, cache=True)
def _crop_and_bin(events, rectangle, shift):
    """Move the events inside a rectangle to the front, in place; return their number."""
    xs, ys, ps, ts_ns = events
    left, top, width, height = rectangle
    kept = np.uint64(0)
    for i in range(xs.size):
        # Columns and rows before the rectangle wrap around to large numbers.
        x, y = U32(xs[i]) - left, U32(ys[i]) - top
        xs[kept], ys[kept], ps[kept], ts_ns[kept] = x >> shift, y >> shift, ps[i], ts_ns[i]
        kept += np.uint64((x < width) & (y < height))
    return np.int64(kept)
