# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import os

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.small_yaml import read_small_yaml

LEVELS = [f'k{level}: &k{level} [{", ".join(9 * [f"*k{level - 1}"])}]' for level in range(1, 40)]


def read(folder, text):
    file = folder / 'a.yaml'
    file.write_text(text, encoding='utf-8')
    return read_small_yaml(file, 100_000)


@pytest.mark.parametrize(
    ('text', 'content'),
    [
        ('a: [1, {b: 2}]', {'a': [1, {'b': 2}]}),
        ('a: &a {x: 1}\nb: *a\nc: [*a, *a]', {'a': {'x': 1}, 'b': {'x': 1}, 'c': 2 * [{'x': 1}]}),
        ('', None),
    ],
)
def test_the_content_of_a_usual_file_is_returned(tmp_path, text, content):
    assert read(tmp_path, text) == content


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('[' * 60_000, 'nested too deeply'),
        ('- ' * 20_000, 'nested too deeply'),
        ('a: &a [*a]', 'contains itself'),
        ('a: &a {b: {c: *a}}', 'contains itself'),
        ('\n'.join(['k0: &k0 [x, x]', *LEVELS]), 'too many entries'),
        ('x' * 100_001, '100,001 bytes'),
        ('!!python/object/apply:os.system [ls]', 'constructor'),
        ('a: 2024-99-99', 'month'),
        ('a: \x00', 'not allowed'),
    ],
)
def test_what_costs_too_much_or_is_no_yaml_is_refused_in_one_line(tmp_path, text, reason):
    with pytest.raises(ValueError, match=reason) as raised:
        read(tmp_path, text)
    assert len(str(raised.value).splitlines()) == 1


def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / 'a.yaml')
    with pytest.raises(UserError, match='no regular file'):
        read_small_yaml(tmp_path / 'a.yaml', 100_000)
