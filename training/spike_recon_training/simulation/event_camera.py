# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Model of a dynamic vision sensor: luminance samples to a list of events.

Each pixel stores a reference log luminance and emits an event when the current log luminance
differs from it by the contrast threshold. The pixel is then insensitive for the refractory time,
after which the reference is reset to the current log luminance (Lichtsteiner, Posch, Delbruck: A
128x128 120 dB 15 us latency asynchronous temporal contrast vision sensor, JSSC 2008). Between two
samples the log luminance is interpolated linearly; crossing times are exact for that
interpolation. With `response_ns` the log luminance passes through a first-order low-pass filter
whose time constant is longer in the dark, as in the photoreceptors of real sensors.
"""

from dataclasses import dataclass

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events, Triggers

NS_PER_S = 1_000_000_000

NOMINAL_LUMINANCE, DARK_CURRENT = 0.5, 0.1
"""The photoreceptor's time constant is proportional to 1 / (luminance + DARK_CURRENT); the
nominal time constant applies at the luminance NOMINAL_LUMINANCE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorModel:
    """Pixel parameters; the defaults are those of a typical sensor in office light.

    Attributes:
        contrast_on: ON threshold, change of log luminance.
        contrast_off: OFF threshold, change of log luminance.
        mismatch: relative standard deviation of the thresholds between pixels.
        refractory_ns: time after an event in which a pixel emits no other, ns.
        response_ns: time constant of the photoreceptor at a luminance of NOMINAL_LUMINANCE, ns; 0
            disables the low-pass filter.
        noise_hz: rate of noise events per pixel, half of them ON, events/s.
        leak_hz: rate of ON events of a static pixel due to leakage of its reference, events/s.
        hot_pixels: number of pixels whose noise rate is `hot_pixel_hz` instead of `noise_hz`.
        hot_pixel_hz: noise rate of a hot pixel, events/s.
    """

    contrast_on: float = 0.2
    contrast_off: float = 0.2
    mismatch: float = 0.1
    refractory_ns: int = 250_000
    response_ns: int = 0
    noise_hz: float = 0.3
    leak_hz: float = 0.1
    hot_pixels: int = 8
    hot_pixel_hz: float = 150.0


class EventCamera:
    """Converts luminance samples to events.

    The same seed and samples give the same events.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        model: pixel parameters.
        seed: seed of the mismatch, the hot pixels and the noise.
    """

    def __init__(self, width: int, height: int, model: SensorModel, seed: int = 0) -> None:
        self.width = width
        self.height = height
        self._model = model
        self._rng = np.random.default_rng(seed)
        count = width * height
        # A threshold near zero would emit an unbounded number of events, so the spread is clipped.
        spread = np.clip(1 + model.mismatch * self._rng.standard_normal((2, count)), 0.3, 1.7)
        self._threshold = spread * [[model.contrast_off], [model.contrast_on]]
        self._noise_per_ns = np.full(count, model.noise_hz / NS_PER_S)
        hot = self._rng.choice(count, min(model.hot_pixels, count), replace=False)
        self._noise_per_ns[hot] = model.hot_pixel_hz / NS_PER_S
        self._leak_per_ns = model.leak_hz * self._threshold[1] / NS_PER_S
        self._t_ns: int | None = None
        self._level = np.empty(count, np.float32)
        self._reference = np.empty(count)
        self._refractory_until_ns = np.empty(count, np.int64)
        self._next_noise_ns = np.empty(count, np.int64)

    def step(self, luminance: np.ndarray, t_ns: int) -> Events:
        """Process the next sample.

        Args:
            luminance: float32 [height, width], above 0, linear in light intensity.
            t_ns: sensor time of the sample, ns; later than that of the previous sample.

        Returns: the events after the previous sample, up to and including `t_ns`, sorted by time.
            The first sample only initialises the pixels and gives no events.
        """
        level = np.log(np.maximum(luminance, 1e-4, dtype=np.float32)).ravel()
        if self._t_ns is None:
            self._start(level, t_ns)
            return Events.empty()
        if self._model.response_ns:
            periods = (t_ns - self._t_ns) / (
                self._model.response_ns * (NOMINAL_LUMINANCE + DARK_CURRENT)
            )
            follow = 1 - np.exp(-periods * (luminance.ravel() + DARK_CURRENT))
            level = self._level + (follow * (level - self._level)).astype(np.float32)
        found = _advance(
            self._level,
            level,
            self._t_ns,
            t_ns,
            self._reference,
            self._refractory_until_ns,
            self._next_noise_ns,
            self._threshold,
            self._leak_per_ns,
            self._noise_per_ns,
            self._model.refractory_ns,
            self._rng,
        )
        self._level, self._t_ns = level, t_ns
        return self._to_events(found)

    def _start(self, level: np.ndarray, t_ns: int) -> None:
        """Initialise the pixels with the first sample, in the steady state of a running sensor."""
        self._level, self._t_ns = level, t_ns
        off, on = self._threshold
        self._reference = level + off - self._rng.random(len(level)) * (off + on)
        self._refractory_until_ns = np.full(len(level), t_ns - 1)
        self._next_noise_ns = np.full(len(level), np.iinfo(np.int64).max)
        noisy = self._noise_per_ns > 0
        wait = self._rng.standard_exponential(noisy.sum()) / self._noise_per_ns[noisy]
        self._next_noise_ns[noisy] = t_ns + wait.astype(np.int64)

    def _to_events(self, found: np.ndarray) -> Events:
        t_ns, address = found[np.argsort(found[:, 0], kind='stable')].T
        y, x = np.divmod(address >> 1, self.width)
        return Events(
            x.astype(np.uint16),
            y.astype(np.uint16),
            (address & 1).astype(np.uint8),
            t_ns.copy(),
            Triggers.empty(),
        )


@njit(nogil=True, cache=True)
def _advance(
    level0: np.ndarray,
    level1: np.ndarray,
    t0: int,
    t1: int,
    reference: np.ndarray,
    refractory_until: np.ndarray,
    next_noise: np.ndarray,
    threshold: np.ndarray,
    leak: np.ndarray,
    noise: np.ndarray,
    refractory: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return int64 [n, 2], (time, pixel << 1 | polarity), ordered by pixel.

    Updates `reference`, `refractory_until` and `next_noise` in place.
    """
    found = np.empty((4096, 2), np.int64)
    n = 0
    for i in range(len(level0)):
        # The reference leaks downwards, which is equivalent to a rising light level. Here the
        # whole leak is subtracted first, and the level starts that much lower and ends unchanged.
        leaked = leak[i] * (t1 - t0)
        reference[i] -= leaked
        start = level0[i] - leaked
        change = level1[i] - start
        size = threshold[1, i] if change > 0 else -threshold[0, i]
        while True:
            if refractory_until[i] >= t0:
                if refractory_until[i] >= t1:
                    break
                reference[i] = start + change * ((refractory_until[i] - t0) / (t1 - t0))
            t, p = t1 + 1, change > 0
            if abs(level1[i] - reference[i]) >= abs(size) and (level1[i] > reference[i]) == p:
                share = (reference[i] + size - start) / change
                t = max(t0 + int(np.ceil(share * (t1 - t0))), refractory_until[i] + 1)
            if next_noise[i] < t:
                t, p = next_noise[i], rng.random() < 0.5
            if t > t1:
                break
            if n == len(found):
                grown = np.empty((2 * n, 2), np.int64)
                grown[:n] = found
                found = grown
            found[n, 0] = t
            found[n, 1] = i << 1 | p
            n += 1
            refractory_until[i] = t + refractory
            if noise[i] > 0:  # a Poisson process: the wait restarts after the refractory time
                wait = rng.standard_exponential() / noise[i]
                next_noise[i] = refractory_until[i] + 1 + int(wait)
    return found[:n]
