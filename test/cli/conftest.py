# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the tests of several commands."""

import pytest

from spike_recon_ros.cli.main import main


@pytest.fixture(scope='session')
def walk(tmp_path_factory):
    """Return a short recording."""
    path = tmp_path_factory.mktemp('recordings') / 'walk'
    assert main(['simulate', '-o', str(path), '--size', '64x48', '--duration', '0.2']) == 0
    return path


@pytest.fixture
def spike_recon(capsys):
    """A function that runs the command line and returns status, last stdout line, stderr."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, out.strip().splitlines()[-1:], err

    return run
