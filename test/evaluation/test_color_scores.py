# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Comparing colour images with the colours of the scene."""

import sys

import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.color_scores import (
    ciede2000,
    ciede2000_chroma,
    has_colours,
    psnr_color,
)
from spike_recon_ros.evaluation.evaluate import evaluate
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import FRAMES

QUIET = Console(quiet=True)


def flat(*bgr):
    return np.full((8, 8, 3), bgr, np.uint8)


def test_equal_images_have_no_difference():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert ciede2000(image, image) == 0
    assert psnr_color(image, image) == 100


def test_one_channel_counts_a_third_of_the_error():
    # Blue is wrong by half of the range: 1/4 of the square error of one channel of three.
    assert psnr_color(flat(255, 0, 0), flat(127, 0, 0)) == pytest.approx(
        -10 * np.log10((128 / 255) ** 2 / 3)
    )


def test_ciede2000_is_that_of_published_colours():
    """White and black of sRGB differ by 100; the lightness of both ends is exact."""
    pytest.importorskip('skimage', reason='scikit-image is not installed')
    assert ciede2000(flat(255, 255, 255), flat(0, 0, 0)) == pytest.approx(100, abs=0.01)
    red_to_blue = ciede2000(flat(0, 0, 255), flat(255, 0, 0))
    assert red_to_blue == pytest.approx(52.88, abs=0.01)  # of sRGB primaries


def test_an_error_of_the_brightness_alone_is_no_error_of_the_chroma():
    pytest.importorskip('skimage', reason='scikit-image is not installed')
    dark, bright = flat(80, 80, 80), flat(160, 160, 160)
    assert ciede2000(dark, bright) > 20
    assert ciede2000_chroma(dark, bright) < 0.5
    assert ciede2000_chroma(flat(160, 160, 200), bright) > 5


@pytest.mark.parametrize(
    ('image', 'expected'),
    [
        (np.zeros((4, 4), np.uint8), False),
        (flat(90, 90, 90), False),
        (flat(90, 90, 95), False),
        (flat(90, 90, 130), True),
        (flat(90, 90, 130).astype(np.uint16) * 257, True),
        (flat(90, 90, 95).astype(np.uint16) * 257, False),
        (flat(90, 90, 130).astype(np.float32) / 255, True),
    ],
)
def test_grey_stored_as_rgb_has_no_colours(image, expected):
    assert has_colours(image) == expected


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    bag = tmp_path_factory.mktemp('colours') / 'rig'
    size = {'size': (64, 48), 'duration_s': 0.1, 'truth_hz': 100.0, 'seed': 3}
    simulate(bag, Simulation(EventSensor(), frames_hz=30.0, **size))
    return bag


def scores(bag, out, **values):
    settings = Settings(**values)
    return evaluate(['leaky_integrator'], [bag], out, settings, console=QUIET)


def scored(model, bag, out, **values):
    arguments = {key: values.pop(key) for key in ('metrics', 'truth_topic') if key in values}
    return evaluate([model], [bag], out, Settings(**values), console=QUIET, **arguments)


def test_colours_are_scored_where_colour_images_are_made(rig, tmp_path, monkeypatch):
    pytest.importorskip('skimage', reason='scikit-image is not installed')
    monkeypatch.setattr('spike_recon_ros.evaluation.report.curves_possible', lambda: False)
    named = {'metrics': ['psnr_color', 'ciede2000', 'ciede2000_chroma', 'mse']}
    found = scored('leaky_integrator', rig, tmp_path / 'a', color='frame', **named)
    mean = found['mean']['leaky_integrator']
    assert set(mean) == set(named['metrics'])
    assert 5 < mean['psnr_color'] < 40
    assert 0 < mean['ciede2000_chroma'] < mean['ciede2000']
    with pytest.raises(UserError, match='give --color too'):
        scored('leaky_integrator', rig, tmp_path / 'b', metrics=['ciede2000'])


def test_a_truth_topic_with_colours_is_used_and_a_grey_one_is_one_sentence(
    rig, tmp_path, monkeypatch
):
    monkeypatch.setattr('spike_recon_ros.evaluation.report.curves_possible', lambda: False)
    wanted = {'metrics': ['psnr_color'], 'color': 'frame'}
    found = scored('leaky_integrator', rig, tmp_path / 'a', truth_topic=FRAMES, **wanted)
    assert found['mean']['leaky_integrator']['psnr_color'] > 5
    simulate(tmp_path / 'grey', Simulation(EventSensor(), size=(64, 48), duration_s=0.04))
    with pytest.raises(UserError, match='no ground truth with colours'):
        scored('leaky_integrator', tmp_path / 'grey', tmp_path / 'b', **wanted)


def test_without_scikit_image_the_cure_is_named(rig, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'skimage.color', None)
    with pytest.raises(UserError, match='pip install scikit-image'):
        scored('fibar', rig, tmp_path / 'a', color='frame', metrics=['ciede2000'])
