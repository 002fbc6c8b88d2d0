# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The pace of the player, with a clock of its own."""

from types import SimpleNamespace

import pytest

play_node = pytest.importorskip('spike_recon_ros.nodes.play_node')


def test_the_pace_begins_when_the_first_message_is_there(monkeypatch):
    now = 0.0
    published = []

    def pass_time(seconds):
        nonlocal now
        now += seconds

    def messages():
        pass_time(0.7)  # until kernels are loaded
        for t_ns in (5_000_000_000, 5_010_000_000, 5_020_000_000):
            yield SimpleNamespace(t_ns=t_ns)

    clock = SimpleNamespace(monotonic=lambda: now, time_ns=lambda: 0, sleep=pass_time)
    monkeypatch.setattr(play_node, 'time', clock)
    monkeypatch.setattr(play_node.rclpy, 'ok', lambda: True)
    node = SimpleNamespace(
        _recording=SimpleNamespace(messages=messages),
        _rate=0.5,
        _late_ms=[],
        _publish=lambda due: published.append(round(now, 6)),
    )
    play_node.PlayNode._play_once(node)
    assert published == [0.7, 0.72, 0.74]
    assert max(node._late_ms) < 1e-6
