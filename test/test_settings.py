# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every default is written once; every wrong value is rejected with the valid ones."""

import dataclasses

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import RENAMED, Settings, setting_fields


def test_every_default_is_valid():
    assert Settings() == Settings(**dataclasses.asdict(Settings()))


def test_every_setting_has_a_description_that_ends_as_a_sentence():
    for field in setting_fields():
        assert field.metadata['description'].endswith('.'), field.name


def test_every_number_has_a_range_or_choices():
    for field in setting_fields():
        if field.metadata['choices']:
            assert field.default in field.metadata['choices'], field.name
        elif isinstance(field.default, int | float):
            assert field.metadata['low'] <= field.default <= field.metadata['high'], field.name


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'fps': 0.0}, ['fps is 0.0', '0.1 to 10,000']),
        ({'fps': 'fast'}, ["fps is 'fast'", 'a number']),
        ({'fps': float('nan')}, ['fps is nan']),
        ({'window_events': 2.5}, ['window_events is 2.5', 'a whole number']),
        ({'window_events': True}, ['window_events is True']),
        ({'image_encoding': 'rgb8'}, ["'rgb8'", 'mono8, mono16, 32FC1']),
        ({'model': 7}, ['model is 7', 'a text']),
        ({'backend': 'openvno'}, ['did you mean openvino?']),
        ({'backend': ['openvino']}, ['must be one of']),
        ({'cuda_graphs': True}, ['cuda_graphs is True', 'auto, off']),
    ],
)
def test_a_wrong_value_is_rejected_with_the_valid_ones(change, words):
    with pytest.raises(UserError) as error:
        Settings(**change)
    assert all(word in str(error.value) for word in words), error.value


def test_a_whole_number_is_valid_where_a_decimal_one_is_expected():
    assert Settings(fps=50).fps == 50


@pytest.mark.parametrize(
    ('old', 'new'), [('auto', 'auto'), ('cpu', 'cpu'), ('device', 'gpu'), ('gpu', 'gpu')]
)
def test_the_old_name_of_a_setting_works_with_a_warning(old, new):
    with pytest.warns(DeprecationWarning, match='front_end is deprecated; use voxel_grid_on'):
        assert Settings(front_end=old).voxel_grid_on == new


def test_a_wrong_value_under_an_old_name_is_rejected():
    with pytest.warns(DeprecationWarning, match='deprecated'), pytest.raises(UserError):
        Settings(front_end='device2')


def test_both_names_of_a_setting_are_rejected():
    with pytest.raises(UserError, match='front_end is the old name of voxel_grid_on'):
        Settings(front_end='cpu', voxel_grid_on='gpu')


def test_every_renamed_setting_has_a_current_name_and_valid_values():
    for old, (name, values) in RENAMED.items():
        assert old not in Settings.__dataclass_fields__
        choices = Settings.__dataclass_fields__[name].metadata['choices']
        assert set(values.values()) <= set(choices)


def test_off_is_valid_for_a_choice_though_yaml_reads_a_truth_value():
    assert Settings(cuda_graphs=False).cuda_graphs == 'off'


@pytest.mark.parametrize('field', list(setting_fields()), ids=lambda field: field.name)
@pytest.mark.parametrize(
    'value', [None, 'nonsense', '', True, -5, 7, 0.5, float('nan'), float('inf'), [1, 2], b'x'],
    ids=repr,
)  # fmt: skip
def test_a_value_of_any_kind_is_valid_or_rejected_with_a_sentence(field, value):
    refused = ''
    try:
        Settings(**{field.name: value})
    except UserError as error:
        refused = str(error)
    assert not refused or refused.startswith(f'{field.name} is {value!r}')


def test_a_setting_that_may_be_empty_says_so_where_a_value_is_rejected():
    with pytest.raises(UserError, match=r"one of: '', rggb, .*; did you mean rggb"):
        Settings(bayer_pattern='rgg')
