# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A spike camera.

Comes in: what falls on the pixels, sampled in time. Goes out: packed spike planes. Knows nothing
about scenes, packets or files.

Each pixel integrates the light and fires when its charge reaches a threshold, which is then
subtracted: what is above it carries over, so the intervals of a still pixel are the two whole
numbers next to their mean. It fires at most once a plane (Huang et al.: 1000x Faster Camera and
Machine Vision with Ordinary Devices, Engineering 2023). Between two samples the luminance is taken
as linear.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.jit import njit
from spike_recon_ros.packets.spike_planes import bytes_per_row

LEAST_GAIN = 0.1
"""Of a pixel, relative: none is blind."""
CALIBRATION_ARRAYS = ('Nl', 'Nd', 'D_light')
"""Response to light, response to darkness, and intervals in planes before a bright surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSensorModel:
    """How good the pixels are; the defaults are those of a real sensor in daylight.

    Attributes:
        light_scale: spikes a plane of a luminance of 1; above 1 the brightest pixels saturate.
        aperture_px: standard deviation of the blur by the area that a pixel gathers light from:
            0.29 where it fills its square; 0 = a point. The ground truth is without it.
        gain_spread: standard deviation of the sensitivity from pixel to pixel, relative.
        dark_rate: spikes a plane without light, on average.
        dark_spread: greatest difference from it, relative.
        photons_per_spike: in low light photons come one by one, so many to the threshold; 0 = so
            many that their number does not vary.
        period_ns: time between two planes.
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
    """How the pixels of one sensor differ.

    Attributes:
        gain: float32 [height, width], sensitivity to light, about 1.
        dark: float32 [height, width], spikes a plane without light.
    """

    gain: np.ndarray
    dark: np.ndarray


class SpikeCamera:
    """Turns luminance, sample by sample, into spike planes.

    The same seed and samples give the same planes.

    Args:
        width: columns, pixels.
        height: rows, pixels.
        model: how good the pixels are.
        seed: chooses maps, the charge that each pixel begins with, and photons.
        maps: how the pixels differ, instead of as the model says.

    Attributes:
        gain: float32 [height, width], sensitivity to light, about 1.
        dark: float32 [height, width], spikes a plane without light.

    Raises:
        UserError: the maps are of another size.
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
                f'the calibration is of {columns}x{rows} pixels and the camera has {width}x'
                f'{height}; give --size {columns}x{rows}'
            )
        self.gain, self.dark = drawn.gain, drawn.dark
        self._charge = self._rng.random((height, width), np.float32)
        self._last: np.ndarray | None = None

    def step(self, luminance: np.ndarray, planes: int) -> np.ndarray:
        """Look at the next sample.

        Args:
            luminance: float32 [height, width], 0 or above, linear in the light.
            planes: how many planes after the last sample this one is.

        Returns: uint8 [planes, height, ceil(width / 8)], bit 0 leftmost; the first sample only
            tells where the light begins and gives none.
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
        around = 2 * self._rng.random(shape, np.float32) - 1
        dark = model.dark_rate * (1 + model.dark_spread * around)
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
    """Fill `bits`; updates the charge."""
    n_planes = bits.shape[0]
    height, width = charge.shape
    one = np.float32(1)
    for y in range(height):
        for x in range(width):
            held = charge[y, x]
            change = (light1[y, x] - light0[y, x]) / np.float32(n_planes)
            # A plane holds what came since the one before: the light in the middle of that time.
            light = light0[y, x] - np.float32(0.5) * change
            for plane in range(n_planes):
                light += change
                rate = light * gain[y, x] + dark[y, x]
                if photons > 0:
                    rate = np.float32(rng.poisson(rate * photons)) / photons
                # No more than one threshold is subtracted a plane; what is above it is lost.
                held += min(rate, one)
                if held >= one:
                    held -= one
                    bits[plane, y, x >> 3] |= np.uint8(1 << (x & 7))
            charge[y, x] = held


def read_calibration(path: Path) -> PixelMaps:
    """Return the maps of a real sensor from a NumPy archive.

    It holds the response of each pixel to light (`Nl`) and to darkness (`Nd`), each in a unit of
    its own, and its mean interval in planes before a bright surface (`D_light`). Rates add up, so
    the units follow from a fit of 1 / `D_light` by the other two.

    Raises:
        UserError: the file does not hold these arrays, all of one size.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name].astype(np.float64) for name in CALIBRATION_ARRAYS]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(
            f'{path} is no calibration ({error}); it must be an .npz with the arrays '
            f'{", ".join(CALIBRATION_ARRAYS)}'
        ) from error
    light, darkness, interval = arrays
    if light.ndim != 2 or len({array.shape for array in arrays}) != 1:
        raise UserError(f'the arrays in {path} must all be [height, width] of one size')
    if not all(np.isfinite(array).all() and array.min() > 0 for array in arrays):
        raise UserError(f'the arrays in {path} must be finite and above 0')
    # Broken pixels lie far out in one map or another and would decide the fit.
    usual = np.logical_and.reduce([_is_usual(array) for array in arrays])
    known = np.stack((light[usual], darkness[usual]), axis=1)
    (_, rate_of_darkness), *_ = np.linalg.lstsq(known, 1 / interval[usual], rcond=None)
    gain = np.maximum(light / np.median(light), LEAST_GAIN)
    dark = np.clip(rate_of_darkness * darkness, 0, 1)
    return PixelMaps(gain.astype(np.float32), dark.astype(np.float32))


def _is_usual(array: np.ndarray) -> np.ndarray:
    low, high = np.percentile(array, (1, 99))
    return (low <= array) & (array <= high)
