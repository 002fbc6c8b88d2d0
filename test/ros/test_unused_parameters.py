# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parameters of the node that have no effect, and files that are loaded while it runs."""

from pathlib import Path

import pytest
import yaml
from rclpy.parameter import Parameter

from spike_recon_ros.settings import Settings

CONFIG = Path(__file__).resolve().parent.parent.parent / 'config' / 'recon.yaml'


@pytest.mark.parametrize(
    ('parameters', 'words'),
    [
        (
            {'model': 'fibar', 'tfp_planes': 7},
            'tfp_planes has no effect: it is for the filter tfp',
        ),
        ({'model': 'tfp', 'lookahead_planes': 5}, 'and the model is tfp'),
        ({'model': 'fibar', 'window_events': 9}, 'and sync_mode is free_running'),
        ({'model': 'fibar', 'leak_time': Settings.leak_time}, ''),
        ({'lookahead_planes': 5, 'noise_gate': 'off', 'backend': 'openvino'}, ''),
    ],
)
def test_the_node_starts_and_names_what_has_no_effect(make_node, capfd, parameters, words):
    pytest.importorskip('openvino')
    assert make_node(**parameters).start()
    err = capfd.readouterr().err
    assert words in err
    assert err.count('has no effect') == bool(words)


def test_a_live_change_without_effect_is_refused(make_node):
    node = make_node(model='fibar')
    assert node.start()
    refused, accepted = node.set_parameters(
        [Parameter('tone_stretch', value=0.8), Parameter('gamma', value=2.0)]
    )
    assert not refused.successful
    assert refused.reason.endswith('for networks for events, and the model is fibar')
    assert accepted.successful


def test_an_event_rate_is_refused_once_spike_planes_can_come_only(make_node):
    node = make_node(model='tfp')
    assert node.start()
    (refused,) = node.set_parameters([Parameter('max_event_rate', value=1e6)])
    assert refused.reason


def test_a_file_whose_values_are_in_use_can_be_loaded_while_the_node_runs(make_node):
    (section,) = yaml.safe_load(CONFIG.read_text()).values()
    values = {**section['ros__parameters'], 'model': 'fibar'}
    node = make_node(**values)
    assert node.start()
    wanted = [Parameter(name, value=value) for name, value in values.items()]
    assert all(result.successful for result in node.set_parameters(wanted))
    changed = Parameter('fps', value=values['fps'] + 1)
    assert not node.set_parameters([changed])[0].successful
