# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.representations.padding import crop, mirror_beyond, padded_size


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 16))
def test_the_padded_size_is_the_next_multiple(height, width, multiple):
    rows, columns = padded_size(height, width, multiple)
    assert rows % multiple == columns % multiple == 0
    assert 0 <= rows - height < multiple
    assert 0 <= columns - width < multiple


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 15), st.integers(0, 15))
def test_the_padding_is_the_mirror_image(height, width, rows, columns):
    inside = np.random.default_rng(0).random((2, height, width))
    array = np.full((2, height + rows, width + columns), np.nan)
    crop(array, height, width)[:] = inside
    mirror_beyond(array, height, width)
    expected = np.pad(inside, ((0, 0), (0, rows), (0, columns)), mode='reflect')
    np.testing.assert_array_equal(array, expected)


def test_a_crop_is_a_view():
    array = np.zeros((3, 8, 16), np.float32)
    assert np.shares_memory(crop(array, 5, 9), array)
