# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon build` says in one sentence what it lacks."""

import pytest

from spike_recon_ros.backends.choice import Candidate
from spike_recon_ros.cli.main import main


def test_a_missing_network_is_named(capsys):
    assert main(['build', 'nothing', '--size', '346x260']) == 1
    assert 'there is no network' in capsys.readouterr().err


@pytest.mark.parametrize('size', ['346', '346x', '0x260', 'axb', '346x260x3', '-1x5'])
def test_a_malformed_size_is_refused(capsys, size):
    assert main(['build', 'two_scale_gru', f'--size={size}']) == 1
    assert 'as 346x260' in capsys.readouterr().err


def test_without_tensorrt_the_command_that_installs_it_is_named(capsys, monkeypatch):
    monkeypatch.setattr(Candidate, 'missing', lambda self: list(self.libraries))
    assert main(['build', 'two_scale_gru', '--size', '346x260']) == 1
    assert 'pip install tensorrt' in capsys.readouterr().err
