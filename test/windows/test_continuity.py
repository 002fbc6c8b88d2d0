# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Jumps of sensor time."""

import numpy as np

from spike_recon_ros.windows.continuity import BACKWARDS_TOLERANCE_NS, first_jump

GAP = 10**9


def _jump(t_ns, start=0, last=0):
    return first_jump(np.array(t_ns, np.int64), start, last, GAP)


def test_a_continuous_stream_has_no_jump():
    assert _jump([0, 5, 5, 10**8]) == 4


def test_a_step_back_within_the_tolerance_is_no_jump():
    assert _jump([BACKWARDS_TOLERANCE_NS, 0]) == 2


def test_a_step_back_beyond_the_tolerance_is_a_jump():
    assert _jump([BACKWARDS_TOLERANCE_NS + 1, 0]) == 1


def test_a_silence_longer_than_the_gap_is_a_jump():
    assert _jump([0, GAP + 1]) == 1
    assert _jump([0, GAP]) == 2


def test_the_last_packet_s_time_counts():
    assert _jump([0, 1], last=BACKWARDS_TOLERANCE_NS + 1) == 0
