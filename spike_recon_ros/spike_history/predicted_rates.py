# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mean firing rates over short spans, with the light inside each interval predicted.

`mean_rates` assumes that the light on a pixel is constant between two spikes. Where an edge passes
a pixel that fires every 10 planes, this blurs the edge over 10 planes of motion. But once an image
and its motion are known, they predict the light on every pixel at every time. Here the charge of
each interval is distributed over its planes in proportion to the predicted light. Errors of the
prediction cannot add up: the charge of an interval stays one spike.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import highest_bit64, popcount64
from spike_recon_ros.spike_history.history import PLANES_KEPT, SpikeHistory
from spike_recon_ros.spike_history.mean_rates import count_until, gap_after, spikes_before_word
from spike_recon_ros.spike_history.scene_path import ScenePath, light_of_row

_NEWEST = PLANES_KEPT - 1
_1 = np.uint64(1)
LEAST_MOTION_PX = 0.25
"""Displacement at a node of the path; in rows in which no pixel moves farther, the light hardly
changes and the rates are left as they are."""
LEAST_LIGHT = 1e-3
"""Smallest predicted light, in spikes per plane, so that the share of each plane is defined."""


class PredictedRates:
    """Computes the rates; keeps its working memory.

    Args:
        history: spikes of the pixels.
    """

    def __init__(self, history: SpikeHistory) -> None:
        self._history = history

    def write(
        self, image: np.ndarray, path: ScenePath, cuts: np.ndarray, rates: np.ndarray
    ) -> None:
        """Replace the mean rates over consecutive spans of planes, in the rows that move.

        Args:
            image: float32 [height, width], rates at the instant, spikes per plane.
            path: of the scene points.
            cuts: int64 [spans + 1], borders of the spans in planes after the instant, the newest
                first.
            rates: float32 [spans, height, width], spikes per plane, the newest span first.
        """
        history = self._history
        ages = history.lookahead - cuts
        left, position = path.segments((cuts[:-1] + cuts[1:]) / 2)
        lengths = np.float32(-np.diff(cuts))
        border, share = _positions(_NEWEST - ages)
        _predicted_rates(
            history.words,
            history.before,
            history.end,
            ages,
            (image, left, position, lengths, path.shift),
            border,
            share,
            rates,
        )


@njit(nogil=True, cache=True)
def _moves(shift, y):
    """Return whether a pixel of a row moves by more than LEAST_MOTION_PX."""
    least = np.float32(LEAST_MOTION_PX)
    for node in range(shift.shape[0]):
        for axis in range(shift.shape[1]):
            row, most = shift[node, axis, y], np.float32(0)
            for x in range(row.shape[0]):
                most = max(most, abs(row[x]))
            if most > least:
                return True
    return False


def _positions(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each place of a word lies between the borders of the spans.

    Args:
        places: int64 [spans + 1], descending.

    Returns: int32 [64], index of the border before a place, and float32 [64], the position
        between it (0) and the next older one (1); extrapolated outside the borders.
    """
    wanted = np.arange(PLANES_KEPT)
    border = np.clip(np.searchsorted(-places, -wanted, side='right') - 1, 0, len(places) - 2)
    share = (places[border] - wanted) / (places[border] - places[border + 1])
    return border.astype(np.int32), share.astype(np.float32)


@njit(nogil=True, cache=True, error_model='numpy')
def _predicted_rates(words, before, end, cuts, moving, border, share, out):
    image, left, position, lengths, shift = moving
    spans, height, width = out.shape
    earlier, latest = np.empty((2, width), np.int32), np.empty((2, width), np.int32)
    newer, older = np.empty(width, np.float32), np.empty(width, np.float32)
    plain = np.empty(width, np.float32)
    light = np.empty((len(left) + 1, width), np.float32)
    table = np.empty((PLANES_KEPT, width), np.float32)
    taps, index = np.empty((2, width), np.float32), np.empty((2, width), np.uint32)
    for y in range(height):
        if not _moves(shift, y):
            continue
        light_of_row(image, left, position, lengths, shift, np.float32(LEAST_LIGHT), y, light)
        _tabulate(light, border, share, table)
        spikes_before_word(before[:, y], end, earlier)
        count_until(words[y], earlier, _NEWEST - cuts[0], end, latest, plain)
        for edge in range(spans + 1):
            if edge:
                row, length = out[edge - 1, y], np.float32(cuts[edge] - cuts[edge - 1])
                for x in range(width):
                    plain[x] -= row[x] * length
            place = np.int32(_NEWEST - cuts[edge])
            mask = (np.uint64(2) << np.uint64(place)) - _1
            _ends(words[y], mask, place, index)
            _gather_two(table.reshape(-1), index, taps)
            _divide(words[y], mask, index, taps, table[place], plain, older)
            if edge:
                scale = np.float32(1) / length
                for x in range(width):
                    row[x] = (newer[x] - older[x]) * scale
            newer, older = older, newer


@njit(nogil=True, cache=True, error_model='numpy')
def _tabulate(light, border, share, table):
    """Write the light from each place of a word on to the newest border, [64, width]."""
    for place in range(table.shape[0]):
        row, here = table[place], share[place]
        newer, older = light[border[place]], light[border[place] + 1]
        for x in range(row.shape[0]):
            row[x] = newer[x] + here * (older[x] - newer[x])


# Three loops instead of one: those without table look-ups vectorise.
@njit(nogil=True, cache=True)
def _ends(word, mask, place, index):
    """Write where in the table the interval at a place begins and ends; 0 twice if it is open."""
    width, none = np.int32(word.shape[0]), np.int32(_NEWEST - place)
    first, second = index[0], index[1]
    for x in range(width):
        last, gap = highest_bit64(word[x] & mask), gap_after(word[x], place)
        complete = (last >= 0) & (gap <= none)
        first[x] = last * width + np.int32(x) if complete else 0
        second[x] = (place + gap) * width + np.int32(x) if complete else 0


@njit(nogil=True, cache=True)
def _gather_two(table, index, taps):
    for side in range(2):
        found, wanted = taps[side], index[side]
        for x in range(found.shape[0]):
            found[x] = table[np.uint64(wanted[x])]


@njit(nogil=True, cache=True, error_model='numpy')
def _divide(word, mask, index, taps, here, plain, counted):
    """Divide complete intervals in proportion to the light; copy the others from `plain`."""
    first, second, start, stop = index[0], index[1], taps[0], taps[1]
    for x in range(word.shape[0]):
        part = (start[x] - here[x]) / (start[x] - stop[x])
        spikes = np.float32(popcount64(word[x] & mask))
        counted[x] = spikes + part if first[x] != second[x] else plain[x]
