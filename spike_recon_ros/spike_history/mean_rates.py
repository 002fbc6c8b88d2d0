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
from spike_recon_ros.packets.bit_operations import highest_bit64, popcount64
from spike_recon_ros.spike_history.history import NEVER, PLANES_KEPT, SpikeHistory

_NEWEST = PLANES_KEPT - 1
_1 = np.uint64(1)


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


@njit(nogil=True, cache=True, error_model='numpy')
def _mean_rates(words, before, end, cuts, out):
    spans, height, width = out.shape
    newer, older = np.empty(width, np.float32), np.empty(width, np.float32)
    earlier, latest = np.empty((2, width), np.int32), np.empty((2, width), np.int32)
    for y in range(height):
        spikes_before_word(before[:, y], end, earlier)
        for edge in range(spans + 1):
            count_until(words[y], earlier, _NEWEST - cuts[edge], end, latest, older)
            if edge:
                image, share = out[edge - 1, y], np.float32(1 / (cuts[edge] - cuts[edge - 1]))
                for x in range(width):
                    image[x] = (newer[x] - older[x]) * share
            newer, older = older, newer


@njit(nogil=True, cache=True)
def spikes_before_word(before, end, earlier):
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
def gap_after(word, place):
    """Return the number of planes to the next spike after a plane; 64 or more if there is none."""
    later = word >> np.uint64(place) >> _1  # two shifts: one by 64 bits is undefined
    return np.int32(popcount64(~later & (later - _1))) + np.int32(1)


@njit(nogil=True, cache=True, error_model='numpy')
def count_until(word, earlier, at, end, latest, counted):
    """Write the number of spikes up to a plane, including the fraction of the next spike.

    The loop has no branches and vectorises. Pixels with too few spikes, as when a stream begins,
    are corrected in a second loop.

    Args:
        word: uint64 [width], see SpikeHistory.
        earlier: see spikes_before_word.
        at: position of the plane in the word.
        end: see SpikeHistory.
        latest: int32 [2, width], working memory.
        counted: float32 [width], result; differences between planes are counts of spikes.
    """
    place = np.int32(at)
    if _count_complete(word, earlier, place, counted):
        return
    none, mask = np.int32(_NEWEST) - place, (np.uint64(2) << np.uint64(place)) - _1
    lasts, previous, before, second = latest[0], latest[1], earlier[0], earlier[1]
    for x in range(word.shape[0]):
        seen, gap = word[x] & mask, gap_after(word[x], place)
        last = highest_bit64(seen)
        one = highest_bit64(seen & ~(_1 << np.uint64(last & _NEWEST)))
        one = one if one >= 0 else before[x] if last >= 0 else second[x]
        last = last if last >= 0 else before[x]
        unfinished = max(last - one, np.int32(PLANES_KEPT) - last)
        length = place + gap - last if gap <= none else unfinished
        part = np.float32(place - last) / np.float32(np.int32(length))
        counted[x] = np.float32(popcount64(seen)) + part
        lasts[x], previous[x] = last, one
    if _least(previous) == NEVER:
        _count_rare(word, lasts, previous, place, end, counted)


@njit(nogil=True, cache=True, error_model='numpy')
def _count_complete(word, earlier, place, counted):
    """Write the number as `count_until` does, for complete intervals only, which is faster.

    Returns: whether all intervals are complete.
    """
    none, mask = np.int32(_NEWEST) - place, (np.uint64(2) << np.uint64(place)) - _1
    before, longest, least = earlier[0], np.int32(0), np.int32(0)
    for x in range(word.shape[0]):
        seen, gap = word[x] & mask, gap_after(word[x], place)
        last = highest_bit64(seen)
        last = last if last >= 0 else before[x]
        part = np.float32(place - last) / np.float32(np.int32(place + gap - last))
        counted[x] = np.float32(popcount64(seen)) + part
        longest, least = max(longest, gap), min(least, last)
    return (longest <= none) & (least > NEVER)


@njit(nogil=True, cache=True, error_model='numpy')
def _count_rare(word, lasts, previous, place, end, counted):
    """Write the same number where no interval around or before the plane is known."""
    none = np.int32(_NEWEST - place)
    for x in range(word.shape[0]):
        gap = gap_after(word[x], place)
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
        after = gap_after(word, place + gap)
        length = after if gap + after <= none else seen
        length = max(length, place + gap - (PLANES_KEPT - seen))
        return np.float32(1) - np.float32(gap) / np.float32(length)
    return np.float32(0)
