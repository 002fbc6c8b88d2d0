# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The steps between the repair of sensor time and the cut into windows, in their order.

Crop to the region, remove flicker and background activity, bin, and limit the rate. The filters
run on pixels of the sensor, because binning mixes pixels with different noise. The limit comes
last, because thinned events would not show a lamp's period. Every step goes over the events in the
order sent, with state that is carried on, so the result does not depend on the packets.
"""

import dataclasses
from typing import Any

import numpy as np

from spike_recon_ros.conditioning.denoiser import Denoiser
from spike_recon_ros.conditioning.rate_limit import RateLimit
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
        self._region, self._statistics = region, statistics
        noise_ns = round(settings.noise_filter_time * 1e9)
        self._denoiser = Denoiser(
            region.width, region.height, settings.flicker_frequency, noise_ns
        )
        self._limit: RateLimit | None = None
        self.adopt(settings)
        self.apply(Events.empty())  # compiles now instead of at the first packet

    def apply(self, samples: Any) -> Any:
        """Return the events that are left; their arrays are views of the given ones, overwritten.

        Spike planes are returned as they are.
        """
        if not isinstance(samples, Events):
            return samples
        region, statistics, given = self._region, self._statistics, len(samples)
        scale = region.scale if self._denoiser.is_off else 1
        if scale > 1 or not region.is_whole:
            samples = self._moved(samples, region.x, region.y, scale)
            statistics.cropped_events += given - len(samples)
        if not self._denoiser.is_off:
            kept, flicker = self._denoiser.apply(samples)
            statistics.flicker_events += flicker
            statistics.noise_events += len(samples) - kept - flicker
            samples = _first(samples, kept)
            if region.scale > 1:
                samples = self._moved(samples, 0, 0, region.scale)
        if self._limit is not None:
            kept = self._limit.apply(samples)
            statistics.thinned_events += len(samples) - kept
            samples = _first(samples, kept)
        return samples if 2 * len(samples) >= given else _copied(samples)

    def adopt(self, settings: Settings) -> None:
        """Change the limit of the rate."""
        rate = settings.max_event_rate
        if not rate:
            self._limit = None
        elif self._limit is None:
            self._limit = RateLimit(*self._region.image_size, rate)
        else:
            self._limit.events_s = rate

    def reset(self) -> None:
        """Drop the state, as before the first event of a stream."""
        self._denoiser.reset()
        if self._limit is not None:
            self._limit.reset()

    def _moved(self, events: Events, x: int, y: int, scale: int) -> Events:
        """Return the events in the region, whose first pixel is given, binned."""
        rectangle = U32(x), U32(y), U32(self._region.width), U32(self._region.height)
        arrays = events.x, events.y, events.p, events.t_ns
        return _first(events, _crop_and_bin(arrays, rectangle, U32(scale.bit_length() - 1)))


def _first(events: Events, count: int) -> Events:
    """Return views of the first events, with all trigger edges."""
    if count == len(events):
        return events
    return dataclasses.replace(events[:count], triggers=events.triggers)


def _copied(events: Events) -> Events:
    """Return copies: views would keep the memory of all removed events until the window ends."""
    arrays = {name: getattr(events, name).copy() for name in ('x', 'y', 'p', 't_ns')}
    return dataclasses.replace(events, **arrays)


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
