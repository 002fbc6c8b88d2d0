# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Metrics that compare a colour image with the colours of the scene.

Both images are uint8 [height, width, 3], BGR. CIEDE2000 is computed by scikit-image, with the
images read as sRGB under D65. A difference of 1 is just visible beside each other, one of 10 at a
glance. The brightness of an event camera is a guess, whose error dominates all differences. So
`ciede2000_chroma` compares after the image has been given the brightness of the truth: what is
left is the error of the colours alone.
"""

from collections.abc import Callable

import numpy as np

from spike_recon_ros.color.luma import chroma_of, luma_of, merged
from spike_recon_ros.cures import pip_install_module
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.full_reference import psnr

LEAST_COLOUR = 16
"""Largest difference of red, green and blue of a pixel, below which an image has no colours."""


def has_colours(image: np.ndarray) -> bool:
    """Return whether an image of any encoding has colours; grey stored as RGB has none."""
    if image.ndim < 3 or image.shape[2] < 3:
        return False
    scale = {np.dtype(np.uint8): 1.0, np.dtype(np.uint16): 1 / 257}.get(image.dtype, 255.0)
    return bool(np.ptp(image[..., :3].astype(np.float32), axis=2).max() * scale >= LEAST_COLOUR)


def psnr_color(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio over red, green and blue, dB."""
    return psnr(_floats(image), _floats(truth))


def ciede2000(image: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean CIEDE2000 difference (CIE 142-2001) over the pixels.

    Raises:
        UserError: scikit-image is not installed.
    """
    lab, distance = _colour_science()
    one, other = (lab(_floats(part)[..., ::-1]) for part in (image, truth))
    return float(np.mean(distance(other, one)))


def ciede2000_chroma(image: np.ndarray, truth: np.ndarray) -> float:
    """Return `ciede2000` of the chroma of an image on the luma of the truth.

    Raises:
        UserError: scikit-image is not installed.
    """
    return ciede2000(merged(luma_of(truth), chroma_of(image)), truth)


COMPARE_COLOR: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    'psnr_color': psnr_color,
    'ciede2000': ciede2000,
    'ciede2000_chroma': ciede2000_chroma,
}


def check_color_metrics() -> None:
    """Raise UserError if scikit-image, which computes CIEDE2000, is not installed."""
    _colour_science()


def _colour_science() -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    try:
        from skimage.color import deltaE_ciede2000, rgb2lab  # noqa: PLC0415 -- optional and slow
    except ImportError:
        raise UserError(
            'ciede2000 is computed by scikit-image, which is not installed; run: '
            f'{pip_install_module("skimage")}, or ask for -q psnr_color'
        ) from None
    return rgb2lab, deltaE_ciede2000


def _floats(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float64) / 255
