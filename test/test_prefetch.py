# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Prefetching reaches the machine code, and changes no result."""

import platform

import numpy as np
import pytest

from spike_recon_ros.jit import njit
from spike_recon_ros.prefetch import AHEAD, prefetch

U64 = np.uint64


@njit(nogil=True)
def _sum_of(image, xs, ys):
    total = 0
    for i in range(xs.size):
        ahead = min(i + AHEAD, xs.size - 1)
        prefetch(image, (U64(ys[ahead]), U64(xs[ahead])))
        total += image[ys[i], xs[i]]
    return total


@pytest.mark.parametrize('count', [0, 1, AHEAD, 3 * AHEAD])
def test_elements_of_a_strided_view_are_read_as_without_prefetching(count):
    image = np.arange(40 * 50).reshape(40, 50)[::2, 1::3]
    generator = np.random.default_rng(0)
    ys, xs = (generator.integers(0, side, count).astype(np.uint16) for side in image.shape)
    assert _sum_of(image, xs, ys) == image[ys, xs].sum()


@pytest.mark.skipif(platform.machine() not in ('x86_64', 'AMD64'), reason='names instructions')
def test_the_compiled_loop_prefetches():
    image, place = np.zeros((4, 4), np.int64), np.zeros(1, np.uint16)
    _sum_of(image, place, place)
    assert all('prefetch' in code for code in _sum_of.inspect_asm().values())
