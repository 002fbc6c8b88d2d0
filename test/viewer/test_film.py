# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recording on the page: models side by side, at any frame."""

import tempfile

import cv2
import numpy as np
import pytest
from full_disk import full_after

from spike_recon_ros.offline.reconstruct import reconstruct
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.viewer.film import FilmShow, Strip
from spike_recon_ros.viewer.show import Viewer

MODELS = ['fibar', 'leaky_integrator']


@pytest.fixture
def path(make_recorded, tmp_path):
    return make_recorded().write('npy', tmp_path)


@pytest.fixture
def film(path):
    """The show of a recording, with everything reconstructed."""
    show = FilmShow(open_source(path), [Settings(model=m, fps=50.0) for m in MODELS], MODELS)
    show.start()
    show.wait()
    yield show
    show.stop()


def _shown(film, index):
    viewer = Viewer()
    film.request(viewer, {'seek': index})
    return dict(viewer._pictures), viewer._texts[-1]['at']


def _image(picture):
    return cv2.imdecode(np.frombuffer(picture.jpeg(), np.uint8), cv2.IMREAD_GRAYSCALE)


def test_each_model_shows_the_frames_that_run_would_write(film, path):
    for number, model in enumerate(MODELS):
        frames = list(reconstruct(path, model=model, fps=50.0))
        assert film.state['frames'] == len(frames) > 5
        for index, frame in enumerate(frames):
            pictures, at = _shown(film, index)
            assert at['frame'] == index
            expected = cv2.imencode('.jpg', frame.image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
            assert pictures[f'model{number}'].jpeg() == expected.tobytes()


def test_the_recorded_frames_and_the_events_are_beside_them(film):
    titles = {pane['name']: pane['title'] for pane in film.hello()['panes']}
    assert list(titles) == ['samples', 'model0', 'model1', 'truth']
    assert titles['truth'] == 'camera frames'
    pictures, _ = _shown(film, 6)
    assert pictures.keys() == titles.keys()
    assert len(np.unique(_image(pictures['samples']))) > 2


@pytest.mark.parametrize('index', [-5, 10**9])
def test_a_frame_outside_is_the_first_or_the_last(film, index):
    last = film.state['frames'] - 1
    assert _shown(film, index)[1]['frame'] == (0 if index < 0 else last)


@pytest.mark.parametrize('index', ['3', 1.5, True, None])
def test_a_malformed_frame_number_shows_nothing(film, index):
    viewer = Viewer()
    film.request(viewer, {'seek': index})
    assert not viewer._pictures


def test_a_snapshot_is_of_the_frame_that_is_asked_for(film):
    assert film.snapshot('model1', 3).jpeg() == _shown(film, 3)[0]['model1'].jpeg()
    assert film.snapshot('nothing', 3) is None
    assert film.snapshot('model1', 10**6) is None
    assert film.snapshot('model1', None) is None


def test_a_full_temporary_folder_is_one_sentence_and_the_frames_so_far_stay(path):
    show = FilmShow(open_source(path), [Settings(model='fibar', fps=50.0)], ['x'])
    with full_after(3_000):
        show.start()
        show.wait()
    assert show.state['level'] == 'error'
    assert 'pictures cannot be kept in' in show.state['message']
    assert 'file too large; choose a disk' in show.state['message']
    assert 0 < show.state['frames'] < 10
    show.stop()


def test_each_round_of_a_loop_has_pictures_of_its_own():
    with tempfile.TemporaryFile() as file:
        strip = Strip(file.fileno())
        for index in range(10):
            strip.append(np.full((8, 8), 20 * index, np.uint8), (index % 5) * 40_000_000)
        shown = [_image(strip.at(t_ns))[0, 0] for t_ns in strip.times_ns]
    assert [round(int(grey) / 20) for grey in shown] == list(range(10))


def test_an_error_is_shown_and_the_frames_so_far_stay(path, monkeypatch):
    show = FilmShow(open_source(path), [Settings(model='fibar', hot_pixel_file='gone.png')], ['x'])
    show.start()
    show.wait()
    assert show.state['level'] == 'error'
    assert 'gone.png' in show.state['message']
    show.stop()
