# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bit operations of the kernels."""

import numpy as np
import pytest

from spike_recon_ros.jit import njit
from spike_recon_ros.packets.bit_operations import copy_pair, highest_bit64, popcount64


@pytest.mark.parametrize('place', [0, 1, 31, 32, 62, 63])
def test_the_highest_bit_is_found_above_any_others(place):
    alone = 1 << place
    assert highest_bit64(np.uint64(alone)) == place
    assert highest_bit64(np.uint64(alone | (alone - 1))) == place


def test_an_empty_word_has_no_highest_bit():
    assert highest_bit64(np.uint64(0)) == -1


@pytest.mark.parametrize('word', [0, 1, 0xFF00FF00, 1 << 63, 2**64 - 1, 0x8000000180000001])
def test_set_bits_are_counted(word):
    assert popcount64(np.uint64(word)) == word.bit_count()


@njit()
def copied(source, index, target, at):
    copy_pair(source, np.uint64(index), target, np.uint64(at))


def test_two_adjacent_values_are_copied():
    source, target = np.arange(6, dtype=np.float32), np.zeros(5, np.float32)
    copied(source, 3, target, 1)
    np.testing.assert_array_equal(target, [0, 3, 4, 0, 0])
