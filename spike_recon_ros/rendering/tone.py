# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is shown black and what is shown white.

Comes in: intensity in any range, and its sensor time. Goes out: two limits that follow the scene
without flicker. Knows nothing about encodings.
"""

import math

import numpy as np

# Contrast below this is noise, and is not stretched further: a twentieth of a network's range, or
# of what one event adds in a filter.
_SMALLEST_SPAN = 0.05
# So many pixels place a percentile to within some hundredths of a percent.
_SAMPLES = 1 << 16
# Limits that share less than this with the last ones belong to another scene.
_SAME_SCENE_OVERLAP = 0.25
# Limits that follow slowly are measured no more often than so many times in their time constant:
# at a thousand images a second that is most of the work that an image takes.
_MEASUREMENTS = 40


class ToneLimits:
    """Percentiles of the image, smoothed over sensor time.

    The first image sets the limits at once, and so does one whose limits have little in common
    with those before it (a light switched on, a state that was reset) or that lies before it in
    time; in between they follow with a time constant, of which a fortieth may pass before an image
    is looked at again.
    """

    def __init__(self) -> None:
        self._limits: tuple[float, float] | None = None
        self._t_ns = 0

    def reset(self) -> None:
        """Forget the images seen; the next one sets the limits at once."""
        self._limits = None

    def update(
        self,
        intensity: np.ndarray,
        t_ns: int,
        percentile_low: float,
        percentile_high: float,
        tone_time_s: float,
    ) -> tuple[float, float]:
        """Return the intensities shown black and white in this image.

        Args:
            intensity: float32 [height, width].
            t_ns: its sensor time.
            percentile_low: share of the pixels at or below black, percent.
            percentile_high: share of the pixels at or below white, percent.
            tone_time_s: time constant of the smoothing, seconds; 0 = none.
        """
        elapsed_s = (t_ns - self._t_ns) * 1e-9
        if self._limits is not None and 0.0 <= elapsed_s < tone_time_s / _MEASUREMENTS:
            return self._limits
        measured = _measure(intensity, percentile_low, percentile_high)
        self._t_ns = t_ns
        if measured is None:
            return self._limits or _widened(0.0, 0.0)
        if (
            self._limits is not None
            and tone_time_s > 0.0
            and elapsed_s >= 0.0
            and _overlap(self._limits, measured) >= _SAME_SCENE_OVERLAP
        ):
            keep = math.exp(-elapsed_s / tone_time_s)
            black, white = (
                keep * before + (1.0 - keep) * now
                for before, now in zip(self._limits, measured, strict=True)
            )
            self._limits = black, white
        else:
            self._limits = measured
        return self._limits


def _measure(
    intensity: np.ndarray, percentile_low: float, percentile_high: float
) -> tuple[float, float] | None:
    """Return the limits of one image, or None if it has no pixel that tells anything.

    Pixels of exactly zero are left out: with a filter no event has reached them yet, and a
    handful of active pixels must not be squeezed because the rest of the sensor is silent. The
    silent ones should be grey all the same: the larger their share, the closer to zero the
    middle between the limits is brought, by moving the nearer limit outwards.
    """
    values = intensity.reshape(-1)[:: _stride(*intensity.shape)]
    values = values[np.isfinite(values)]
    touched = values[values != 0.0]
    if not touched.size:
        return None
    black, white = map(float, np.percentile(touched, (percentile_low, percentile_high)))
    if black < 0.0 < white:  # signed, as filters are; networks give 0..1
        silent = 1.0 - touched.size / values.size
        farther = max(-black, white)
        black -= silent * (farther + black)
        white += silent * (farther - white)
    return _widened(black, white)


def _stride(height: int, width: int) -> int:
    """Return how far apart the sampled pixels lie, so that every column is among them."""
    stride = -(-height * width // _SAMPLES)
    while math.gcd(stride, width) != 1:
        stride += 1
    return stride


def _widened(black: float, white: float) -> tuple[float, float]:
    """Return the limits, moved apart where they are too close for anything but noise."""
    if white - black >= _SMALLEST_SPAN:
        return black, white
    middle = 0.5 * (black + white)
    return middle - 0.5 * _SMALLEST_SPAN, middle + 0.5 * _SMALLEST_SPAN


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the share of the range covered by either that both cover; 0 where they are apart."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    covered = max(one[1], other[1]) - min(one[0], other[0])
    return max(common, 0.0) / covered
