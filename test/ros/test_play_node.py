# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The pace of the player, with a clock of its own."""

from types import SimpleNamespace

import pytest

play_node = pytest.importorskip('spike_recon_ros.nodes.play_node')


NS = 1_000_000_000


@pytest.fixture
def played(monkeypatch):
    """Return a function that plays messages due at some times, and gives when each came."""

    def play(times_ns, rate=1.0, reading=0.0):
        now = 0.0
        published, warnings = [], []

        def pass_time(seconds):
            nonlocal now
            now += seconds

        def messages():
            pass_time(reading)  # until kernels are loaded
            for t_ns in times_ns:
                yield SimpleNamespace(t_ns=t_ns)

        def publish(due):
            published.append(round(now, 6))
            node.published += 1

        clock = SimpleNamespace(monotonic=lambda: now, time_ns=lambda: 0, sleep=pass_time)
        monkeypatch.setattr(play_node, 'time', clock)
        monkeypatch.setattr(play_node.rclpy, 'ok', lambda: True)
        node = SimpleNamespace(
            _recording=SimpleNamespace(messages=messages),
            _rate=rate,
            _late_ms=[],
            _publish=publish,
            _skipped_ns=0,
            published=0,
            get_logger=lambda: SimpleNamespace(warning=warnings.append),
        )
        node._skip = lambda pause_ns: play_node.PlayNode._skip(node, pause_ns)
        play_node.PlayNode._play_once(node)
        assert max(node._late_ms) < 1e-6
        return published, warnings, node._skipped_ns

    return play


def test_the_pace_begins_when_the_first_message_is_there(played):
    times_ns = (5_000_000_000, 5_010_000_000, 5_020_000_000)
    assert played(times_ns, rate=0.5, reading=0.7) == ([0.7, 0.72, 0.74], [], 0)


@pytest.mark.parametrize('year_ns', [365 * 86_400 * NS, 61 * NS])
def test_a_time_far_ahead_is_waited_for_a_second_and_reported(played, year_ns):
    times_ns = (0, 10**7, 10**7 + year_ns, 2 * 10**7 + year_ns)
    published, warnings, skipped_ns = played(times_ns)
    assert published == [0, 0.01, 1.01, 1.02]
    assert skipped_ns == year_ns - NS
    (sentence,) = warnings
    assert f'nothing was recorded for {year_ns // NS:,} s after 2 messages' in sentence


def test_a_pause_of_a_minute_is_played_as_it_was(played):
    assert played((0, 60 * NS)) == ([0, 60], [], 0)


@pytest.mark.parametrize(
    ('rate', 'expected'), [(0.01, [0, 1, 2, 6, 0]), (1.0, [0, 6, 0]), (10.0, [0, 6, 0])]
)
def test_the_clock_begins_with_the_first_message_and_is_finer_at_a_low_rate(rate, expected):
    node = SimpleNamespace(_last_clock_ns=None, _rate=rate)
    published = []
    for t_ms in (0, 1, 2, 6, 0):  # and again from the beginning
        if play_node.PlayNode._is_clock_due(node, t_ms * 1_000_000):
            node._last_clock_ns = t_ms * 1_000_000
            published.append(t_ms)
    assert published == expected
