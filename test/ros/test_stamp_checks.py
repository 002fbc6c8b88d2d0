# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the stamps of the packets, with a clock of our own."""

from types import SimpleNamespace

import pytest

from spike_recon_ros.nodes import stamp_checks
from spike_recon_ros.nodes.stamp_checks import StampChecks
from spike_recon_ros.settings import Settings

COUNTS = {'received_packets': 0}
LOOPED = 'resets: time went backwards'
NS = 10**9
EPOCH_NS = 1_700_000_000 * NS


def node(sim_time=None, clocks=0):
    clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=sim_time))
    return SimpleNamespace(
        get_clock=lambda: clock,
        get_parameter=lambda _: SimpleNamespace(value=sim_time is not None),
        resolve_topic_name=lambda name: name,
        count_publishers=lambda topic: clocks,
    )


def inputs(stamp_ns=None, delay=None):
    subscription = SimpleNamespace(topic_name='/event_camera/events')
    return SimpleNamespace(
        subscriptions=[subscription], packet_stamp_ns=stamp_ns, packet_delay=delay
    )


@pytest.mark.parametrize(
    ('sim_time', 'stamp_ns', 'words'),
    [
        (None, None, None),
        (None, 1_700_000_000 * 10**9, None),
        (None, 0, 'packets on /event_camera/events have no stamp'),
        (None, -5 * NS, 'events are stamped 5.0 s before 1970, and so are the images'),
        (None, 5 * NS, 'events are stamped 5.0 s after the beginning of 1970'),
        (5, 0, 'packets on /event_camera/events have no stamp'),
        (0, None, None),
        (0, 5, 'use_sim_time is set, but nothing publishes /clock'),
        (5, 5, None),
    ],
)
def test_missing_stamps_and_a_missing_clock_are_named(sim_time, stamp_ns, words):
    found = StampChecks(node(sim_time), Settings()).problems(inputs(stamp_ns), COUNTS)
    assert [words in problem.sentence for problem in found] == ([] if words is None else [True])


def test_a_clock_that_is_paused_is_not_called_missing():
    (found,) = StampChecks(node(0, clocks=1), Settings()).problems(inputs(5), COUNTS)
    assert 'the publisher of /clock is silent' in found.sentence


@pytest.mark.parametrize(
    ('grid', 'delay', 'words'),
    [
        ('host_time', 0.02, ''),
        ('host_time', 1.0, '1.0 s behind the clock of this computer, so pairs of images show'),
        ('host_time', -1.0, '1.0 s ahead of the clock of this computer, so pairs of images show'),
        ('host_time', 3600.0, ''),  # a recording
        ('first_sample', 1.0, ''),  # a slow network
        ('first_sample', -3600.0, '3600.0 s ahead of the clock of this computer; synchronise'),
        ('first_sample', -1.0, '1.0 s ahead of the clock of this computer; synchronise'),
    ],
)
def test_stamps_of_another_clock_are_named(grid, delay, words):
    checks = StampChecks(node(), Settings(grid_origin=grid))
    found = [problem.sentence for problem in checks.problems(inputs(EPOCH_NS, delay), COUNTS)]
    assert len(found) == bool(words)
    assert all(words in sentence for sentence in found)


@pytest.fixture
def found_at(monkeypatch):
    """A function that calls the checks once a second; each call has (stamp in s, counts)."""

    def found(calls):
        checks, sentences = StampChecks(node(), Settings()), []
        for second, (stamp_s, counts) in enumerate(calls):
            monkeypatch.setattr(
                stamp_checks, 'time', SimpleNamespace(monotonic=lambda now=second: float(now))
            )
            problems = checks.problems(
                inputs(EPOCH_NS + round(stamp_s * NS)), {**COUNTS, **counts}
            )
            sentences.append([problem.sentence for problem in problems])
        return sentences

    return found


@pytest.mark.parametrize('step', [0.0, -0.1])
def test_stamps_that_do_not_advance_are_named(found_at, step):
    calls = [(50 + step * n, {'received_packets': 100 * n}) for n in range(4)]
    *first, (sentence,) = found_at(calls)
    assert first == [[], [], [sentence.replace('3 s', '2 s')]]
    assert 'have not advanced for 3 s' in sentence
    assert 'let the driver stamp each message' in sentence


@pytest.mark.parametrize(
    'calls',
    [
        [(50 + n * 0.001, {'received_packets': 100 * n}) for n in range(6)],  # played slowly
        [(50, {'received_packets': 7})] * 6,  # a camera that pauses
        [(50 - n, {'received_packets': 100 * n, LOOPED: n}) for n in range(6)],
    ],
)
def test_slow_recordings_pauses_and_loops_are_no_stamps_that_stop(found_at, calls):
    assert found_at(calls) == [[]] * len(calls)
