# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Search in the times of samples, over more of them than are tested together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.windows.sample_buffer import first_at_or_after, first_large_step

STEPS = st.lists(st.integers(-3, 5), max_size=30)
REPEATS = st.integers(1, 30)
LARGEST = 8


def _first(conditions):
    found = np.flatnonzero(conditions)
    return int(found[0]) if len(found) else len(conditions)


@given(STEPS, REPEATS, st.integers(-10, 2000))
def test_the_first_sample_at_or_after_a_moment_is_found(steps, repeats, moment_ns):
    t_ns = np.cumsum(np.array(steps * repeats, np.int64))
    assert first_at_or_after(t_ns, moment_ns) == _first(t_ns >= moment_ns)


@given(STEPS, REPEATS, st.integers(-10, 10), st.integers(0, 899), st.sampled_from([-9, 9]))
def test_the_first_large_step_is_found(steps, repeats, previous_ns, place, jump_ns):
    t_ns = np.cumsum(np.array(steps * repeats, np.int64))
    t_ns[place:] += jump_ns
    expected = _first(np.abs(np.diff(t_ns, prepend=previous_ns)) > LARGEST)
    assert first_large_step(t_ns, previous_ns, LARGEST) == expected
