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


@pytest.fixture
def mixed(tmp_path):
    """A bag with events of a sensor of 64x48 pixels beside truth images of 8x6."""
    from spike_recon_training.simulation import recording  # noqa: PLC0415
    from spike_recon_training.simulation.event_camera import (  # noqa: PLC0415
        EventCamera,
        SensorModel,
    )
    from spike_recon_training.simulation.scene import BoardScene  # noqa: PLC0415

    whole = recording.truth_image
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, 'truth_image', lambda *instant: whole(*instant)[::8, ::8])
        camera = EventCamera(64, 48, SensorModel(), 0)
        recording.simulate(BoardScene(64, 48, 0), camera, tmp_path / 'mixed', duration_s=0.1)
    return tmp_path / 'mixed'
