# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Voxel grid in blocks of 2x2 pixels, the layout that the first layer of our networks makes of it.

These networks begin with a pixel-unshuffle, and CPU libraries compute with the channels last. With
the voxel grid in this layout, both conversions are saved: 4 ms per step at 1280x720.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.prefetch import AHEAD, prefetch
from spike_recon_ros.representations.padding import mirrored_index
from spike_recon_ros.representations.voxel_grid import bin_rate, bin_values

U64 = np.uint64
SIDE = 2
"""Rows and columns of a block."""


def blocks_shape(bins: int, height: int, width: int) -> tuple[int, int, int]:
    """Return the shape of a tensor in blocks: rows and columns of blocks, channels.

    Channel `4 bin + 2 (y % 2) + x % 2` holds a bin of the pixel (y, x).
    """
    return height // SIDE, width // SIDE, SIDE * SIDE * bins


def write_blocks(
    events: Events, t_start_ns: int, t_end_ns: int, size: tuple[int, int], out: np.ndarray
) -> None:
    """Write the values of `voxel_grid` in blocks, with the mirror image beyond the sensor.

    Args:
        events: events of the window, all on the sensor.
        t_start_ns: sensor time of the first bin.
        t_end_ns: sensor time of the last bin.
        size: rows and columns of the sensor.
        out: float32 in `blocks_shape`.
    """
    bins = out.shape[2] // (SIDE * SIDE)
    out.fill(0.0)
    arrays = events.x, events.y, events.p, events.t_ns
    _accumulate(out, arrays, np.int64(t_start_ns), bin_rate(bins, t_start_ns, t_end_ns))
    _mirror(out, *size)


def tensor_to_blocks(tensor: np.ndarray, out: np.ndarray) -> None:
    """Write a tensor [bins, rows, columns] in blocks."""
    _rearrange(tensor, out)


def _mirror(blocks: np.ndarray, height: int, width: int) -> None:
    """Fill the padding of blocks as `padding.mirror_beyond` does."""
    rows, columns, channels = blocks.shape
    pixels = blocks.reshape(rows, columns, channels // SIDE**2, SIDE, SIDE)
    for y, source in enumerate(mirrored_index(height, SIDE * rows), height):
        pixels[y // SIDE, :, :, y % SIDE] = pixels[source // SIDE, :, :, source % SIDE]
    for x, source in enumerate(mirrored_index(width, SIDE * columns), width):
        pixels[:, x // SIDE, ..., x % SIDE] = pixels[:, source // SIDE, ..., source % SIDE]


@njit(nogil=True, cache=True)
def _place(x, y):
    """Return the row and column of the block of a pixel, and the number of the pixel in it."""
    x, y = U64(x), U64(y)
    return y >> U64(1), x >> U64(1), (y & U64(1)) << U64(1) | x & U64(1)


@njit(nogil=True, cache=True)
def _accumulate(blocks, events, t_start_ns, bins_per_ns):
    """Add events as `voxel_grid._accumulate` does, in the same order."""
    xs, ys, ps, ts_ns = events
    last = U64(blocks.shape[2] // 4 - 1)
    for i in range(xs.size):
        earlier, value, later_value = bin_values(ts_ns[i], ps[i], t_start_ns, bins_per_ns, last)
        later = min(earlier + U64(1), last)
        row, column, pixel = _place(xs[i], ys[i])
        blocks[row, column, earlier << U64(2) | pixel] += value
        blocks[row, column, later << U64(2) | pixel] += later_value
        # An event a little later falls into the same bins, nearly always.
        ahead = min(i + AHEAD, xs.size - 1)
        row, column, pixel = _place(xs[ahead], ys[ahead])
        prefetch(blocks, (row, column, earlier << U64(2)))
        prefetch(blocks, (row, column, later << U64(2)))  # may be in the next cache line


@njit(nogil=True, cache=True)
def _rearrange(tensor, blocks):
    bins, height, width = tensor.shape
    for y in range(height):
        for b in range(bins):
            channel = 4 * b + 2 * (y % 2)
            for x in range(width):
                blocks[y // 2, x // 2, channel + x % 2] = tensor[b, y, x]
