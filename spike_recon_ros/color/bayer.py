# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The four phases of a Bayer pattern: split the samples of a sensor, and join their images."""

from typing import Any

import cv2
import numpy as np

from spike_recon_ros.conditioning.region import SMALLEST_IMAGE, Region
from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.settings import Settings

PHASES = 4
"""Phase k holds the pixels (2 i + k % 2, 2 j + k // 2), (x, y)."""
# OpenCV names a pattern after the pixels (1, 1) and (2, 1), ROS after (0, 0) and (1, 0).
_CONVERSIONS = {
    'rggb': cv2.COLOR_BayerBG2BGR,
    'bggr': cv2.COLOR_BayerRG2BGR,
    'grbg': cv2.COLOR_BayerGB2BGR,
    'gbrg': cv2.COLOR_BayerGR2BGR,
}


def check_mosaic(settings: Settings, region: Region, kind: SensorKind) -> None:
    """Check that the pixels of a region have a Bayer pattern that can be reconstructed.

    Raises:
        UserError: the pattern is not known, a side is odd, or roi and scale break the pattern.
    """
    if not settings.bayer_pattern:
        raise UserError(
            'color:=mosaic needs the Bayer pattern of the sensor; set bayer_pattern, for example '
            'to rggb (the data sheet of the camera states it, and spike-recon inspect if the '
            'recording holds images in a bayer encoding)'
        )
    if region.scale > 1:
        raise UserError(
            f'color:=mosaic cannot be used with scale {region.scale}, which mixes pixels of '
            'different colours; set scale to 1'
        )
    sides = region.width, region.height
    if any(side % 2 for side in sides):
        what = 'a sensor' if region.is_sensor else 'a roi'
        whole = sides[0] // 2 * 2, sides[1] // 2 * 2
        cure = f'set roi to {region.x // 2 * 2},{region.y // 2 * 2},{whole[0]},{whole[1]}'
        if kind is SensorKind.SPIKE or min(whole) < SMALLEST_IMAGE:  # a roi is for events
            cure = 'check width and height in the driver or the file, or leave color out'
        raise UserError(
            f'color:=mosaic needs an even number of columns and rows, but {what} of '
            f'{sides[0]}x{sides[1]} pixels has not; {cure}'
        )
    if region.x % 2 or region.y % 2:
        raise UserError(
            f'roi begins at the odd pixel {region.x},{region.y}, which breaks the Bayer pattern; '
            f'begin at {region.x // 2 * 2},{region.y // 2 * 2}'
        )


def phases_of(samples: Any) -> list[Any]:
    """Return the samples of each phase, in pixels of the phase.

    Args:
        samples: Events or SpikePlanes of an even number of columns and rows.

    Returns: four of the same type, in the order of their phase; trigger edges are left out.
    """
    if isinstance(samples, SpikePlanes):
        return [
            SpikePlanes(_every_second(samples.bits[:, row::2], column), samples.t_ns)
            for row in (0, 1)
            for column in (0, 1)
        ]
    assert isinstance(samples, Events)
    x, y, p, t_ns, counts = _split(samples.x, samples.y, samples.p, samples.t_ns)
    return [
        Events(x[k, :n], y[k, :n], p[k, :n], t_ns[k, :n], samples.triggers[:0])
        for k, n in enumerate(counts.tolist())
    ]


def joined(images: list[np.ndarray]) -> np.ndarray:
    """Return [2 * height, 2 * width]: the pixels of the phases at their places."""
    height, width = images[0].shape
    whole = np.empty((2 * height, 2 * width), images[0].dtype)
    for k, image in enumerate(images):
        whole[k // 2 :: 2, k % 2 :: 2] = image
    return whole


def demosaiced(pixels: np.ndarray, pattern: str) -> np.ndarray:
    """Return uint8 [height, width, 3], BGR, of uint8 [height, width] behind a Bayer pattern."""
    return cv2.cvtColor(pixels, _CONVERSIONS[pattern])


def _every_second(bits: np.ndarray, first: int) -> np.ndarray:
    """Return packed planes with every second column, from column 0 or 1 on."""
    # Columns in pairs: each byte gives four bits, which two bytes make a byte of.
    half = _FOUR_BITS[first][bits]
    if half.shape[-1] % 2:
        half = np.concatenate([half, np.zeros_like(half[..., :1])], axis=-1)
    return half[..., ::2] | (half[..., 1::2] << 4)


def _four_bits() -> np.ndarray:
    """Return uint8 [2, 256]: the even and the odd bits of a byte, packed into the low four."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder='little')
    return np.stack([np.packbits(bits[:, k::2], axis=1, bitorder='little')[:, 0] for k in (0, 1)])


_FOUR_BITS = _four_bits()


@njit(nogil=True, cache=True)
def _split(xs, ys, ps, ts):
    """Return the events of each phase in rows, and how many of each row are used."""
    n = len(xs)
    x, y = np.empty((4, n), np.uint16), np.empty((4, n), np.uint16)
    p, t = np.empty((4, n), np.uint8), np.empty((4, n), np.int64)
    counts = np.zeros(4, np.int64)
    for i in range(n):
        k = (ys[i] & 1) * 2 + (xs[i] & 1)
        at = counts[k]
        x[k, at], y[k, at], p[k, at], t[k, at] = xs[i] >> 1, ys[i] >> 1, ps[i], ts[i]
        counts[k] += 1
    return x, y, p, t, counts
