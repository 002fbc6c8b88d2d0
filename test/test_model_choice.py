# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which model runs where the settings leave it open, and what is refused."""

import numpy as np
import pytest

from spike_recon_ros.backends.choice import Candidate
from spike_recon_ros.bundles import zoo
from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import (
    choose_model,
    default_model,
    describe_model,
    describe_running,
    kinds_expected,
    load_model,
    load_spike_model,
)
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import EVENT_MODEL, SPIKE_MODELS, Settings
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 16, 12


def events_packet(seq=0):
    return Packet('mono', WIDTH, HEIGHT, seq, 0, 0, np.zeros(8, np.uint8))


def planes_packet(seq=0):
    return Packet(spike_encoding(1000), WIDTH, HEIGHT, seq, 0, 0, np.zeros(24, np.uint8))


def test_auto_is_a_network_for_events():
    assert choose_model(Settings(), SensorKind.EVENT) == EVENT_MODEL


def test_auto_is_the_first_spike_model_that_is_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: tmp_path)
    assert default_model(SensorKind.SPIKE) == 'spike_intervals'
    (tmp_path / SPIKE_MODELS[0]).mkdir()
    (tmp_path / SPIKE_MODELS[0] / 'model.yaml').touch()
    assert default_model(SensorKind.SPIKE) == SPIKE_MODELS[0]


def test_the_first_packet_decides_what_auto_is(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: tmp_path)
    reconstructor = Reconstructor(Settings())
    assert reconstructor.model_name == 'auto'
    reconstructor.push(planes_packet())
    assert (reconstructor.model_name, reconstructor.kind) == ('spike_intervals', SensorKind.SPIKE)


@pytest.mark.parametrize(
    ('sensor', 'packet', 'words'),
    [
        (
            'event',
            planes_packet,
            'the packets hold spike planes, but sensor is event; set it to auto or spike',
        ),
        (
            'spike',
            events_packet,
            'the packets hold events, but sensor is spike; set it to auto or event',
        ),
    ],
)
def test_packets_of_the_other_sensor_are_refused(sensor, packet, words):
    model = {'event': 'fibar', 'spike': 'tfp'}[sensor]
    with pytest.raises(UserError, match=words):
        Reconstructor(Settings(sensor=sensor, model=model)).push(packet())


def test_a_packet_of_the_other_sensor_does_not_disturb_the_stream():
    reconstructor = Reconstructor(Settings(sensor='event', model='fibar'))
    list(reconstructor.push(events_packet(0)))
    for _ in range(3):
        with pytest.raises(UserError, match='but sensor is event'):
            reconstructor.push(planes_packet(1))
    list(reconstructor.push(events_packet(1)))
    assert reconstructor.statistics.packets == 2
    assert reconstructor.statistics.models_loaded == 1
    assert not reconstructor.statistics.resets


def test_the_dark_rate_of_a_spike_camera_is_subtracted_from_its_images():
    bright = np.full((HEIGHT, WIDTH // 8), 0x0F, np.uint8)  # four of eight columns fire each time
    window = Window(0, 63, SpikePlanes(np.stack([bright] * 63), np.arange(63)))
    images = []
    for rate in (0.0, 0.1):
        settings = Settings(model='tfp', dark_rate=rate)
        model = load_spike_model(settings, WIDTH, HEIGHT)
        assert (model.name, model.lookahead_planes) == ('tfp', 10)
        images.append(model.step(window))
    assert set(np.unique(images[0])) == {0.0, 1.0}
    np.testing.assert_allclose(images[1], np.maximum(images[0] - 0.1, 0), atol=1e-6)


def test_a_dark_rate_is_for_spike_cameras_alone():
    with pytest.raises(UserError, match='dark_rate is for spike cameras; leave it out'):
        choose_model(Settings(model='fibar', dark_rate=0.004), SensorKind.EVENT)


@pytest.mark.parametrize(
    ('changes', 'kinds'),
    [
        ({}, [SensorKind.EVENT, SensorKind.SPIKE]),
        ({'model': 'fibar'}, [SensorKind.EVENT]),
        ({'model': 'tfi'}, [SensorKind.SPIKE]),
        ({'sensor': 'spike'}, [SensorKind.SPIKE]),
        ({'sensor': 'event'}, [SensorKind.EVENT]),
        ({'sync_mode': 'by_count'}, [SensorKind.EVENT]),
        ({'hot_pixel_time': 1.0}, [SensorKind.EVENT]),
        ({'dark_rate': 0.004}, [SensorKind.SPIKE]),
    ],
)
def test_the_expected_cameras_follow_from_the_settings(changes, kinds):
    assert kinds_expected(Settings(**changes)) == kinds


def test_settings_that_contradict_each_other_are_refused_before_a_packet_comes():
    with pytest.raises(UserError, match='fibar is a model for events'):
        kinds_expected(Settings(sensor='spike', model='fibar'))


def test_the_spike_filters_follow_their_settings():
    for model, changes, lookahead in (
        ('spike_intervals', {}, 40),
        ('spike_intervals', {'lookahead_planes': 7}, 7),
        ('tfi', {'lookahead_planes': 0}, 0),
        ('tfp', {'tfp_planes': 5, 'lookahead_planes': 9}, 2),
    ):
        settings = Settings(model=model, **changes)
        assert (
            load_model(settings, WIDTH, HEIGHT, kind=SensorKind.SPIKE).lookahead_planes
            == lookahead
        )


def test_tfp_over_an_even_number_of_planes_is_refused():
    with pytest.raises(UserError, match='tfp_planes is 20; it must be odd'):
        load_model(Settings(model='tfp', tfp_planes=20), WIDTH, HEIGHT, kind=SensorKind.SPIKE)


@pytest.fixture
def no_backend(monkeypatch):
    """Pretend that no library that runs networks is installed."""
    monkeypatch.setattr(Candidate, 'missing', lambda self: list(self.libraries))


@pytest.mark.parametrize(
    ('kind', 'filter_name'),
    [(SensorKind.EVENT, 'fibar'), (SensorKind.SPIKE, 'spike_intervals')],
)
def test_auto_falls_back_to_a_filter_where_no_network_can_run(
    no_backend, caplog, kind, filter_name
):
    assert choose_model(Settings(), kind) == filter_name
    model = load_model(Settings(), WIDTH, HEIGHT, kind=kind)
    assert model.name == filter_name
    for text in (describe_running(model), describe_model(Settings()), caplog.text):
        assert f'filter {filter_name}' in text
        assert 'no backend can run a network here' in text
        assert 'pip install' in text


def test_run_says_once_why_it_falls_back_to_a_filter(
    no_backend, make_recorded, tmp_path, caplog, capfd
):
    recording = make_recorded().write('npy', tmp_path)
    assert main(['run', str(recording), '-o', str(tmp_path / 'out')]) == 0
    text = caplog.text + capfd.readouterr().err
    assert text.count('no backend can run a network here') == 1
    assert 'ran filter fibar' in text


def test_auto_falls_back_to_a_filter_without_the_zoo(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: tmp_path)
    model = load_model(Settings(), WIDTH, HEIGHT)
    assert describe_running(model) == f'filter fibar (the network {EVENT_MODEL} is not installed)'


def test_the_diagnostics_name_the_fallback(no_backend):
    reconstructor = Reconstructor(Settings())
    list(reconstructor.push(events_packet()))
    assert reconstructor.model_name == 'fibar'
    assert 'instead of the network' in reconstructor.runs


@pytest.mark.parametrize('changes', [{'model': EVENT_MODEL}, {'backend': 'onnxruntime'}])
def test_a_requested_network_or_backend_is_not_replaced(no_backend, changes):
    with pytest.raises(UserError, match='pip install'):
        load_model(Settings(**changes), WIDTH, HEIGHT)


def test_a_requested_filter_is_not_a_fallback(no_backend, caplog):
    model = load_model(Settings(model='fibar'), WIDTH, HEIGHT)
    assert describe_running(model) == 'filter fibar'
    assert not caplog.records


@pytest.mark.parametrize(
    'name',
    [
        'x' * 300,
        'folder/' + 'x' * 300,
        'x' * 30_000,
        '~nobody_at_all/bundle',
        'a\0b',
        'a\0/b',
        '\x1b[31m',
    ],
)
def test_any_name_of_a_model_gives_one_short_sentence(name):
    with pytest.raises(UserError) as caught:
        load_model(Settings(model=name), WIDTH, HEIGHT)
    sentence = str(caught.value)
    assert len(sentence) < 1000
    assert sentence.isprintable()
