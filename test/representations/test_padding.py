# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.representations.padding import crop, pad, padded_size


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 16),
    st.sampled_from(('reflect', 'zero')),
)
def test_padding_reaches_the_next_multiple_and_crops_back(height, width, multiple, padding):
    array = np.arange(2 * height * width, dtype=np.float32).reshape(2, height, width)
    padded = pad(array, multiple, padding)
    assert padded.shape[1:] == padded_size(height, width, multiple)
    assert padded.shape[1] % multiple == padded.shape[2] % multiple == 0
    assert padded.shape[1] - height < multiple
    assert padded.shape[2] - width < multiple
    np.testing.assert_array_equal(crop(padded, height, width), array)


def test_reflection_leaves_the_last_row_and_column_single():
    padded = pad(np.array([[1, 2, 3], [4, 5, 6]]), 4)
    np.testing.assert_array_equal(padded, [[1, 2, 3, 2], [4, 5, 6, 5], [1, 2, 3, 2], [4, 5, 6, 5]])


def test_zero_padding_adds_zeros():
    np.testing.assert_array_equal(pad(np.ones((1, 1)), 2, 'zero'), [[1, 0], [0, 0]])


def test_what_fits_is_not_copied_and_a_crop_is_a_view():
    array = np.zeros((3, 8, 16), np.float32)
    assert pad(array, 8) is array
    assert np.shares_memory(crop(array, 5, 9), array)


def test_an_unknown_padding_is_refused():
    with pytest.raises(ValueError, match='mirror'):
        pad(np.zeros((8, 8)), 8, 'mirror')
