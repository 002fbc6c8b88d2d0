# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the page makes of the counters in /diagnostics."""

import pytest

from spike_recon_ros.viewer.health import SILENT_S, Health, silence

VALUES = {
    'received_packets': '100', 'published_frames': '50', 'events': '1000', 'busy_s': '0.5',
    'waiting_packets': '3', 'lag_ms': '1.50', 'lost_packets': '7', 'processing_p50_ms': 'unknown',
    'resets: time jumped': '2', 'runs': 'filter fibar',
}  # fmt: skip


def _later(**changes):
    return {**VALUES, **changes}


def test_rates_are_differences_over_the_time_between_two_updates():
    health = Health()
    first = health.update(0, 'reconstructing', VALUES, [], 10.0)
    assert first['fps'] is None
    later = _later(published_frames='100', events='2000', busy_s='1.5', lost_packets='9')
    second = health.update(0, 'reconstructing', later, [4.0, 8.0], 12.0)
    assert (second['fps'], second['events_per_s'], second['busy']) == (25.0, 500.0, 0.5)
    assert second['losses']['lost_packets'] == [9, 2]
    assert (second['queue'], second['lag_ms']) == (3, 1.5)
    assert second['latency_p50_ms'] == 6.0
    assert second['resets'] == {'time jumped': 2}


def test_a_node_that_was_restarted_gives_no_negative_rates():
    health = Health()
    health.update(0, '', VALUES, [], 10.0)
    assert health.update(0, '', _later(published_frames='0'), [], 11.0)['fps'] == 0.0


def test_stamps_of_a_recording_give_no_latency():
    health = Health().update(0, '', VALUES, [9e9], 1.0)
    assert health['latency_p50_ms'] is None
    assert health['is_recording']
    assert not Health().update(0, '', VALUES, [5.0], 1.0)['is_recording']


def test_the_problems_of_each_part_are_passed_on():
    values = _later(**{'problems: network': 'lost', 'problems: camera': 'off'})
    health = Health().update(1, 'off; lost', values, [], 1.0)
    assert health['problems'] == {'camera': 'off', 'network': 'lost'}
    assert health['level'] == 'warn'
    assert not [key for key in health['values'] if 'problems' in key]


@pytest.mark.parametrize('value', ['', 'unknown', 'nan', 'inf', '-1e999'])
def test_values_that_are_no_numbers_count_as_zero(value):
    health = Health()
    health.update(0, '', _later(lost_packets=value, waiting_packets=value), [], 10.0)
    values = _later(lost_packets=value, waiting_packets=value, **{'resets: requested': value})
    later = health.update(0, '', values, [], 11.0)
    assert (later['losses']['lost_packets'], later['queue']) == ([0, 0], 0)
    assert later['resets']['requested'] == 0


@pytest.mark.parametrize(('level', 'word'), [(0, 'ok'), (1, 'warn'), (2, 'error'), (3, 'error')])
def test_levels_are_words(level, word):
    assert Health().update(level, '', {}, [], 0.0)['level'] == word


def test_a_silent_node_is_named_with_what_to_do():
    assert silence('/a/recon', True, SILENT_S - 0.1) is None
    assert 'start it with: spike-recon node' in silence('/a/recon', False, 5.0)['message']
    there = silence('/a/recon', True, 5.0)
    assert 'is not active' in there['message']
    assert there['problems'].keys() == {'node'}


def test_a_node_that_makes_no_frames_from_waiting_packets_is_not_called_well():
    health = Health()
    health.update(0, 'reconstructing', VALUES, [], 1.0)
    assert (
        'no frames yet: 3 packets'
        in health.update(0, 'reconstructing', VALUES, [], 2.0)['message']
    )
    later = _later(published_frames='60')
    assert health.update(0, 'reconstructing', later, [], 3.0)['message'] == 'reconstructing'
