# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Voxel grid of events, the input of most networks for event cameras.

An event of polarity p = +-1 at time t has the position `(bins - 1) (t - start) / (end - start)`
and is distributed to the two nearest bins by linear interpolation (Zhu et al., "Unsupervised
Event-based Learning of Optical Flow, Depth, and Egomotion", CVPR 2019; the same in E2VID and in
EVREAL).
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.events import Events
from spike_recon_ros.prefetch import AHEAD, prefetch
from spike_recon_ros.windows.window import Window

U64 = np.uint64
NORMALISATIONS = ('none', 'nonzero')


class VoxelGrid:
    """Implements Representation.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        bins: number of channels, at least 1.
        normalisation: see `voxel_grid`.

    Raises:
        ValueError: `normalisation` is unknown.
    """

    lookahead_planes = 0

    def __init__(self, width: int, height: int, bins: int, normalisation: str) -> None:
        if normalisation not in NORMALISATIONS:
            raise ValueError(f'normalisation {normalisation!r} is none of {NORMALISATIONS}')
        self.channels = bins
        self._size = height, width
        self._normalisation = normalisation

    def write(self, window: Window[Events], out: np.ndarray) -> None:
        """See Representation."""
        voxel_grid(
            window.samples,
            window.t_start_ns,
            window.t_end_ns,
            bins=self.channels,
            height=self._size[0],
            width=self._size[1],
            normalisation=self._normalisation,
            out=out,
        )

    def reset(self) -> None:
        """Do nothing: there is no state."""


def voxel_grid(
    events: Events,
    t_start_ns: int,
    t_end_ns: int,
    *,
    bins: int,
    height: int,
    width: int,
    normalisation: str = 'none',
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return the voxel grid of the events, zeros where there are none.

    Args:
        events: events of the window, all on the sensor. Times outside of the window, which only
            damaged streams have, are clipped to it.
        t_start_ns: sensor time of the first bin.
        t_end_ns: sensor time of the last bin; if it is not later, all events go to the first bin.
        bins: number of channels, at least 1.
        height: sensor rows, pixels.
        width: sensor columns, pixels.
        normalisation: `none`, or `nonzero`: scale the non-zero entries to mean 0 and standard
            deviation 1 and leave the others zero, as in the training of E2VID. A grid whose
            non-zero entries are equal is not changed.
        out: array to write to, float32 [bins, height, width], for example a view of a padded one.

    Raises:
        ValueError: `normalisation` is unknown, or `out` has the wrong shape or type.
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f'normalisation {normalisation!r} is none of {NORMALISATIONS}')
    shape = (bins, height, width)
    if out is None:
        out = np.zeros(shape, np.float32)
    elif out.shape != shape or out.dtype != np.float32:
        raise ValueError(f'out is {out.dtype} {out.shape}; it must be float32 {shape}')
    else:
        out.fill(0.0)
    arrays = events.x, events.y, events.p, events.t_ns
    _accumulate(out, arrays, np.int64(t_start_ns), bin_rate(bins, t_start_ns, t_end_ns))
    if normalisation == 'nonzero':
        _normalise_nonzero(out)
    return out


def bin_rate(bins: int, t_start_ns: int, t_end_ns: int) -> float:
    """Return the bins per ns; 0 if the last bin is not later than the first."""
    return (bins - 1) / (t_end_ns - t_start_ns) if t_end_ns > t_start_ns else 0.0


@njit(nogil=True, cache=True)
def bin_values(t_ns, p, t_start_ns, bins_per_ns, last):
    """Return the earlier one of an event's two bins, and the values to add to each of them.

    The later bin is `min(earlier + 1, last)`. In the last bin its value is zero, so adding it
    changes nothing.

    Args:
        t_ns: time of the event.
        p: its polarity, 0 or 1.
        t_start_ns: int64, time of the first bin.
        bins_per_ns: see `bin_rate`.
        last: uint64, number of the last bin.
    """
    place = min(max((t_ns - t_start_ns) * bins_per_ns, 0.0), np.float64(last))
    # Unsigned, because a negative index would count from the end, which costs a test each.
    earlier = U64(np.int64(place))
    later_share = np.float32(place - np.float64(earlier))
    polarity = np.float32(2 * np.int32(p) - 1)
    return earlier, (np.float32(1.0) - later_share) * polarity, later_share * polarity


@njit(nogil=True, cache=True)
def _accumulate(grid, events, t_start_ns, bins_per_ns):
    xs, ys, ps, ts_ns = events
    last = U64(grid.shape[0] - 1)
    for i in range(xs.size):
        earlier, value, later_value = bin_values(ts_ns[i], ps[i], t_start_ns, bins_per_ns, last)
        later, x, y = min(earlier + U64(1), last), U64(xs[i]), U64(ys[i])
        grid[earlier, y, x] += value
        grid[later, y, x] += later_value
        # An event a little later falls into the same bins, nearly always.
        ahead = min(i + AHEAD, xs.size - 1)
        x, y = U64(xs[ahead]), U64(ys[ahead])
        prefetch(grid, (earlier, y, x))
        prefetch(grid, (later, y, x))


@njit(nogil=True, cache=True)
def _normalise_nonzero(grid):
    count, total, squares = 0, 0.0, 0.0
    for value in grid.flat:
        if value != 0.0:
            count += 1
            total += value
    if count == 0:
        return
    mean = total / count
    for value in grid.flat:
        if value != 0.0:
            squares += (value - mean) ** 2
    if squares == 0.0:
        return
    scale = 1.0 / np.sqrt(squares / count)
    bins, height, width = grid.shape
    for b in range(bins):
        for y in range(height):
            for x in range(width):
                if grid[b, y, x] != 0.0:
                    grid[b, y, x] = np.float32((grid[b, y, x] - mean) * scale)
