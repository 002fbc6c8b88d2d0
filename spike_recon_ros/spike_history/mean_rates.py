# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Mean firing rates over short spans of planes, with a finer resolution than counting spikes.

Three planes contain zero to three spikes, so counting them gives a coarse rate. But a pixel that
fired at planes 2 and 6 collected a quarter of a spike in every plane between them: the rate is
constant within each interval (texture from intervals, Zhu et al., "A Retina-Inspired Sampling
Method for Visual Texture Reconstruction", ICME 2019), and its mean over a span follows from where
the span begins and ends within its intervals.
"""

import numpy as np

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import popcount64
from spike_recon_ros.spike_history.history import NEVER, PLANES_KEPT, SpikeHistory

_NEWEST = PLANES_KEPT - 1
_1 = np.uint64(1)
_MANTISSA, _BIAS = 52, 1023
"""Mantissa bits and exponent bias of float64."""


def mean_rates(history: SpikeHistory, cuts: np.ndarray, out: np.ndarray) -> None:
    """Write the mean rates over consecutive spans of planes.

    The length of the unfinished interval is its length so far, but at least the length of the
    interval before it; the interval that began before the first plane is treated in the same way.

    Args:
        history: spikes of the pixels.
        cuts: borders of the spans in planes before the newest one, ascending, within 0 to 63:
            int64 [spans + 1].
        out: float32 [spans, height, width], spikes per plane, the newest span first.
    """
    _mean_rates(history.words, history.before, history.end, cuts, out)


@njit(nogil=True, cache=True)
def _take_highest(left, exact, places):
    """Clear the highest bit of each word and write its position; negative if no bit is set.

    Args:
        left: uint64 [width], the words.
        exact: float64 [width], working memory.
        places: int32 [width], result.
    """
    for x in range(left.shape[0]):
        # Clear the bit below the highest, so that rounding cannot reach the next power of 2.
        exact[x] = np.float64(left[x] & ~(left[x] >> _1))
    bits = exact.view(np.int64)
    for x in range(left.shape[0]):
        places[x] = np.int32((bits[x] >> _MANTISSA) - _BIAS)
        if left[x]:
            left[x] ^= _1 << np.uint64(places[x])


@njit(nogil=True, cache=True, error_model='numpy')
def _mean_rates(words, before, end, cuts, out):
    spans, height, width = out.shape
    left, exact = np.empty(width, np.uint64), np.empty(width, np.float64)
    last, previous = np.empty(width, np.int32), np.empty(width, np.int32)
    newer, older = np.empty(width, np.float32), np.empty(width, np.float32)
    for y in range(height):
        for edge in range(spans + 1):
            place = np.int32(_NEWEST - cuts[edge])
            mask = (np.uint64(2) << np.uint64(place)) - _1
            for x in range(width):
                left[x] = words[y, x] & mask
            _take_highest(left, exact, last)
            _take_highest(left, exact, previous)
            _count(words[y], mask, last, previous, place, older)
            _count_rare(words[y], before[:, y], last, previous, place, end, older)
            if edge:
                image, share = out[edge - 1, y], np.float32(1 / (cuts[edge] - cuts[edge - 1]))
                for x in range(width):
                    image[x] = (newer[x] - older[x]) * share
            newer, older = older, newer


@njit(nogil=True, cache=True)
def _gap(word, place):
    """Return the number of planes to the next spike after a plane; 64 or more if there is none."""
    later = word >> np.uint64(place) >> _1  # two shifts: one by 64 bits is undefined
    return np.int32(popcount64(~later & (later - _1))) + np.int32(1)


@njit(nogil=True, cache=True, error_model='numpy')
def _count(word, mask, lasts, previous, place, counted):
    """Write the number of spikes up to a plane, including the fraction of the next spike.

    This is correct if the word contains a spike before and one after the plane, or two before. The
    loop has no branches and vectorises.
    """
    none = np.int32(_NEWEST - place)
    for x in range(word.shape[0]):
        last, gap = lasts[x], _gap(word[x], place)
        unfinished = max(last - previous[x], np.int32(PLANES_KEPT) - last)
        length = place + gap - last if gap <= none else unfinished
        part = np.float32(place - last) / np.float32(np.int32(length))
        counted[x] = np.float32(popcount64(word[x] & mask)) + part


@njit(nogil=True, cache=True, error_model='numpy')
def _count_rare(word, before, lasts, previous, place, end, counted):
    """Write the same number for pixels whose word does not contain those spikes.

    Args:
        word: uint64 [width], see SpikeHistory.
        before: int32 [ORDERS + 1, width], see SpikeHistory.
        lasts: position of the last spike up to the plane; negative if there is none.
        previous: position of the spike before it.
        place: position of the plane.
        end: see SpikeHistory.
        counted: float32 [width], result; differences between planes are counts of spikes.
    """
    start = np.int32(end - PLANES_KEPT)  # number of the plane at place 0
    seen = np.int32(min(end, PLANES_KEPT))
    none = np.int32(_NEWEST - place)
    for x in range(word.shape[0]):
        if previous[x] >= 0:
            continue
        last, gap = lasts[x], _gap(word[x], place)
        if last >= 0 and gap <= none:
            continue
        number = np.float32(last >= 0)  # the only spike in the word
        if last < 0:
            last = _latest(before, x, start, place + 1)
        if last != NEVER:
            length = place + gap - last
            if gap > none:  # the interval has not ended
                earlier = _latest(before, x, start, last)
                length = last - earlier if earlier != NEVER else seen
                length = max(length, PLANES_KEPT - last)
            counted[x] = number + np.float32(place - last) / np.float32(length)
        elif gap <= none:
            after = _gap(word[x], place + gap)
            length = after if gap + after <= none else seen
            length = max(length, place + gap - (PLANES_KEPT - seen))
            counted[x] = np.float32(1) - np.float32(gap) / np.float32(length)
        else:
            counted[x] = 0.0


@njit(nogil=True, cache=True)
def _latest(before, x, start, below):
    """Return the position of the latest stored spike below a position, or NEVER."""
    for order in range(before.shape[0]):
        if before[order, x] == NEVER:
            break
        if before[order, x] - start < below:
            return before[order, x] - start
    return np.int32(NEVER)
