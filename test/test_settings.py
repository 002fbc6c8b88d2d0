# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every default once, and every wrong value refused with what would be right."""

import dataclasses

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings, setting_fields


def test_every_default_is_valid():
    assert Settings() == Settings(**dataclasses.asdict(Settings()))


def test_every_setting_has_a_description_that_ends_as_a_sentence():
    for field in setting_fields():
        assert field.metadata['description'].endswith('.'), field.name


def test_every_number_has_a_range():
    for field in setting_fields():
        if isinstance(field.default, int | float):
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
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(change, words):
    with pytest.raises(UserError) as error:
        Settings(**change)
    assert all(word in str(error.value) for word in words), error.value


def test_a_whole_number_is_taken_for_a_decimal_one():
    assert Settings(fps=50).fps == 50
