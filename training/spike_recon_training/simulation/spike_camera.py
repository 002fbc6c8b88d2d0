# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Model of a spike camera: luminance samples to packed spike planes.

Each pixel integrates light and fires when its charge reaches a threshold. The threshold is then
subtracted and the remainder is kept, so the intervals of a static pixel are the two integers next
to their mean. A pixel fires at most once per plane (Huang et al.: 1000x Faster Camera and Machine
Vision with Ordinary Devices, Engineering 2023). Between two samples the luminance is interpolated
linearly.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.spike_planes import bytes_per_row

LEAST_GAIN = 0.1
"""Minimum relative sensitivity of a pixel; no pixel is dead."""
CALIBRATION_ARRAYS = ('Nl', 'Nd', 'D_light')
"""Response to light, dark response, and mean interval in planes in front of a bright surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSensorModel:
    """Pixel parameters; the defaults are those of a real sensor in daylight.

    Attributes:
        light_scale: spikes/plane at a luminance of 1; above 1 the brightest pixels saturate.
        aperture_px: standard deviation of the blur by the light-sensitive area of a pixel, pixels:
            0.29 for a fill factor of 1, 0 for a point. The ground truth does not have this blur.
        gain_spread: relative standard deviation of the sensitivity between pixels.
        dark_rate: mean rate without light, spikes/plane.
        dark_spread: maximum relative deviation of a pixel from `dark_rate`.
        photons_per_spike: photons per threshold, for the shot noise of low light; 0 disables shot
            noise.
        period_ns: time between two planes, ns.
    """

    light_scale: float = 0.6
    aperture_px: float = 0.0
    gain_spread: float = 0.045
    dark_rate: float = 0.004
    dark_spread: float = 0.5
    photons_per_spike: float = 0.0
    period_ns: int = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class PixelMaps:
    """Per-pixel parameters of one sensor.

    Attributes:
        gain: float32 [height, width], relative sensitivity, about 1.
        dark: float32 [height, width], rate without light, spikes/plane.
    """

    gain: np.ndarray
    dark: np.ndarray


class SpikeCamera:
    """Converts luminance samples to spike planes.

    The same seed and samples give the same planes.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        model: pixel parameters.
        seed: seed of the maps, the initial charges and the shot noise.
        maps: per-pixel parameters; None = draw them from `model`.

    Attributes:
        gain: float32 [height, width], relative sensitivity, about 1.
        dark: float32 [height, width], rate without light, spikes/plane.

    Raises:
        UserError: the size of the maps is not that of the camera.
    """

    def __init__(
        self,
        width: int,
        height: int,
        model: SpikeSensorModel,
        seed: int = 0,
        maps: PixelMaps | None = None,
    ) -> None:
        self.width, self.height, self.model = width, height, model
        self._rng = np.random.default_rng(seed)
        drawn = self._drawn_maps() if maps is None else maps
        if drawn.gain.shape != (height, width):
            rows, columns = drawn.gain.shape
            raise UserError(
                f'the calibration has {columns}x{rows} pixels, but the camera has {width}x'
                f'{height}; give --size {columns}x{rows}'
            )
        self.gain, self.dark = drawn.gain, drawn.dark
        self._charge = self._rng.random((height, width), np.float32)
        self._last: np.ndarray | None = None

    def step(self, luminance: np.ndarray, planes: int) -> np.ndarray:
        """Process the next sample.

        Args:
            luminance: float32 [height, width], 0 or above, linear in light intensity.
            planes: number of planes between the previous sample and this one.

        Returns: uint8 [planes, height, ceil(width / 8)], packed, bit 0 leftmost. The first sample
            only initialises the light level and gives no planes.
        """
        sample = np.ascontiguousarray(luminance, np.float32)
        if self.model.aperture_px:
            sample = cv2.GaussianBlur(sample, (0, 0), self.model.aperture_px)
        last, self._last = self._last, sample
        bits = np.zeros(
            (planes if last is not None else 0, self.height, bytes_per_row(self.width)), np.uint8
        )
        if last is not None:
            scale = np.float32(self.model.light_scale)
            _integrate(
                last * scale,
                sample * scale,
                self.gain,
                self.dark,
                self._charge,
                np.float32(self.model.photons_per_spike),
                self._rng,
                bits,
            )
        return bits

    def _drawn_maps(self) -> PixelMaps:
        shape, model = (self.height, self.width), self.model
        gain = 1 + model.gain_spread * self._rng.standard_normal(shape, np.float32)
        deviation = 2 * self._rng.random(shape, np.float32) - 1
        dark = model.dark_rate * (1 + model.dark_spread * deviation)
        return PixelMaps(
            np.maximum(gain, LEAST_GAIN).astype(np.float32), np.maximum(dark, 0).astype(np.float32)
        )


@njit(nogil=True, cache=True)
def _integrate(
    light0: np.ndarray,
    light1: np.ndarray,
    gain: np.ndarray,
    dark: np.ndarray,
    charge: np.ndarray,
    photons: np.float32,
    rng: np.random.Generator,
    bits: np.ndarray,
) -> None:
    """Fill `bits` with the packed planes; updates `charge` in place."""
    n_planes = bits.shape[0]
    height, width = charge.shape
    one = np.float32(1)
    for y in range(height):
        for x in range(width):
            total = charge[y, x]
            change = (light1[y, x] - light0[y, x]) / np.float32(n_planes)
            # A plane integrates over the period before it: use the light in the middle of it.
            light = light0[y, x] - np.float32(0.5) * change
            for plane in range(n_planes):
                light += change
                rate = light * gain[y, x] + dark[y, x]
                if photons > 0:
                    rate = np.float32(rng.poisson(rate * photons)) / photons
                # At most one threshold is subtracted per plane; charge above it is lost.
                total += min(rate, one)
                if total >= one:
                    total -= one
                    bits[plane, y, x >> 3] |= np.uint8(1 << (x & 7))
            charge[y, x] = total


def read_calibration(path: Path) -> PixelMaps:
    """Read the per-pixel parameters of a real sensor from a NumPy archive.

    The archive contains, as arrays [height, width], the response of each pixel to light (`Nl`) and
    its dark response (`Nd`), each in an arbitrary unit, and its mean interval in planes in front
    of a bright surface (`D_light`). Rates add up, so the units follow from a least squares fit of
    1 / `D_light` by the other two.

    Args:
        path: an `.npz` file.

    Raises:
        UserError: the file cannot be read, an array is missing, the sizes differ, or a value is
            not finite and above 0.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name].astype(np.float64) for name in CALIBRATION_ARRAYS]
    except Exception as error:  # of zipfile, decompressors and NumPy, which evaluates headers
        reason = shown(str(error) or type(error).__name__)
        raise UserError(
            f'{path} is not a calibration ({reason}); it must be an .npz with the arrays '
            f'{", ".join(CALIBRATION_ARRAYS)}'
        ) from error
    light, darkness, interval = arrays
    if light.ndim != 2 or len({array.shape for array in arrays}) != 1:
        raise UserError(f'the arrays in {path} must all be [height, width] of one size')
    if not all(np.isfinite(array).all() and array.min() > 0 for array in arrays):
        raise UserError(f'the arrays in {path} must be finite and above 0')
    # Defective pixels are outliers in at least one map and would dominate the fit.
    inliers = np.logical_and.reduce([_inliers(array) for array in arrays])
    regressors = np.stack((light[inliers], darkness[inliers]), axis=1)
    (_, rate_of_darkness), *_ = np.linalg.lstsq(regressors, 1 / interval[inliers], rcond=None)
    gain = np.maximum(light / np.median(light), LEAST_GAIN)
    dark = np.clip(rate_of_darkness * darkness, 0, 1)
    return PixelMaps(gain.astype(np.float32), dark.astype(np.float32))


def _inliers(array: np.ndarray) -> np.ndarray:
    """Return where the values lie between the 1st and the 99th percentile, bool."""
    low, high = np.percentile(array, (1, 99))
    return (low <= array) & (array <= high)
