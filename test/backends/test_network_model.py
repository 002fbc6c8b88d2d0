# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network from the name that is typed to the frames that come out."""

import itertools

import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.backends import choice as backend_choice
from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import CANDIDATES, Candidate, Choice, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.bundles import zoo
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import (
    check_model_name,
    describe_model,
    load_model,
    model_names,
)
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 346, 260
WINDOW_NS = 20_000_000

if all(candidate.missing() for candidate in CANDIDATES):
    pytest.skip('no backend is installed', allow_module_level=True)


def events_of(count, t_start_ns=0, t_end_ns=WINDOW_NS):
    return random_events(WIDTH, HEIGHT, count, (t_start_ns, t_end_ns), seed=3)


@pytest.fixture
def model(shipped):
    bundle = read_bundle(shipped)
    loaded = NetworkModel(bundle, choose_backend(), WIDTH, HEIGHT)
    yield loaded
    loaded.close()


def test_a_frame_has_the_size_of_the_sensor(model):
    image = model.step(Window(0, WINDOW_NS, events_of(20_000)))
    assert image.shape == (HEIGHT, WIDTH)
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    assert 0.0 <= image.min() < image.max() <= 1.0


def test_a_frame_is_that_of_the_padded_voxel_grid(shipped, model):
    bundle = read_bundle(shipped)
    choice = choose_backend()
    events = events_of(20_000)
    grid = voxel_grid(
        events,
        0,
        WINDOW_NS,
        bins=5,
        height=HEIGHT,
        width=WIDTH,
        normalisation=bundle.representation['normalisation'],
    )
    padded = np.pad(grid, ((0, 0), (0, 264 - HEIGHT), (0, 352 - WIDTH)), mode='reflect')
    backend = choice.load(bundle, Placement(264, 352))
    expected = backend.step(padded)[:HEIGHT, :WIDTH]
    backend.close()
    np.testing.assert_array_equal(model.step(Window(0, WINDOW_NS, events)), expected)


def test_reset_brings_the_first_frame_back(model):
    window = Window(0, WINDOW_NS, events_of(20_000))
    first, second = model.step(window), model.step(window)
    assert not np.array_equal(first, second)
    model.reset()
    np.testing.assert_array_equal(model.step(window), first)


def test_silence_leaves_the_image_as_it_is(model):
    seen = model.step(Window(0, WINDOW_NS, events_of(20_000)))
    for step in range(1, 50):
        image = model.step(Window(step * WINDOW_NS, (step + 1) * WINDOW_NS, Events.empty()))
    np.testing.assert_array_equal(image, seen)


def test_silence_from_the_beginning_gives_an_image(model):
    image = model.step(Window(0, WINDOW_NS, Events.empty()))
    assert image.shape == (HEIGHT, WIDTH)
    assert np.isfinite(image).all()


def test_long_windows_are_split_after_a_reset(model):
    window_ns = 28_000_000
    seen, whole = [], model.longest_window_ns
    assert WINDOW_NS < whole < window_ns
    for step in range(12):
        seen.append(model.longest_window_ns > window_ns)
        start_ns, end_ns = step * window_ns, (step + 1) * window_ns
        model.step(Window(start_ns, end_ns, events_of(20_000, start_ns, end_ns)))
    assert seen == [False] * 11 + [True]  # after 300 ms
    model.reset()
    assert model.longest_window_ns == whole


def test_silence_does_not_change_the_state(model):
    model.step(Window(0, WINDOW_NS, events_of(20_000)))
    for step in range(1, 50):
        model.step(Window(step * WINDOW_NS, (step + 1) * WINDOW_NS, Events.empty()))
    assert model.longest_window_ns < 2 * WINDOW_NS


def test_the_caller_may_change_an_image(model):
    seen = model.step(Window(0, WINDOW_NS, events_of(20_000)))
    kept = seen.copy()
    seen[:] = -1.0
    np.testing.assert_array_equal(model.step(Window(0, WINDOW_NS, Events.empty())), kept)


def test_the_description_says_what_runs_and_why(model):
    choice = choose_backend()
    assert model.description.startswith(f'two_scale_gru_small with {choice.candidate.name}')
    assert choice.reason in model.description


def test_the_running_backend_is_named_after_another_has_failed(shipped, monkeypatch):
    load = choose_backend().load

    class Failing:
        def __init__(self, bundle, placement):
            raise UserError('there is no engine; run: spike-recon build it')

    def of(choice):
        return load if choice.candidate.name == 'second' else Failing

    first, second = Candidate('first', (), '', ''), Candidate('second', (), '', '')
    monkeypatch.setattr(backend_choice, 'CANDIDATES', (first, second))
    monkeypatch.setattr(backend_choice, '_device', lambda candidate, device: 'cpu')
    monkeypatch.setattr(Choice, 'load', property(of))
    reconstructor = Reconstructor(Settings(model=str(shipped), fps=50.0))
    assert reconstructor.runs == ''
    assert describe_model(reconstructor.settings).startswith(f'network {shipped} with first')
    packet = Packet('mono', 64, 48, 0, 0, 0, encode_mono(small_events(), 0))
    list(reconstructor.push(packet))
    assert 'first failed: there is no engine' in reconstructor.runs
    backend = load(read_bundle(shipped), Placement(48, 64))
    assert reconstructor.runs.startswith(f'{shipped.name} with {backend.name} (')
    reconstructor.close()
    assert reconstructor.runs == ''


def small_events():
    events = events_of(1000, t_end_ns=5 * WINDOW_NS)
    return Events(events.x % 64, events.y % 48, events.p, events.t_ns, events.triggers)


def test_a_filter_can_be_described_too():
    reconstructor = Reconstructor(Settings(model='fibar'))
    list(reconstructor.push(Packet('mono', 64, 48, 0, 0, 0, encode_mono(small_events(), 0))))
    assert reconstructor.runs == 'filter fibar'


def test_a_path_is_a_model(shipped):
    settings = Settings(model=str(shipped))
    check_model_name(settings.model)
    assert load_model(settings, 32, 24).name == shipped.name
    assert 'CPU' in describe_model(settings) or 'GPU' in describe_model(settings)


def test_an_installed_bundle_is_a_model(copied, monkeypatch):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: copied.parent)
    filters = ['compensated_tfi', 'fibar', 'leaky_integrator', 'spike_intervals', 'tfi', 'tfp']
    assert model_names() == sorted([*filters, copied.name])
    assert load_model(Settings(model=copied.name), 32, 24).name == copied.name


def test_an_unknown_model_names_those_there_are(copied, monkeypatch):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: copied.parent)
    with pytest.raises(UserError, match=rf'did you mean {copied.name}\?.*fibar.*path of a bundle'):
        check_model_name(copied.name[:-1])


def test_a_path_without_a_bundle_is_refused():
    with pytest.raises(UserError, match='does not exist'):
        load_model(Settings(model='no/such/folder'), 32, 24)


def test_a_filter_needs_no_backend():
    assert describe_model(Settings(model='fibar')) == 'filter fibar'


def test_the_pipeline_runs_a_network(shipped):
    settings = Settings(model=str(shipped), fps=50.0)
    reconstructor = Reconstructor(settings)
    events = events_of(5000, t_end_ns=5 * WINDOW_NS)
    packet = Packet('mono', WIDTH, HEIGHT, 0, 0, 0, encode_mono(events, 0))
    frames = list(reconstructor.push(packet))
    assert len(frames) == 4
    assert all(frame.image.shape == (HEIGHT, WIDTH) for frame in frames)
    reconstructor.close()


def rising_planes(planes, width=64, height=48):
    """A scene that fires ever more often: images of different moments differ."""
    charge = np.random.default_rng(0).random((height, width))
    picture = np.linspace(0.5, 1.5, width)
    fired = np.empty((planes, height, width), np.uint8)
    for number, plane in enumerate(fired):
        charge += picture * (0.1 + 0.4 * number / planes)
        plane[:] = charge >= 1
        charge -= plane
    return SpikePlanes(pack_planes(fired), np.arange(planes) * 50_000)


@pytest.mark.skipif('spk2vid' not in zoo.zoo_names(), reason='no network for spike cameras here')
def test_a_network_of_intervals_uses_the_lookahead_of_the_settings():
    planes = rising_planes(400)
    brightness = {}
    for lookahead in (-1, 30, 4):
        settings = Settings(model='spk2vid', lookahead_planes=lookahead)
        loaded = load_model(settings, 64, 48, kind=SensorKind.SPIKE)
        assert loaded.lookahead_planes == (30 if lookahead < 0 else lookahead)
        brightness[lookahead] = loaded.step(Window(0, 400 * 50_000, planes)).mean()
        loaded.close()
    assert brightness[-1] == brightness[30]
    # 26 planes later the scene is brighter by 0.4 * 26 / 400.
    assert brightness[4] - brightness[30] == pytest.approx(0.026, abs=0.008)


@pytest.mark.parametrize('first', [1, 30])
def test_the_state_of_instants_before_the_first_plane_is_not_kept(exported, first):
    bundle = read_bundle(exported('spk2vid'))
    planes = rising_planes(80)
    images = {}
    for cuts in ([60], [first, 60], [31, 60]):
        loaded = NetworkModel(bundle, choose_backend(), 64, 48)
        assert loaded.lookahead_planes == 30
        for begin, end in itertools.pairwise([0, *cuts]):
            window = Window(begin * 50_000, end * 50_000, planes[begin:end])
            images[tuple(cuts)] = loaded.step(window)
        loaded.reset()
        images[(*cuts, 'again')] = loaded.step(Window(0, first * 50_000, planes[:first]))
        loaded.close()
    np.testing.assert_array_equal(images[first, 60], images[(60,)])
    assert not np.array_equal(images[31, 60], images[(60,)])  # the first plane's own is
    np.testing.assert_array_equal(images[first, 60, 'again'], images[60, 'again'])


@pytest.mark.parametrize(
    ('rate', 'first', 'is_kept'),
    [(0.03, 45, False), (0.03, 75, True), (0.005, 120, False), (0.005, 140, True)],
)
def test_the_state_of_the_first_images_in_the_dark_is_not_kept(exported, rate, first, is_kept):
    bundle = read_bundle(exported('spk2vid'))
    fired = np.random.default_rng(0).random((160, 48, 64)) < rate
    planes = SpikePlanes(pack_planes(fired.astype(np.uint8)), np.arange(160) * 50_000)
    loaded, images = NetworkModel(bundle, choose_backend(), 64, 48), []
    for cuts in ([160], [first, 160]):
        loaded.reset()
        for begin, end in itertools.pairwise([0, *cuts]):
            image = loaded.step(Window(begin * 50_000, end * 50_000, planes[begin:end]))
        images.append(image)
    loaded.close()
    assert np.array_equal(*images) != is_kept
