# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether a network gives on this machine what it gave where it was exported.

Comes in: a bundle and a way to load it. Goes out: nothing, or an error. Knows nothing about the
library. Some pairs of GPU and driver return zeros without an error, and a backend that forgets
its state still makes pictures; both are found here, before the first frame.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spike_recon_ros.backends.backend import EIGHT_BITS, Backend, Placement
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError

Load = Callable[[Bundle, Placement], Backend]


class Tolerance(NamedTuple):
    """Largest accepted deviation, as a share of the contrast of the golden output.

    Attributes:
        smooth: of networks in which a small difference stays small.
        spiking: of networks in which rounding can turn a spike. Each turned spike is a local
            error of some size, for the windows until its neuron fires or forgets. Measured over
            100 windows: up to .0005 in float32 and .03 to .09 in bfloat16, neither growing with
            time. What is wrong deviates more: by .26 or above where the state is forgotten.
    """

    smooth: float
    spiking: float

    def of(self, bundle: Bundle) -> float:
        """Return the one for a bundle."""
        return self.spiking if bundle.spiking else self.smooth


FLOAT32 = Tolerance(smooth=1e-3, spiking=0.05)
FLOAT16 = Tolerance(smooth=0.01, spiking=0.12)
BFLOAT16 = Tolerance(smooth=0.05, spiking=0.12)
INT8 = Tolerance(smooth=0.1, spiking=0.12)
"""Of the output of the same graph elsewhere: where all but its convolutions computes in bfloat16,
values fall on the other side of a step of 256 (.05); in float32 the outputs are the same."""


def deviation(intensity: np.ndarray, expected: np.ndarray) -> float:
    """Return the root mean square difference as a share of the contrast of what was expected.

    A network may use little of its range, so an absolute limit would let errors through. Not a
    number, anywhere, is an infinite deviation.
    """
    difference = intensity.astype(np.float64) - expected
    contrast = float(expected.std()) or 1.0
    share = float(np.sqrt(np.mean(difference**2))) / contrast
    return share if np.isfinite(share) else float('inf')


def load_checked(load: Load, bundle: Bundle, placement: Placement) -> Backend:
    """Load a bundle, compare it with its golden output, warm it up; its state is zero.

    The golden input is small, so a copy of its size is run for it and closed again. What is
    returned has then worked through two windows of its own size. It is loaded first, so that what
    is missing for it is said before anything else.

    Raises:
        UserError: the output differs.
    """
    events, expected = bundle.golden()
    backend = load(bundle, placement)
    try:
        if backend.precision == EIGHT_BITS:
            events, expected = bundle.golden(int8=True)
        # Where the precision was left open, it is now that of what was loaded.
        chosen = replace(placement.acceleration, precision=backend.precision)
        _compare(load, bundle, replace(placement, acceleration=chosen), events, expected)
        _warm_up(backend, events, placement)
    except UserError:
        backend.close()
        raise
    return backend


def _compare(
    load: Load, bundle: Bundle, placement: Placement, events: np.ndarray, expected: np.ndarray
) -> None:
    """Run the golden input, all its steps, in a copy of its size."""
    height, width = events.shape[2:]
    small = load(bundle, replace(placement, height=height, width=width))
    try:
        intensity = np.stack([small.step(window) for window in events])
    finally:
        small.close()
    worst = deviation(intensity, expected)
    if worst > small.tolerance:
        raise UserError(
            f'{bundle.name} does not give its golden output with {small.name}: it is off by '
            f'{worst:.2g} of the contrast and {small.tolerance:.2g} is allowed; '
            'try another backend (backend:=onnxruntime), or export the bundle again'
        )


def _warm_up(backend: Backend, events: np.ndarray, placement: Placement) -> None:
    """Run two windows of the real size, and zero the state afterwards."""
    tiles = (1, -(-placement.height // events.shape[2]), -(-placement.width // events.shape[3]))
    for window in events[:2]:
        tiled = np.tile(window, tiles)[:, : placement.height, : placement.width]
        intensity = backend.step(np.ascontiguousarray(tiled))
        if not np.isfinite(intensity).all() or np.ptp(intensity) == 0.0:
            raise UserError(
                f'{backend.name} gives an empty image at {placement.width}x{placement.height}; '
                'try another backend (backend:=onnxruntime) or device:=cpu'
            )
    backend.reset()
