# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compare a network's output on this machine with the golden output of its bundle.

Some pairs of GPU and driver return zeros without an error, and a backend that loses its state
still returns images. The self-test finds both before the first frame.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spike_recon_ros.backends.backend import EIGHT_BITS, Backend, Placement
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError

Load = Callable[[Network, Placement], Backend]


def load_checked(load: Load, bundle: Network, placement: Placement) -> Backend:
    """Load a bundle, compare it with its golden output and warm it up; return it, state zero.

    The golden input is small: a second copy of the network is loaded at that size, compared, and
    closed. The returned backend is loaded first, so that errors about it come first, and has run
    two windows of its own size.

    Raises:
        UserError: the bundle cannot be loaded, or its output differs from the golden output.
    """
    events, expected = read_golden(bundle)
    backend = load(bundle, placement)
    try:
        if backend.precision == EIGHT_BITS:
            events, expected = read_golden(bundle, int8=True)
        # With precision `auto`, the copy must use the precision that was chosen.
        chosen = replace(placement.acceleration, precision=backend.precision)
        _compare(load, bundle, replace(placement, acceleration=chosen), events, expected)
        _warm_up(backend, events, placement)
    except UserError:
        backend.close()
        raise
    return backend


def _compare(
    load: Load, bundle: Network, placement: Placement, events: np.ndarray, expected: np.ndarray
) -> None:
    """Run all steps of the golden input in a copy of the network loaded at its size."""
    height, width = events.shape[2:]
    small = load(bundle, replace(placement, height=height, width=width, sensor=None))
    try:
        intensity = np.stack([_image(small, window) for window in events])
    finally:
        small.close()
    if intensity.shape != expected.shape:
        raise UserError(
            f'{bundle.name} gives images {intensity.shape[1:]} with {small.name}, not '
            f'{expected.shape[1:]}; {FETCH_AGAIN}'
        )
    worst = deviation(intensity, expected)
    if worst > small.tolerance:
        raise UserError(
            f'{bundle.name} does not give its golden output with {small.name}: it deviates by '
            f'{worst:.2g} of the contrast and {small.tolerance:.2g} is allowed; '
            'try another backend (backend:=onnxruntime), or export the bundle again'
        )


def _image(backend: Backend, window: np.ndarray) -> np.ndarray:
    """Run one step; report a failure inside the library as a UserError."""
    try:
        return backend.step(window)
    except UserError:
        raise
    except Exception as error:  # each library has exceptions of its own
        reason = ' '.join(str(error).split())[-200:] or type(error).__name__
        raise UserError(
            f'{backend.name} cannot run the network ({reason}); {FETCH_AGAIN}'
        ) from None


def _warm_up(backend: Backend, events: np.ndarray, placement: Placement) -> None:
    """Run two windows of the real size, then zero the state."""
    tiles = (1, -(-placement.height // events.shape[2]), -(-placement.width // events.shape[3]))
    for window in events[:2]:
        tiled = np.tile(window, tiles)[:, : placement.height, : placement.width]
        intensity = _image(backend, np.ascontiguousarray(tiled))
        if not np.isfinite(intensity).all() or np.ptp(intensity) == 0.0:
            raise UserError(
                f'{backend.name} gives an empty image at {placement.width}x{placement.height}; '
                'try another backend (backend:=onnxruntime) or device:=cpu'
            )
    backend.reset()
