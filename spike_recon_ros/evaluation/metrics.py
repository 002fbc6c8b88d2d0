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
        in_table: whether the table on the terminal has it where no metrics were chosen; files
            have all.
    """

    name: str
    meaning: str
    lower_is_better: bool
    needs_truth: bool
    digits: int = 3
    in_table: bool = True


METRICS = {
    metric.name: metric
    for metric in (
        Metric('mse', 'mean squared error, intensity in 0..1', True, True, digits=4),
        Metric('psnr', 'peak signal-to-noise ratio, dB', False, True, digits=2, in_table=False),
        Metric('ssim', 'structural similarity (gaussian window, sigma 1.5)', False, True),
        Metric(
            'mse_mean', 'mse after matching the mean brightness', True, True, 4, in_table=False
        ),
        Metric(
            'ssim_mean', 'ssim after matching the mean brightness', False, True, in_table=False
        ),
        Metric('mse_matched', 'mse after matching mean and contrast', True, True, 4, False),
        Metric('ssim_matched', 'ssim after matching mean and contrast', False, True),
        Metric('fine', 'correlation with the truth in the finest octave', False, True),
        Metric('level_error', 'difference of the mean brightness', True, True, in_table=False),
        Metric('gmsd', 'gradient magnitude similarity deviation', True, True, in_table=False),
        Metric('ssim_v2v', 'structural similarity as V2V computes it (7x7)', False, True),
        Metric('lpips', 'learned perceptual distance (AlexNet)', True, True),
        Metric('psnr_color', 'psnr of red, green and blue (--color)', False, True, digits=2),
        Metric('ciede2000', 'visible difference of the colours (--color)', True, True, digits=2),
        Metric(
            'ciede2000_chroma', 'the same, with the brightness of the truth', True, True, digits=2
        ),
        Metric('niqe', 'naturalness without truth (NIQE)', True, False, digits=2),
        Metric('brisque', 'quality without truth (BRISQUE)', True, False, digits=1),
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
        Metric(
            'still_change',
            'mean change from frame to frame where no event fell',
            True,
            False,
            digits=4,
            in_table=False,
        ),
        Metric('spike_rate', 'share of the spiking neurons that fire in a step', True, False),
        Metric('images_per_s', 'images per second on this machine', False, False, digits=1),
    )
}
FULL_REFERENCE = tuple(
    name for name, one in METRICS.items() if one.needs_truth and name != 'tags_share'
)
"""Metrics that compare with ground truth; --skip-s applies to them."""
LEVELS = ('level', 'spread', 'truth_level', 'truth_spread')
"""Mean and standard deviation within a frame of the image and of the truth; files have them beside
level_error."""
COLOR_METRICS = 'psnr_color', 'ciede2000', 'ciede2000_chroma'
"""Metrics that compare the colour images with a truth that has colours."""
SPIKE_RATE = 'spike_rate'
ON_REQUEST = 'lpips', 'niqe', 'brisque', 'ssim_v2v', SPIKE_RATE, *COLOR_METRICS
"""lpips needs PyTorch; lpips, niqe and brisque need weights or parameters of others; ssim_v2v is
for comparisons with V2V's figures; spike_rate is measured if a network has spiking neurons, those
of colours if colour images are made."""
BY_DEFAULT = tuple(name for name in METRICS if name not in ON_REQUEST)
