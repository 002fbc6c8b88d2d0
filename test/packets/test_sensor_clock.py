# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.packets.sensor_clock import (
    AVERAGED_PACKETS,
    REMEMBERED_PACKETS,
    SensorClock,
)

MS = 1_000_000
HOST_NS = 1_744_227_144_732_712_345


def observed(offsets_ns, period_ns=MS):
    """A clock that observed a packet per period, with the given offsets."""
    clock = SensorClock()
    for i, offset_ns in enumerate(offsets_ns):
        clock.observe(i * period_ns, i * period_ns + offset_ns)
    return clock


def test_constant_offset_is_exact_to_the_nanosecond():
    clock = observed([HOST_NS] * 3000)
    assert clock.to_host_ns(2_999 * MS) == HOST_NS + 2_999 * MS
    assert clock.to_sensor_ns(HOST_NS + 17) == 17


def test_unknown_stamps_mean_no_offset():
    clock = SensorClock()
    clock.observe(5, 0)
    assert clock.to_host_ns(7) == 7
    assert clock.to_sensor_ns(7) == 7


def test_jitter_of_arrival_is_averaged_away():
    jitter_ns = np.random.default_rng(0).integers(0, MS, 5000)
    clock = observed(HOST_NS + jitter_ns)
    # Mean of the last thousand or so: a thirtieth of the jitter's spread remains.
    assert clock.to_host_ns(4999 * MS) - 4999 * MS - HOST_NS == pytest.approx(MS / 2, abs=50_000)


def test_drift_is_followed():
    drift_ns = 50 * np.arange(20_000)  # 50 ns a millisecond: 50 ppm
    clock = observed(HOST_NS + drift_ns)
    behind_ns = HOST_NS + int(drift_ns[-1]) - (clock.to_host_ns(19_999 * MS) - 19_999 * MS)
    assert behind_ns == pytest.approx(50 * AVERAGED_PACKETS, rel=0.01)


def test_late_and_early_queries_give_the_same_answer():
    clock, answers = SensorClock(), {}
    jitter_ns = np.random.default_rng(1).integers(0, 3 * MS, 500)
    for i, jitter in enumerate(jitter_ns):
        clock.observe(4 * i * MS, HOST_NS + 4 * i * MS + int(jitter))
        stamp_ns = HOST_NS + 4 * i * MS - MS
        if clock.covers(stamp_ns):
            answers[stamp_ns] = clock.to_sensor_ns(stamp_ns)
    assert len(answers) == 500
    assert answers == {stamp_ns: clock.to_sensor_ns(stamp_ns) for stamp_ns in answers}
    assert len({stamp_ns - t_ns for stamp_ns, t_ns in answers.items()}) > 400


def test_moment_beyond_the_last_packet_is_not_covered():
    clock = observed([HOST_NS])
    assert clock.covers(HOST_NS - 1)
    assert not clock.covers(HOST_NS)
    assert not SensorClock().covers(0)


def test_parts_of_a_packet_do_not_change_the_offset():
    whole, cut = SensorClock(), SensorClock()
    for i in range(50):
        t_ns, stamp_ns = i * MS, HOST_NS + i * MS + (i * 7919) % MS
        whole.observe(t_ns, stamp_ns)
        for part_ns in (0, MS // 3, MS // 2):
            cut.observe(t_ns + part_ns, stamp_ns)
    assert [whole.to_host_ns(i * MS) for i in range(60)] == [
        cut.to_host_ns(i * MS) for i in range(60)
    ]


def test_memory_is_bounded():
    clock = observed([HOST_NS] * (5 * REMEMBERED_PACKETS))
    assert len(clock._stamps_ns) < 2 * REMEMBERED_PACKETS
    assert clock.to_sensor_ns(HOST_NS) == 0


def test_a_step_of_the_host_clock_restarts_the_average():
    clock = observed([HOST_NS] * 100 + [HOST_NS - 3600 * 10**9] * 2)
    assert clock.to_host_ns(101 * MS) == HOST_NS - 3600 * 10**9 + 101 * MS
