# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Firing rates from the intervals between spikes around an instant.

An interval of order k spans k spikes, so k divided by its length is a rate. A higher order reduces
the error of rounding to whole planes, and increases motion blur.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.spike_history.history import NEVER, SpikeHistory

RATES = (
    'second order', 'first order', 'third order',
    'first order before', 'third order before', 'first order after',
)  # fmt: skip
"""The rates that `interval_rates` writes, in this order: around the instant, then on one side."""


def interval_rates(history: SpikeHistory, out: np.ndarray) -> None:
    """Write the rates at the instant, in spikes per plane.

    Args:
        history: spikes of the pixels.
        out: float32 [6, height, width], see RATES.
    """
    after = history.after()
    second_order_rates(history.before, after, history.end, out[0])
    _other_rates(history.before, after, history.end, out)


# error_model: without the check for a division by zero, which cannot occur, the loop vectorises.
@njit(nogil=True, cache=True, error_model='numpy')
def second_order_rates(before, after, end, out):
    """Write the mean of 2/(second after - last before) and 2/(first after - second last before).

    If one of the two outer spikes is missing, only the other interval is used. If both are
    missing, an interval of first order is used. If there is no spike after the instant, the
    current interval has not ended: its length so far is used, or the length of the previous
    interval if that is longer. A single spike in n planes gives the rate 1/n.

    Args:
        before: as in SpikeHistory.
        after: return value of SpikeHistory.after().
        end: see SpikeHistory.
        out: float32 [height, width].
    """
    one = np.float32(1.0)
    height, width = out.shape
    for y in range(height):
        latest, earlier, image = before[0, y], before[1, y], out[y]
        next_one, next_but_one = after[0, y], after[1, y]
        for x in range(width):
            last, previous, first, second = latest[x], earlier[x], next_one[x], next_but_one[x]
            left = one / np.float32(np.int32(first - previous))
            right = one / np.float32(np.int32(second - last))
            # First order: used where a stream has just begun, or ends.
            across = one / np.float32(np.int32(first - last))
            later = one / np.float32(np.int32(max(second, first + 1) - first))
            single = across if last != NEVER else later if second != end else one / np.float32(end)
            two_sided = left + right
            one_sided = single if previous == NEVER else left + left
            late = single if last == NEVER else right + right if previous == NEVER else two_sided
            open_length = end - last
            if previous != NEVER:
                open_length = max(open_length, last - previous)
            unfinished = one / np.float32(np.int32(open_length))
            image[x] = unfinished if first == end else one_sided if second == end else late


@njit(nogil=True, cache=True)
def _rate(order, first, last, likely):
    """Return the rate of an interval, or `likely` if the interval has not begun."""
    return np.float32(order) / np.float32(last - first) if first != NEVER else likely


@njit(nogil=True, cache=True)
def _other_rates(before, after, end, out):
    _, height, width = out.shape
    for y in range(height):
        for x in range(width):
            last, previous = before[0, y, x], before[1, y, x]
            first, second = after[0, y, x], after[1, y, x]
            # An interval that has not ended is no measurement; use the second-order rate.
            likely = out[0, y, x]
            out[1, y, x] = _rate(1, last, first, likely) if first < end else likely
            out[2, y, x] = _rate(3, previous, second, likely) if second < end else likely
            out[3, y, x] = _rate(1, previous, last, likely)
            out[4, y, x] = _rate(3, before[3, y, x], last, likely)
            out[5, y, x] = _rate(1, first, second, likely) if second < end else likely
