# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The metrics by name: what each asks for, and which direction is better.

Comes in: nothing. Goes out: a table. Knows nothing about how they are computed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """One column of the results.

    Attributes:
        name: on the command line and in the files.
        meaning: for the help and the labels.
        lower_is_better: which direction is.
        needs_truth: whether it compares with ground truth images.
        digits: decimals that people are shown.
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
        Metric('tags_share', 'share of the tags in view that is read', False, True),
        Metric('first_tag_ms', 'sensor time until a tag is read, ms', True, False, 0),
        Metric(
            'flicker',
            'change up and down where no event was, intensity in 0..1',
            True,
            False,
            digits=4,
        ),
    )
}
FULL_REFERENCE = ('mse', 'psnr', 'ssim', 'gmsd', 'lpips')
"""What --skip-s applies to."""
BY_DEFAULT = tuple(name for name in METRICS if name != 'lpips')
"""The rest need nothing but this package."""
