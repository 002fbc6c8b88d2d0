# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Differentiable distances between reconstruction and truth.

Everything is computed in float32, also below autocast: the variances of SSIM are differences of
nearly equal numbers.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

SSIM_REACH, SSIM_SIGMA = 5, 1.5
"""The 11x11 gaussian window of Wang et al., "Image Quality Assessment: From Error Visibility to
Structural Similarity", IEEE TIP 2004."""
SSIM_SIDE = 2 * SSIM_REACH + 1
"""Side of the window, and of the smallest image that can be compared, pixels."""
GRADIENT_SCALES = 3
STRUCTURE_SHRINKS = 2, 4, 8
"""Factors by which images are downsampled before their structure is compared: windows of 22, 44
and 88 pixels. A scale whose window is larger than the image is skipped."""
STRUCTURE_SIDE = STRUCTURE_SHRINKS[0] * SSIM_SIDE
"""Side of the smallest image whose structure can be compared, pixels."""
LEAST_SQUARE = 1e-6
"""Added to the mean square error before the logarithm, so that it is finite: 60 dB."""
GREY_LEVEL = 1 / 255
GREATEST_GAIN = 20.0
"""Limit of the gain of dark sequences, beyond which they are mostly noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """Weights of the terms; a term of weight 0 is not computed.

    Attributes:
        l1: mean absolute difference.
        smooth_l1: the same, but quadratic below one grey level of 255 (Girshick, "Fast R-CNN",
            ICCV 2015).
        ssim: 1 - SSIM.
        structure: 1 - SSIM without its comparison of means, at a half, a quarter and an eighth of
            the resolution: equally bright parts of an object must look equal, whatever their
            brightness. Together with `ssim` it is close to the multi-scale SSIM of Wang et al.
            (Asilomar 2003).
        gradient: mean absolute difference of the image gradients at three scales.
        log_mse: natural logarithm of the mean square error of each sequence, averaged: PSNR. An
            improvement by a tenth counts the same for clean and for noisy sequences; noisy ones
            dominate the terms above.
        temporal: mean absolute difference of the changes from window to window: flicker of still
            scenes, and lag.
        contrast: absolute difference of the standard deviations of the images.
        perceptual: mean square difference of features of VGG-19, whose weights the user gives; see
            `vgg_features.py`.
        rest: mean absolute change of the image from window to window while the sensor has been
            silent for up to hundreds of windows; see `silent_sensors.py`.
        noise: mean absolute change of the image while the sensor has sent only noise for up to
            hundreds of windows, and contrast of the image of noise alone; for event cameras
            without normalisation; see `noisy_sensors.py`.
        mse: mean square error.
        entropy: 1 - entropy of the image as a share of the largest one, see `entropy_deficit`.
        exposure: mean grey to which truth and reconstruction of each sequence are scaled before
            the comparison, so that dark sequences count as much as bright ones; 0 = not scaled.
        teacher: share of the loss, 0 to 1, in which the images of the teacher replace the truth,
            if the run has one; see `teacher.py`.
    """

    l1: float = 1.0
    smooth_l1: float = 0.0
    ssim: float = 0.5
    structure: float = 0.0
    gradient: float = 0.5
    log_mse: float = 0.0
    temporal: float = 0.3
    contrast: float = 0.0
    perceptual: float = 0.0
    rest: float = 0.0
    noise: float = 0.0
    mse: float = 0.0
    entropy: float = 0.0
    exposure: float = 0.0
    teacher: float = 0.7

    @property
    def compares(self) -> bool:
        """Whether any term compares images with the truth."""
        others = 'exposure', 'teacher', 'rest', 'noise'
        weights = dataclasses.asdict(self)
        return any(weight > 0 for name, weight in weights.items() if name not in others)


Frames = tuple[torch.Tensor, torch.Tensor]
Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Loss:
    """The weighted sum of the terms.

    Args:
        weights: of the terms.
        perceptual: distance of images [n, 1, height, width], if its weight is not 0.
    """

    def __init__(self, weights: LossWeights, perceptual: Distance | None = None) -> None:
        self._weights = weights
        self._perceptual = perceptual

    def __call__(
        self, video: torch.Tensor, truth: torch.Tensor, before: Frames | None = None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Compare consecutive windows.

        Args:
            video: [windows, batch, 1, height, width].
            truth: the same shape.
            before: reconstruction and truth [batch, 1, height, width] of the previous window, if
                there is one.

        Returns: the weighted sum, and the terms without their weights, detached.
        """
        with torch.autocast(video.device.type, enabled=False):
            video, truth = video.float(), truth.float()
            w = self._weights
            if w.exposure:
                gain = exposure_gain(truth, w.exposure)
                video, truth = gain * video, gain * truth
                before = before and (gain * before[0].float(), gain * before[1].float())
            flat, flat_truth = video.flatten(0, 1), truth.flatten(0, 1)
            terms: dict[str, torch.Tensor] = {}
            if w.l1:
                terms['l1'] = functional.l1_loss(flat, flat_truth)
            if w.smooth_l1:
                terms['smooth_l1'] = smooth_l1(flat, flat_truth)
            if w.ssim:
                terms['ssim'] = 1 - ssim(flat, flat_truth).mean()
            if w.structure:
                terms['structure'] = structure_difference(flat, flat_truth)
            if w.gradient:
                terms['gradient'] = gradient_difference(flat, flat_truth)
            if w.log_mse:
                terms['log_mse'] = log_mean_square(video, truth)
            if w.mse:
                terms['mse'] = functional.mse_loss(flat, flat_truth)
            if w.entropy:
                terms['entropy'] = entropy_deficit(flat)
            if w.temporal:
                terms['temporal'] = change_difference(video, truth, before)
            if w.contrast:
                terms['contrast'] = contrast_difference(flat, flat_truth)
            if w.perceptual and self._perceptual is not None:
                terms['perceptual'] = self._perceptual(flat, flat_truth)
            total = sum(
                (getattr(w, name) * term for name, term in terms.items()), video.new_zeros(())
            )
        return total, {name: term.detach() for name, term in terms.items()}


def smooth_l1(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute difference, quadratic below one grey level."""
    return functional.smooth_l1_loss(image, truth, beta=GREY_LEVEL)


def exposure_gain(truth: torch.Tensor, mean: float) -> torch.Tensor:
    """Return the gain that scales each sequence of [windows, batch, ...] to a mean grey.

    Returns: [batch, 1, 1, 1].
    """
    means = truth.transpose(0, 1).flatten(1).mean(1)
    return (mean / means.clamp(min=mean / GREATEST_GAIN))[:, None, None, None]


def ssim(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the structural similarity [n] of images [n, 1, height, width] with range 0 to 1.

    Only pixels whose whole window lies in the image count.

    Raises:
        ValueError: if an image is smaller than the window.
    """
    likeness, structure = _similarities(image, truth)
    return (likeness * structure).flatten(1).mean(1)


def structure_difference(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return 1 - the structure part of SSIM, averaged over the smaller images.

    Raises:
        ValueError: if an image is smaller than STRUCTURE_SIDE.
    """
    differences: list[torch.Tensor] = []
    for shrink in STRUCTURE_SHRINKS:
        small = functional.avg_pool2d(image, shrink), functional.avg_pool2d(truth, shrink)
        if differences and min(small[0].shape[-2:]) < SSIM_SIDE:
            break
        differences.append(1 - _similarities(*small)[1].mean())
    return torch.stack(differences).mean()


def _similarities(image: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return SSIM's similarity of means, and that of contrasts and structures, of each pixel."""
    if min(image.shape[-2:]) < SSIM_SIDE:
        raise ValueError(f'SSIM needs images of at least {SSIM_SIDE} pixels a side')
    stack = torch.cat([image, truth, image * image, truth * truth, image * truth])
    # Products with band matrices, many times faster than a convolution of a single channel.
    down = _gaussian_bands(image.shape[-2], image.device)
    across = _gaussian_bands(image.shape[-1], image.device)
    smooth = down @ stack @ across.T
    mean, mean_truth, square, square_truth, product = smooth.chunk(5)
    variance, variance_truth = square - mean**2, square_truth - mean_truth**2
    covariance = product - mean * mean_truth
    c1, c2 = 0.01**2, 0.03**2
    likeness = (2 * mean * mean_truth + c1) / (mean**2 + mean_truth**2 + c1)
    return likeness, (2 * covariance + c2) / (variance + variance_truth + c2)


def _gaussian_bands(size: int, device: torch.device) -> torch.Tensor:
    """Return [size - 10, size]: row k is the Gaussian window over the pixels k to k + 10."""
    apart = torch.arange(size, device=device) - SSIM_REACH
    apart = apart - torch.arange(size - 2 * SSIM_REACH, device=device)[:, None]
    bands = torch.exp(-0.5 * (apart / SSIM_SIGMA) ** 2)
    bands = torch.where(apart.abs() <= SSIM_REACH, bands, 0.0)
    return bands / bands.sum(1, keepdim=True)


def gradient_difference(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute difference of the gradients, averaged over the scales."""
    error = image - truth
    total = error.new_zeros(())
    for scale in range(GRADIENT_SCALES):
        if scale:
            error = functional.avg_pool2d(error, 2)
        if min(error.shape[-2:]) < 2:
            return total / scale
        total = total + error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return total / GRADIENT_SCALES


def log_mean_square(video: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean over the sequences of the logarithm of their mean square error."""
    square = (video - truth).square().transpose(0, 1).flatten(1).mean(1)
    return (square + LEAST_SQUARE).log().mean()


def change_difference(
    video: torch.Tensor, truth: torch.Tensor, before: Frames | None = None
) -> torch.Tensor:
    """Return the mean absolute difference of the changes from window to window."""
    error = video - truth
    if before is not None:
        error = torch.cat([(before[0] - before[1])[None], error])
    if len(error) < 2:
        return 0 * error.sum()  # with a gradient, as every loss must have
    return error.diff(dim=0).abs().mean()


def entropy_deficit(image: torch.Tensor) -> torch.Tensor:
    """Return 1 - entropy / largest entropy of images [n, channels, height, width], averaged.

    Each channel is read as a distribution of light over its pixels, as in image restoration by
    maximum entropy (Gull and Daniell, "Image reconstruction from incomplete and noisy data",
    Nature 1978). The most even image has 0.
    """
    light = image.flatten(2).clamp(min=0) + LEAST_SQUARE
    share = light / light.sum(2, keepdim=True)
    entropy = -(share * share.log()).sum(2) / math.log(share.shape[2])
    return 1 - entropy.mean()


def contrast_difference(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute difference of the images' standard deviations."""
    apart = image.flatten(1).std(1, correction=0) - truth.flatten(1).std(1, correction=0)
    return apart.abs().mean()
