# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A dynamic vision sensor.

Comes in: what falls on the pixels, sampled in time. Goes out: Events. Knows nothing about scenes,
packets or files.

Each pixel remembers the log luminance at its last event and sends the next one when the present
one differs from it by the contrast threshold; then it is blind for the refractory time, after
which it remembers anew what it sees (Lichtsteiner, Posch, Delbruck: A 128x128 120 dB 15 us latency
asynchronous temporal contrast vision sensor, JSSC 2008). Between two samples the log luminance is
taken as linear, so crossing times are exact for it. With `response_ns` the pixel sees the light
through a low pass of first order, slower where it is darker, as the photoreceptors of real ones.
"""

from dataclasses import dataclass

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events, Triggers

S = 1_000_000_000

MIDDLE, DARK_CURRENT = 0.5, 0.1
"""The photoreceptor's time constant is inverse to luminance plus the second of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorModel:
    """How good the pixels are; the defaults are those of a typical sensor in office light.

    Attributes:
        contrast_on: change of log luminance that makes an ON event.
        contrast_off: the same for OFF.
        mismatch: standard deviation of the thresholds from pixel to pixel, relative.
        refractory_ns: how long a pixel is blind after an event.
        response_ns: time constant of the photoreceptor at a luminance of MIDDLE; 0 = at once.
        noise_hz: events a pixel sends without a cause, half of them ON, a second.
        leak_hz: ON events that the leaking memory of a still pixel causes, a second.
        hot_pixels: number of pixels that send noise at `hot_pixel_hz` instead.
        hot_pixel_hz: their rate.
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
    """Turns luminance, sample by sample, into events.

    The same seed and samples give the same events.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        model: how good the pixels are.
        seed: chooses mismatch, hot pixels and noise.
    """

    def __init__(self, width: int, height: int, model: SensorModel, seed: int = 0) -> None:
        self.width = width
        self.height = height
        self._model = model
        self._rng = np.random.default_rng(seed)
        count = width * height
        # A threshold far below the mean would fire without end, so the spread is cut off.
        spread = np.clip(1 + model.mismatch * self._rng.standard_normal((2, count)), 0.3, 1.7)
        self._threshold = spread * [[model.contrast_off], [model.contrast_on]]
        self._noise_per_ns = np.full(count, model.noise_hz / S)
        hot = self._rng.choice(count, min(model.hot_pixels, count), replace=False)
        self._noise_per_ns[hot] = model.hot_pixel_hz / S
        self._leak_per_ns = model.leak_hz * self._threshold[1] / S
        self._t_ns: int | None = None
        self._level = np.empty(count, np.float32)
        self._memory = np.empty(count)
        self._blind_until_ns = np.empty(count, np.int64)
        self._next_noise_ns = np.empty(count, np.int64)

    def step(self, luminance: np.ndarray, t_ns: int) -> Events:
        """Look at the next sample.

        Args:
            luminance: float32 [height, width], above 0, linear in the light.
            t_ns: its sensor time, later than the one before.

        Returns: the events after the last sample and up to this one, in the order of their times;
            the first sample only tells the pixels what to remember.
        """
        level = np.log(np.maximum(luminance, 1e-4, dtype=np.float32)).ravel()
        if self._t_ns is None:
            self._start(level, t_ns)
            return Events.empty()
        if self._model.response_ns:
            periods = (t_ns - self._t_ns) / (self._model.response_ns * (MIDDLE + DARK_CURRENT))
            follow = 1 - np.exp(-periods * (luminance.ravel() + DARK_CURRENT))
            level = self._level + (follow * (level - self._level)).astype(np.float32)
        found = _advance(
            self._level,
            level,
            self._t_ns,
            t_ns,
            self._memory,
            self._blind_until_ns,
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
        """Remember the first sample as pixels do that have been looking for long."""
        self._level, self._t_ns = level, t_ns
        off, on = self._threshold
        self._memory = level + off - self._rng.random(len(level)) * (off + on)
        self._blind_until_ns = np.full(len(level), t_ns - 1)
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
    memory: np.ndarray,
    blind_until: np.ndarray,
    next_noise: np.ndarray,
    threshold: np.ndarray,
    leak: np.ndarray,
    noise: np.ndarray,
    refractory: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return int64 [n, 2], (time, pixel << 1 | polarity) by pixel; updates the pixels' state."""
    found = np.empty((4096, 2), np.int64)
    n = 0
    for i in range(len(level0)):
        # The memory leaks downwards, which looks to the pixel like a light that brightens. Taken
        # as leaked already, what it sees begins that much lower and ends where it is.
        leaked = leak[i] * (t1 - t0)
        memory[i] -= leaked
        start = level0[i] - leaked
        change = level1[i] - start
        size = threshold[1, i] if change > 0 else -threshold[0, i]
        while True:
            if blind_until[i] >= t0:
                if blind_until[i] >= t1:
                    break
                memory[i] = start + change * ((blind_until[i] - t0) / (t1 - t0))
            t, p = t1 + 1, change > 0
            if abs(level1[i] - memory[i]) >= abs(size) and (level1[i] > memory[i]) == p:
                share = (memory[i] + size - start) / change
                t = max(t0 + int(np.ceil(share * (t1 - t0))), blind_until[i] + 1)
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
            blind_until[i] = t + refractory
            if noise[i] > 0:  # without memory: the wait begins anew when the pixel sees again
                wait = rng.standard_exponential() / noise[i]
                next_noise[i] = blind_until[i] + 1 + int(wait)
    return found[:n]
