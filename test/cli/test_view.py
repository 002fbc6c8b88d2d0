# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon view` of a recording, as the terminal shows it."""

import json
import socket
from types import SimpleNamespace

import pytest

from spike_recon_ros.cli import view
from spike_recon_ros.viewer.film import FilmShow

pytest.importorskip('aiohttp', reason='aiohttp is not installed')


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]


def test_a_misspelt_model_is_named_before_the_page_is_served(spike_recon, walk, port):
    status, _, err = spike_recon('view', walk, '-m', 'fiber', '--port', port)
    assert status == 1
    assert "there is no model 'fiber'; did you mean fibar?" in err
    assert 'in a browser' not in err


@pytest.mark.parametrize(('model', 'status'), [('fibar', 0), ('tfp', 1)])
def test_an_error_on_the_page_is_also_that_of_the_command(
    spike_recon, walk, port, monkeypatch, model, status
):
    shows = []

    class Show(FilmShow):
        def start(self):
            shows.append(self)
            super().start()

    def until_the_end():
        shows[0].wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(view, 'FilmShow', Show)
    waiting = SimpleNamespace(Event=lambda: SimpleNamespace(wait=until_the_end))
    monkeypatch.setattr(view, 'threading', waiting)
    found, out, err = spike_recon('view', walk, '-m', model, '--port', port)
    assert found == status
    assert json.loads(out[0])['models'] == [model]
    assert ('tfp is a model for spike planes' in err) == bool(status)
