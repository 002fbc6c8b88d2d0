# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sensor time that goes back."""

import numpy as np

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.continuity import (
    BACKWARDS_TOLERANCE_NS,
    first_step_back,
    split_at,
)

MS = 1_000_000


def _step_back(t_ns, last=0):
    return first_step_back(np.array(t_ns, np.int64), last)


def test_a_continuous_stream_has_no_step_back():
    assert _step_back([0, 5, 5, 10**12]) == 4


def test_a_step_back_within_the_tolerance_is_damage_and_no_restart():
    assert _step_back([BACKWARDS_TOLERANCE_NS, 0]) == 2


def test_a_step_back_beyond_the_tolerance_is_found():
    assert _step_back([BACKWARDS_TOLERANCE_NS + 1, 0, 0]) == 1


def test_the_last_packet_s_time_counts():
    assert _step_back([0, 1], last=BACKWARDS_TOLERANCE_NS + 1) == 0


def test_trigger_edges_before_a_restart_stay_with_the_events_before_it():
    t_ns = np.array([1000 * MS, 1010 * MS, 0, 10 * MS], np.int64)
    edges = np.array([1005 * MS, 3 * MS, 6 * MS], np.int64)
    pixels, polarity = np.zeros(4, np.uint16), np.zeros(4, np.uint8)
    triggers = Triggers(edges, np.ones(3, np.uint8), np.zeros(3, np.uint8))
    before, after = split_at(Events(pixels, pixels, polarity, t_ns, triggers), 2)
    assert before.t_ns.tolist() == [1000 * MS, 1010 * MS]
    assert before.triggers.t_ns.tolist() == [1005 * MS]
    assert after.t_ns.tolist() == [0, 10 * MS]
    assert after.triggers.t_ns.tolist() == [3 * MS, 6 * MS]
