# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Estimates what the next step of a model costs, from those before it."""

# Averages forget by this factor a step; the excess of a slow step is forgotten faster.
FORGET_STEP, FORGET_EXCESS = 0.93, 0.1
# Least relative variance of the samples that shows how the cost of a step depends on them.
LEAST_VARIANCE = 0.1
# A step counts as at most this many times the expected cost: a process that was stopped has not
# become slow.
LARGEST_SURPRISE = 10.0


class StepCost:
    """Estimates the cost of a window of n samples in k parts as `k * fixed + n * per_sample`.

    Attributes:
        fixed: of each part, s.
        per_sample: s.
    """

    def __init__(self) -> None:
        self.fixed = self.per_sample = 0.0
        self._sums = [0.0] * 5
        # Ratio of cost to estimate, on the safe side: it rises at once and falls slowly.
        self._excess = 1.0

    def expected(self, samples: float, parts: int = 1) -> float:
        """Return the cost of the next step, s, on the safe side."""
        return self._excess * (parts * self.fixed + self.per_sample * samples)

    @property
    def per_plane(self) -> float:
        """Cost of a sample, s; the largest possible one while it is unknown.

        For planes, which are so many and equal that their cost may be all there is.
        """
        _, samples, seconds, *_ = self._sums
        return self.per_sample or seconds / max(samples, 1.0)

    def add(self, samples: float, seconds: float, parts: int = 1) -> None:
        """Learn from a step.

        Until steps with different numbers of samples are seen, the whole cost counts as fixed.
        """
        samples, seconds = samples / parts, seconds / parts
        if self._sums[0]:
            seconds = min(seconds, LARGEST_SURPRISE * self.expected(samples))
        new = (1.0, samples, seconds, samples**2, samples * seconds)
        self._sums = [
            old * FORGET_STEP + value for old, value in zip(self._sums, new, strict=True)
        ]
        count, *sums = self._sums
        mean_samples, mean_seconds, mean_square, mean_product = (value / count for value in sums)
        variance = mean_square - mean_samples**2
        if variance > LEAST_VARIANCE * mean_samples**2:
            slope = (mean_product - mean_samples * mean_seconds) / variance
            slope = min(max(slope, 0.0), mean_seconds / mean_samples)
            weight = min(1.0, variance / mean_samples**2)
            self.per_sample += weight * (slope - self.per_sample)
        self.fixed = max(0.0, mean_seconds - self.per_sample * mean_samples)
        ratio = seconds / max(1e-9, self.fixed + self.per_sample * samples)
        self._excess = max(ratio, self._excess + FORGET_EXCESS * (ratio - self._excess))
