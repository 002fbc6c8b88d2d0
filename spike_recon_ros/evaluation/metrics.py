# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The metrics of an evaluation: name, meaning, direction and what they need."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the results.

    Attributes:
        name: on the command line and in files.
        meaning: for the help and labels.
        lower_is_better: whether lower values are better.
        needs_truth: whether it needs ground truth images.
        digits: decimals in tables.
    """

    name: str
    meaning: str
    lower_is_better: bool
    needs_truth: bool
    digits: int = 3


METRICS = {
    metric.name: metric
    for metric in (
        Metric('mse', 'mean squared error, intensity in 0..1', True, True, digits=4),
        Metric('psnr', 'peak signal-to-noise ratio, dB', False, True, digits=2),
        Metric('ssim', 'structural similarity (gaussian window, sigma 1.5)', False, True),
        Metric('gmsd', 'gradient magnitude similarity deviation', True, True),
        Metric('lpips', 'learned perceptual distance (AlexNet)', True, True),
        Metric('tags', 'AprilTags 36h11 read in a frame', False, False, digits=2),
        Metric('tags_share', 'share of the tags in view that are read', False, True),
        Metric('first_tag_ms', 'sensor time until the first tag is read, ms', True, False, 0),
        Metric(
            'flicker',
            'brightness changes without events, intensity in 0..1',
            True,
            False,
            digits=4,
        ),
    )
}
FULL_REFERENCE = ('mse', 'psnr', 'ssim', 'gmsd', 'lpips')
"""Metrics that compare with ground truth; --skip-s applies to them."""
BY_DEFAULT = tuple(name for name in METRICS if name != 'lpips')
"""lpips needs PyTorch and a library of its own."""
