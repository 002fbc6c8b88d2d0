# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The controls of the page are made from the settings."""

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import setting_fields
from spike_recon_ros.viewer.controls import checked_value, controls

LIVE = {field.name: field for field in setting_fields() if field.metadata['live']}


def test_every_setting_that_may_change_has_a_control_and_no_other():
    assert [control['name'] for control in controls()] == list(LIVE)
    assert LIVE


def test_a_control_has_the_range_default_and_description_of_its_setting():
    for control in controls():
        field = LIVE[control['name']]
        assert (control['low'], control['high']) == (field.metadata['low'], field.metadata['high'])
        assert control['default'] == field.default
        assert control['description'] == field.metadata['description']
        assert control['curve'] != 'log' or control['low'] > 0
        assert control['curve'] != 'cube' or control['low'] == 0


def test_a_wide_range_is_shown_on_a_curve():
    curves = {control['name']: control['curve'] for control in controls()}
    assert curves['overload_lag'] == 'log'
    assert curves['tone_time'] == 'cube'
    assert curves['percentile_high'] == 'line'


def test_whole_numbers_of_a_browser_are_accepted_where_decimals_are_expected():
    assert checked_value('gamma', 2) == 2.0
    assert type(checked_value('gamma', 2)) is float


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('gamma', 1e9), ('gamma', 'bright'), ('gamma', True), ('gamma', None), ('fps', 50.0),
        ('nothing', 1), (None, 1), (['gamma'], 1), ('__init__', 1), ('gamma', float('nan')),
    ],
)  # fmt: skip
def test_a_wrong_name_or_value_is_refused_with_a_sentence(name, value):
    with pytest.raises(UserError):
        checked_value(name, value)
