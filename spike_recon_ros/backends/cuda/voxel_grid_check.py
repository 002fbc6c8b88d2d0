# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compare the voxel grid of a device with that of the CPU, before it is used."""

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np

from spike_recon_ros.backends.cuda.device import Device
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.padding import crop, mirror_beyond
from spike_recon_ros.representations.voxel_grid import voxel_grid

# The events of the self-test differ at most by the order of sums in double precision.
_TOLERANCE = 1e-5


def compare_with_cpu(
    put: Callable[[Events, int, int, int], None],
    device: Device,
    shape: tuple[int, int, int],
    normalisation: str,
    sensor: tuple[int, int],
) -> None:
    """Raise UserError if the voxel grid of the device differs from that of the CPU.

    Args:
        put: `put` of a DeviceVoxelGrid.
        device: its device.
        shape: bins, rows and columns of the tensor.
        normalisation: see representations/voxel_grid.py.
        sensor: rows and columns of the sensor, see Placement.
    """
    bins, (height, width) = shape[0], sensor
    events, t_end_ns = _synthetic_events(bins, height, width)
    expected = np.zeros(shape, np.float32)
    voxel_grid(
        events,
        0,
        t_end_ns,
        bins=bins,
        height=height,
        width=width,
        normalisation=normalisation,
        out=crop(expected, height, width),
    )
    mirror_beyond(expected, height, width)
    with ExitStack() as owned:
        given = device.pinned(shape)
        owned.callback(device.free_pinned, given)
        address = device.malloc(given.nbytes)
        owned.callback(device.free, address)
        put(events, 0, t_end_ns, address)
        device.download(given, address)
        device.synchronize()
        worst = float(np.abs(given - expected).max())
    if not worst <= _TOLERANCE:  # also catches NaN
        raise UserError(
            f'the voxel grid of the GPU deviates by {worst:.2g} from that of the CPU; set '
            'voxel_grid_on:=cpu'
        )


def _synthetic_events(bins: int, height: int, width: int) -> tuple[Events, int]:
    """Return events, many per pixel, and the end of their window.

    They are in the bottom right quarter, beside the padding. Their times are multiples of a
    sixteenth of a bin, so that sums are exact in any order.
    """
    chance, count = np.random.default_rng(5), 4096
    t_end_ns = max(bins - 1, 1) << 16
    events = Events(
        (width - 1 - chance.integers(0, width, count) // 4).astype(np.uint16),
        (height - 1 - chance.integers(0, height, count) // 4).astype(np.uint16),
        chance.integers(0, 2, count).astype(np.uint8),
        np.sort(chance.integers(0, t_end_ns >> 12, count)) << 12,
        Triggers.empty(),
    )
    return events, t_end_ns
