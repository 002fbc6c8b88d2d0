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
    earlier = np.empty((2, width), np.int32)
    for y in range(height):
        _before_word(before[:, y], end, earlier)
        for edge in range(spans + 1):
            place = np.int32(_NEWEST - cuts[edge])
            mask = (np.uint64(2) << np.uint64(place)) - _1
            for x in range(width):
                left[x] = words[y, x] & mask
            _take_highest(left, exact, last)
            _take_highest(left, exact, previous)
            _count(words[y], mask, last, previous, earlier, place, older)
            _count_rare(words[y], last, previous, place, end, older)
            if edge:
                image, share = out[edge - 1, y], np.float32(1 / (cuts[edge] - cuts[edge - 1]))
                for x in range(width):
                    image[x] = (newer[x] - older[x]) * share
            newer, older = older, newer


@njit(nogil=True, cache=True)
def _before_word(before, end, earlier):
    """Write the positions of the last two spikes before the word; NEVER if there is none.

    Args:
        before: int32 [ORDERS + 1, width], see SpikeHistory.
        end: see SpikeHistory.
        earlier: int32 [2, width], result, negative.
    """
    start, never = np.int32(end - PLANES_KEPT), np.int32(NEVER)  # number of the plane at place 0
    latest, second = earlier[0], earlier[1]
    latest[:], second[:] = never, never
    for order in range(before.shape[0] - 1, -1, -1):
        spikes = before[order]
        for x in range(spikes.shape[0]):
            place = spikes[x] - start if spikes[x] != never else never
            second[x] = latest[x] if place < 0 else second[x]
            latest[x] = place if place < 0 else latest[x]


@njit(nogil=True, cache=True)
def _gap(word, place):
    """Return the number of planes to the next spike after a plane; 64 or more if there is none."""
    later = word >> np.uint64(place) >> _1  # two shifts: one by 64 bits is undefined
    return np.int32(popcount64(~later & (later - _1))) + np.int32(1)


@njit(nogil=True, cache=True, error_model='numpy')
def _count(word, mask, lasts, previous, earlier, place, counted):
    """Write the number of spikes up to a plane, including the fraction of the next spike.

    Where the word does not contain the last two spikes up to the plane, `lasts` and `previous`
    are replaced by those before the word; NEVER if there is none. The result is correct if there
    is a spike before and one after the plane, or two before. The loop has no branches and
    vectorises.
    """
    none = np.int32(_NEWEST - place)
    latest, second = earlier[0], earlier[1]
    for x in range(word.shape[0]):
        last, gap = lasts[x], _gap(word[x], place)
        one = previous[x] if previous[x] >= 0 else latest[x]
        one = one if last >= 0 else second[x]
        last = last if last >= 0 else latest[x]
        unfinished = max(last - one, np.int32(PLANES_KEPT) - last)
        length = place + gap - last if gap <= none else unfinished
        part = np.float32(place - last) / np.float32(np.int32(length))
        counted[x] = np.float32(popcount64(word[x] & mask)) + part
        lasts[x], previous[x] = last, one


@njit(nogil=True, cache=True, error_model='numpy')
def _count_rare(word, lasts, previous, place, end, counted):
    """Write the same number where too few spikes have been seen, as when a stream begins.

    Args:
        word: uint64 [width], see SpikeHistory.
        lasts: position of the last spike up to the plane, or NEVER.
        previous: position of the spike before it, or NEVER.
        place: position of the plane.
        end: see SpikeHistory.
        counted: float32 [width], result; differences between planes are counts of spikes.
    """
    none = np.int32(_NEWEST - place)
    if _least(previous) > NEVER:
        return
    for x in range(word.shape[0]):
        gap = _gap(word[x], place)
        if previous[x] == NEVER and (lasts[x] == NEVER or gap > none):
            counted[x] = _rare_count(word[x], lasts[x], place, gap, end)


@njit(nogil=True, cache=True)
def _least(values):
    least = values[0]
    for x in range(values.shape[0]):
        least = min(least, values[x])
    return least


@njit(nogil=True, cache=True, error_model='numpy')
def _rare_count(word, last, place, gap, end):
    seen = np.int32(min(end, PLANES_KEPT))
    none = np.int32(_NEWEST - place)
    if last != NEVER:  # the interval has not ended
        length = max(seen, PLANES_KEPT - last)
        return np.float32(last >= 0) + np.float32(place - last) / np.float32(length)
    if gap <= none:
        after = _gap(word, place + gap)
        length = after if gap + after <= none else seen
        length = max(length, place + gap - (PLANES_KEPT - seen))
        return np.float32(1) - np.float32(gap) / np.float32(length)
    return np.float32(0)
