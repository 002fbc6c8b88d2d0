# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The golden input and output that a bundle stores, and how far a backend may deviate from them.

Running the comparison is `backends/self_test.py`: this module needs no library that runs networks.
"""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.network import GOLDEN, INT8_GOLDEN, Network
from spike_recon_ros.errors import UserError

LARGEST_ARRAY_BYTES = 256 << 20
"""Limit for one array of a golden file, checked before it is decompressed."""


class Tolerance(NamedTuple):
    """Largest accepted deviation, as a share of the contrast of the golden output.

    Attributes:
        smooth: for networks in which a small difference stays small. Measured over 100 windows in
            bfloat16: up to 0.051, where the output of `spk2vid` for noise has a contrast of 0.013;
            a real image changes by 0.001 dB. A lost state deviates by 0.57 or above.
        spiking: for networks in which rounding can flip a spike. Each flipped spike is a local
            error until its neuron fires again or decays. Measured over 100 windows: up to 0.0005
            in float32 and 0.03 to 0.09 in bfloat16, neither growing with time. Real faults
            deviate more: by 0.26 or above where the state is lost.
    """

    smooth: float
    spiking: float

    def of(self, bundle: Network) -> float:
        """Return the tolerance for a bundle."""
        return self.spiking if bundle.spiking else self.smooth


FLOAT32 = Tolerance(smooth=1e-3, spiking=0.05)
FLOAT16 = Tolerance(smooth=0.01, spiking=0.12)
BFLOAT16 = Tolerance(smooth=0.08, spiking=0.12)
INT8 = Tolerance(smooth=0.1, spiking=0.12)
"""Relative to the output of the same int8 graph on the machine that quantised it. With bfloat16
around the convolutions, values near a rounding boundary fall on its other side (0.05 measured);
with float32 the outputs are equal."""


def deviation(intensity: np.ndarray, expected: np.ndarray) -> float:
    """Return the root mean square difference as a share of the contrast of `expected`.

    A network may use little of its output range, so an absolute limit would miss errors. A NaN
    anywhere makes the deviation infinite.
    """
    difference = intensity.astype(np.float64) - expected
    contrast = float(expected.std()) or 1.0
    share = float(np.sqrt(np.mean(difference**2))) / contrast
    return share if np.isfinite(share) else float('inf')


def read_golden(bundle: Network, *, int8: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the golden input and output of a bundle.

    Args:
        bundle: the bundle to read from.
        int8: return the output of the int8 graph instead of the float32 one.

    Returns: input, float32 [steps, bins, height, width], and output, float32 [steps, height,
        width] with height and width multiplied by the bundle's `output_scale`; with several
        output channels [steps, channels, height, width].

    Raises:
        UserError: a file is damaged, or its arrays do not fit the bundle.
    """
    events = _array(bundle.folder / GOLDEN, 'events')
    intensity = _array(bundle.folder / (INT8_GOLDEN if int8 else GOLDEN), 'intensity')
    steps, _, height, width = events.shape if events.ndim == 4 else (0, 0, 0, 0)
    fits = events.shape == (steps, bundle.bins, height, width)
    _, channels, rows, columns = bundle.image_shape(height, width)
    image = (rows, columns) if channels == 1 else (channels, rows, columns)
    if not steps or not fits or intensity.shape != (steps, *image):
        raise UserError(
            f'{bundle.folder / GOLDEN} holds arrays of shape {events.shape} and '
            f'{intensity.shape}, which do not fit {bundle.name} with its {bundle.bins} bins; '
            f'{FETCH_AGAIN}'
        )
    return events.astype(np.float32), intensity.astype(np.float32)


def _array(path: Path, key: str) -> np.ndarray:
    """Return one floating-point array of an .npz file."""
    try:
        with zipfile.ZipFile(path) as archive:
            nbytes = archive.getinfo(f'{key}.npy').file_size
        if nbytes > LARGEST_ARRAY_BYTES:
            raise ValueError(f'{key} declares {nbytes >> 20} MiB')
        with np.load(path, allow_pickle=False) as content:
            array = np.asarray(content[key])
        if array.dtype.kind not in 'fiu':
            raise ValueError(f'{key} holds {array.dtype} instead of numbers')
    # Of damaged, encrypted or unsupported members; NumPy evaluates the text of a header.
    except Exception as error:
        reason = ' '.join(str(error).split())[:200] or type(error).__name__
        raise UserError(f'{path} cannot be read ({reason}); {FETCH_AGAIN}') from None
    return array
