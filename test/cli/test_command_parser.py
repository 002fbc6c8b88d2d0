# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Options that take several values."""

import argparse
import importlib

import pytest

from spike_recon_ros.cli import evaluate
from spike_recon_ros.cli.command_parser import CommandParser
from spike_recon_ros.cli.main import SUBCOMMANDS
from spike_recon_ros.cli.settings_options import add_settings, settings_of


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_an_option_that_takes_several_values_may_be_given_several_times(name):
    module = importlib.import_module(f'spike_recon_ros.cli.{name}')
    parser = CommandParser(hasattr(module, 'TAKES_ROS_ARGS'), description=module.DESCRIPTION)
    module.add_arguments(parser)
    overriding = [
        action.option_strings
        for action in parser._actions
        if action.option_strings and action.nargs in ('+', '*')
        if not isinstance(action, argparse._ExtendAction)
    ]
    assert not overriding


def test_recordings_and_models_of_all_options_are_used():
    parser = CommandParser(description='')
    evaluate.add_arguments(parser)
    words = ['-d', 'a', 'b', '-m', 'x', '-d', 'c', '-m', 'y', 'z', '-o', 'out']
    options = parser.parse(words)
    assert list(map(str, options.datasets)) == ['a', 'b', 'c']
    assert options.models == ['x', 'y', 'z']
    assert parser.parse(words).models == ['x', 'y', 'z']


def test_of_several_parameter_files_later_ones_win_and_options_win_over_all(tmp_path):
    files = []
    for name, lines in (('a', ['fps: 10.0', 'gamma: 2.0', 'scale: 2']), ('b', ['fps: 20.0'])):
        files += ['--params-file', str(tmp_path / name)]
        content = ''.join(f'    {line}\n' for line in lines)
        (tmp_path / name).write_text(f'/**:\n  ros__parameters:\n{content}')
    parser = CommandParser(description='')
    add_settings(parser)
    settings = settings_of(parser.parse([*files, '--scale', '4']))
    assert (settings.fps, settings.gamma, settings.scale) == (20.0, 2.0, 4)
