# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The intensities shown as black and white, smoothed over time to avoid flicker."""

import math

import numpy as np

from spike_recon_ros.rendering.structure import Evidence

NOISE_CONTRAST = 16 / 255
"""Contrast of noise, as a share of the range that is shown: eight grey levels around mid grey."""
# A smaller contrast is noise and is not stretched further: 1/20 of the range of a network, and of
# the change that one event makes in a filter.
_SMALLEST_SPAN = 0.05
# This number of pixels gives a percentile to within some hundredths of a percent.
_SAMPLES = 1 << 16
# Limits that overlap the previous ones by less than this share belong to another scene.
_SAME_SCENE_OVERLAP = 0.25
# Limits are measured at most this many times per time constant. At a thousand images per second
# the measurement would otherwise be most of the work.
_MEASUREMENTS = 40


class ToneLimits:
    """Percentiles of the image, smoothed over sensor time.

    Limits follow the images with a time constant; after each measurement a fortieth of it may
    pass before the next one. They are set without smoothing by the first image, by an image whose
    limits hardly overlap the previous ones (a light was switched on, the state was reset), and by
    an image whose time is before the previous one.
    """

    def __init__(self) -> None:
        self._limits: tuple[float, float] | None = None
        self._t_ns = 0

    def reset(self) -> None:
        """Drop the limits; the next image sets them without smoothing."""
        self._limits = None

    def update(
        self,
        intensity: np.ndarray,
        t_ns: int,
        percentile_low: float,
        percentile_high: float,
        tone_time_s: float,
    ) -> tuple[float, float]:
        """Return the intensities shown as black and white in this image.

        Args:
            intensity: float32 [height, width].
            t_ns: sensor time of the image.
            percentile_low: percentage of pixels at or below black.
            percentile_high: percentage of pixels at or below white.
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


def gentle(
    limits: tuple[float, float], full: tuple[float, float], stretch: float, evidence: Evidence
) -> tuple[float, float]:
    """Return limits that enlarge the contrast less than `limits`, and that of noise not at all.

    A contrast of s, as a share of the full range, is shown as s ** (1 - stretch): nearly full ones
    stay, faint ones become visible. The middle of the full range stays where it is. Noise is
    shown around mid grey; before the first scene it is limited to NOISE_CONTRAST.

    Args:
        limits: measured black and white.
        full: intensities that mean black and white in the model's own range.
        stretch: 0 = show the full range, 1 = show what is between the measured limits.
        evidence: whether the image shows a scene.
    """
    scene, ever = evidence
    range_ = full[1] - full[0]
    black, white = ((limit - full[0]) / range_ for limit in limits)
    contrast = white - black
    if contrast < 1.0:
        span = contrast ** (stretch * scene)
        towards_full = (span - contrast) / (1.0 - contrast)
        centred = (1.0 - scene) * (0.5 * (black + white) - 0.5)
        middle = black * (1.0 - towards_full) + centred + 0.5 * span
        span *= max(contrast / NOISE_CONTRAST, 1.0) ** (1.0 - ever)
        black, white = middle - 0.5 * span, middle + 0.5 * span
    return full[0] + range_ * black, full[0] + range_ * white


def _measure(
    intensity: np.ndarray, percentile_low: float, percentile_high: float
) -> tuple[float, float] | None:
    """Return the limits of one image, or None if it has no finite pixel other than zero.

    Pixels of exactly zero are left out: in a filter they have had no event yet, and a few active
    pixels must not lose contrast because the rest of the sensor is silent. Silent pixels should
    still be grey, so the middle between the limits is moved towards zero in proportion to their
    share, by moving the nearer limit outwards.
    """
    values = intensity.reshape(-1)[:: _stride(*intensity.shape)]
    values = values[np.isfinite(values)]
    active = values[values != 0.0]
    if not active.size:
        return None
    black, white = map(float, np.percentile(active, (percentile_low, percentile_high)))
    if black < 0.0 < white:  # signed, so from a filter; networks return 0..1
        silent = 1.0 - active.size / values.size
        farther = max(-black, white)
        black -= silent * (farther + black)
        white += silent * (farther - white)
    return _widened(black, white)


def _stride(height: int, width: int) -> int:
    """Return the distance between sampled pixels, chosen so that every column is sampled."""
    stride = -(-height * width // _SAMPLES)
    while math.gcd(stride, width) != 1:
        stride += 1
    return stride


def _widened(black: float, white: float) -> tuple[float, float]:
    """Return the limits, moved apart if they are so close that only noise lies between them."""
    if white - black >= _SMALLEST_SPAN:
        return black, white
    middle = 0.5 * (black + white)
    return middle - 0.5 * _SMALLEST_SPAN, middle + 0.5 * _SMALLEST_SPAN


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the intersection of two ranges divided by their hull; 0 if they are apart."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    covered = max(one[1], other[1]) - min(one[0], other[0])
    return max(common, 0.0) / covered
