# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Settings that have no effect: which they are, and where they are refused or named."""

import importlib
import logging
import socket

import numpy as np
import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.filters.registry import FILTERS, SPIKE_FILTERS
from spike_recon_ros.offline.reconstruct import reconstruct
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.setting import PIPELINE
from spike_recon_ros.settings import Settings, setting_fields
from spike_recon_ros.unused_settings import unused

EVENT, SPIKE = SensorKind.EVENT, SensorKind.SPIKE


@pytest.mark.parametrize(
    ('changes', 'kind', 'sentence'),
    [
        (
            {'model': 'tfp', 'lookahead_planes': 5},
            SPIKE,
            'lookahead_planes has no effect: it is for models of spike planes other than tfp, and '
            'the model is tfp',
        ),
        (
            {'model': 'tfi', 'tfp_planes': 7},
            SPIKE,
            'tfp_planes has no effect: it is for the filter tfp, and the model is tfi',
        ),
        (
            {'model': 'leaky_integrator', 'tone_stretch': 0.8},
            EVENT,
            'it is for networks for events, and the model is leaky_integrator',
        ),
        ({'model': 'fibar', 'backend': 'openvino'}, EVENT, 'for networks, and the model is fibar'),
        ({'window_events': 9}, EVENT, 'for by_count, and sync_mode is free_running'),
        (
            {'sync_mode': 'by_count', 'fps': 50},
            EVENT,
            'for free_running, and sync_mode is by_count',
        ),
        ({'bayer_pattern': 'rggb'}, EVENT, 'it is for mosaic, and color is off'),
        (
            {'lost_packets_tolerated': 1},
            SPIKE,
            'it is for event cameras, and the packets hold spike planes',
        ),
        (
            {'voxel_grid_on': 'gpu', 'backend': 'openvino'},
            EVENT,
            'for tensorrt, or torch on a GPU, and backend is openvino',
        ),
    ],
)
def test_a_setting_that_nothing_reads_is_named_with_what_does(changes, kind, sentence):
    ((name, found),) = unused(Settings(**changes), [kind]).items()
    assert name in changes
    assert found.endswith(sentence)


@pytest.mark.parametrize(
    ('changes', 'kind'),
    [
        ({'model': 'tfp', 'tfp_planes': 7}, SPIKE),
        ({'model': 'spike_intervals', 'lookahead_planes': 5}, SPIKE),
        ({'model': 'fibar', 'cutoff_num_events': 20.0}, EVENT),
        ({'model': 'leaky_integrator', 'leak_time': 1.0}, EVENT),
        ({'sync_mode': 'by_count', 'window_events': 9}, EVENT),
        ({'sync_mode': 'trigger_events', 'trigger_edge': 'both', 'trigger_channel': 1}, EVENT),
        ({'model': 'fibar', 'color': 'guess', 'threads': 1, 'color_encoding': 'bgr8'}, EVENT),
        ({'model': 'two_scale_gru', 'noise_gate': 'off', 'threads': 1, 'tone_stretch': 1}, EVENT),
        ({'model': 'two_scale_gru', 'active_part': 'on', 'backend': 'openvino'}, EVENT),
    ],
)
def test_a_setting_that_is_read_is_not_named(changes, kind):
    assert unused(Settings(**changes), [kind]) == {}


def test_a_setting_counts_as_used_if_one_of_the_cameras_that_may_come_uses_it():
    settings = Settings(lookahead_planes=5)
    assert unused(settings, [EVENT, SPIKE]) == {}
    assert 'for models of spike planes' in unused(settings, [EVENT])['lookahead_planes']


@pytest.mark.parametrize('model', [*FILTERS, *SPIKE_FILTERS])
def test_defaults_are_never_named(model):
    assert unused(Settings(model=model), [SPIKE if model in SPIKE_FILTERS else EVENT]) == {}


def changed(field):
    """Return a valid value of a setting that is not its default."""
    if choices := field.metadata['choices']:
        return next(one for one in reversed(choices) if one != field.default)
    low, high = field.metadata['low'], field.metadata['high']
    return low if low is not None and low != field.default else high


@pytest.mark.parametrize('model', [*FILTERS, *SPIKE_FILTERS])
def test_each_filter_reads_the_numbers_that_are_described_as_its_own(model):
    kind = SPIKE if model in SPIKE_FILTERS else EVENT
    for field in setting_fields(PIPELINE):
        described = field.metadata['description'].partition(':')[0]
        if described in {*FILTERS, *SPIKE_FILTERS}:
            settings = Settings(**{'model': model, field.name: changed(field)})
            assert (field.name in unused(settings, [kind])) == (described != model)


@pytest.fixture
def planes():
    """Spike planes of a still scene."""
    bits = np.random.default_rng(0).integers(0, 256, (400, 16, 2), np.uint8)
    return SpikePlanes(bits, np.arange(400) * 50_000)


@pytest.fixture
def recording(tmp_path, planes):
    """The planes as a file, and the arguments that open it."""
    path = tmp_path / 'scene.dat'
    path.write_bytes(planes.bits[:, ::-1].tobytes())
    return [str(path), '--plane-size', '16x16']


def test_an_option_without_effect_is_refused(recording, tmp_path, capsys):
    out = ['-o', str(tmp_path / 'out'), '-m', 'tfp', '--lookahead-planes', '5']
    assert main(['run', *recording, *out]) == 1
    sentence = 'and the model is tfp; leave out --lookahead-planes'
    assert sentence in capsys.readouterr().err


def test_the_same_in_a_parameter_file_is_a_warning(recording, tmp_path, capsys):
    file = tmp_path / 'shared.yaml'
    file.write_text('/**:\n  ros__parameters: {lookahead_planes: 5, leak_time: 0.5, fps: 100.0}\n')
    out = ['-o', str(tmp_path / 'out'), '-m', 'tfp', '--params-file', str(file)]
    assert main(['run', *recording, *out]) == 0
    err = capsys.readouterr().err
    assert err.count('lookahead_planes has no effect') == 1
    assert err.count('leak_time has no effect') == 1
    assert err.count('has no effect') == 2


def test_the_frame_rate_of_a_video_has_an_effect_in_every_mode(make_recorded, tmp_path):
    pytest.importorskip('av')
    source = make_recorded().write('npy', tmp_path)
    mode = ['-m', 'fibar', '--sync-mode', 'by_count', '--window-events', '200', '--fps', '50']
    size = ['--size', '64x48']
    assert main(['run', str(source), '-o', str(tmp_path / 'a.mp4'), *mode, *size]) == 0
    assert main(['run', str(source), '-o', str(tmp_path / 'png'), *mode, *size]) == 1


def test_a_comparison_names_what_none_of_its_models_reads(make_recorded, tmp_path, capsys):
    source = make_recorded().write('npy', tmp_path)
    models = ['-m', 'fibar', 'leaky_integrator', '-q', 'mse', '-o', str(tmp_path / 'out')]
    shared = ['--fps', '50', '--leak-time', '0.5', '--tfp-planes', '11']
    assert main(['evaluate', '-d', str(source), *models, *shared]) == 0
    printed = capsys.readouterr().err
    assert 'tfp_planes has no effect' in printed
    assert '(there is a frame for each image of the ground truth)' in printed
    assert printed.count('has no effect') == 2


def test_python_logs_it(planes, caplog):
    with caplog.at_level(logging.WARNING):
        frames = list(reconstruct(planes, size=(16, 16), model='tfp', lookahead_planes=5, fps=100))
    assert frames
    assert 'lookahead_planes has no effect' in caplog.text


def test_a_page_of_one_model_shows_it_as_an_error(recording, capsys, monkeypatch):
    pytest.importorskip('aiohttp')
    film = importlib.import_module('spike_recon_ros.viewer.film')

    class Interrupted(film.FilmShow):
        def start(self):
            super().start()
            self.wait()
            raise KeyboardInterrupt

    monkeypatch.setattr('spike_recon_ros.cli.view.FilmShow', Interrupted)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = str(probe.getsockname()[1])
    options = ['-m', 'tfp', '--lookahead-planes', '5', '--port', port]
    assert main(['view', *recording, *options]) == 1
    assert 'leave out --lookahead-planes' in capsys.readouterr().err
