# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Of a file with several cameras, events and frames of one camera belong together."""

import json

import numpy as np
import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.topics import GROUND_TRUTH
from spike_recon_ros.viewer.film import FilmShow


@pytest.fixture
def recorded(make_recorded):
    return make_recorded()


@pytest.fixture
def two_cameras(recorded, tmp_path):
    """A file whose right camera has negative images."""
    return recorded.write('mvsec', tmp_path)


@pytest.mark.parametrize('camera', ['left', 'right'])
def test_the_converted_frames_are_those_of_the_camera(recorded, two_cameras, tmp_path, camera):
    out = tmp_path / 'bag'
    assert main(['convert', str(two_cameras), '-o', str(out), '--topic', f'davis/{camera}']) == 0
    images = np.stack([image for _, image in open_images(out, GROUND_TRUTH)])
    assert (images == (recorded.images if camera == 'left' else 255 - recorded.images)).all()


def test_a_camera_is_evaluated_against_its_own_frames(two_cameras, tmp_path):
    out = tmp_path / 'scores'
    words = ['-m', 'fibar', '-o', str(out), '--topic', 'davis/right', '-q', 'mse']
    assert main(['evaluate', '-d', str(two_cameras), *words]) == 0
    assert 'davis/right/images' in json.dumps(json.loads((out / 'summary.json').read_text()))


def test_the_page_shows_the_frames_of_the_camera(two_cameras, monkeypatch):
    asked = []
    monkeypatch.setattr(
        'spike_recon_ros.viewer.film.truth_topic', lambda *words: asked.append(words)
    )

    class Source:
        path = two_cameras

    FilmShow(Source(), [], [], size=(346, 260), camera='davis/right')
    assert asked == [(two_cameras, (346, 260), 'davis/right')]
