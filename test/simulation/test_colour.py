# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scenes in colour, sensors with a Bayer pattern, and the camera beside the sensor."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulated_sensors import EventSensor, SpikeSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import FRAMES, GROUND_TRUTH, GROUND_TRUTH_COLOR
from spike_recon_training.simulation.colour import (
    PATTERNS,
    BayerScene,
    FrameCamera,
    PacedColourScene,
    coloured_board,
    mosaic,
)

WIDTH, HEIGHT = 64, 48
SMALL = {'size': (WIDTH, HEIGHT), 'duration_s': 0.05, 'seed': 2}


@pytest.fixture(scope='module')
def board():
    return coloured_board(WIDTH, HEIGHT, seed=2)


def test_luminance_is_the_weighted_sum_of_the_colours(board):
    colour = board.colour(0.1)
    red, green, blue = np.moveaxis(colour, -1, 0)
    np.testing.assert_allclose(
        board.luminance(0.1), 0.299 * red + 0.587 * green + 0.114 * blue, atol=1e-6
    )
    assert np.ptp(colour, axis=-1).max() > 0.2


@pytest.mark.parametrize('pattern', PATTERNS)
def test_each_pixel_sees_the_colour_of_its_filter(board, pattern):
    seen, colour = BayerScene(board, pattern).luminance(0.1), board.colour(0.1)
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1), (6, 8), (7, 9)):
        letter = pattern[y % 2 * 2 + x % 2]
        assert seen[y, x] == colour[y, x, 'rgb'.index(letter)]


def test_a_sensor_of_an_odd_size_has_no_bayer_pattern():
    with pytest.raises(UserError, match='65x48 pixels cannot have a Bayer pattern'):
        BayerScene(coloured_board(65, 48), 'rggb')


def test_a_colour_scene_can_be_played_faster_and_stopped(board):
    paced = PacedColourScene(board, 2.0, stop_s=0.1)
    assert (paced.colour(0.05) == board.colour(0.1)).all()
    assert (paced.colour(0.3) == board.colour(0.2)).all()


def test_a_longer_exposure_blurs_what_moves(board):
    fast = PacedColourScene(board, 20.0)
    sharp, blurred = (
        FrameCamera(exposure_ms=ms, noise=0.0).image(fast, 50_000_000).astype(float)
        for ms in (0.01, 100.0)
    )
    assert np.abs(np.diff(blurred, axis=1)).mean() < 0.8 * np.abs(np.diff(sharp, axis=1)).mean()


def test_a_rig_holds_events_frames_and_colour_truth(tmp_path):
    result = simulate(tmp_path / 'rig', Simulation(EventSensor(), frames_hz=40.0, **SMALL))
    assert result['camera_frames'] == 2
    frames = list(read_images(tmp_path / 'rig', FRAMES))
    truth = list(read_images(tmp_path / 'rig', GROUND_TRUTH_COLOR))
    grey = list(read_images(tmp_path / 'rig', GROUND_TRUTH))
    assert [stamp for stamp, _ in truth] == [stamp for stamp, _ in grey]
    assert frames[0][0] == truth[0][0]
    assert frames[0][1].shape == (HEIGHT, WIDTH, 3)
    luma = cv2.cvtColor(truth[1][1], cv2.COLOR_BGR2GRAY).astype(int)
    assert np.abs(luma - grey[1][1]).max() <= 1
    # Blurred and noisy, but the same scene.
    assert np.abs(frames[0][1].astype(int) - truth[0][1]).mean() < 12


def test_a_frame_is_recorded_after_its_exposure(tmp_path):
    simulate(tmp_path / 'rig', Simulation(frames_hz=40.0, frame_exposure_ms=8.0, **SMALL))
    with open_source(tmp_path / 'rig', reference_topic=FRAMES) as source:
        order = [item.stamp_ns for item in source]
    assert sorted(order) != order, 'the frame must come after later packets'
    [first, *_] = open_images(tmp_path / 'rig', FRAMES)
    later = (
        order[: order.index(first[0], 1)]
        if order[0] == first[0]
        else order[: order.index(first[0])]
    )
    assert max(later) - first[0] >= 7_000_000


def test_frames_of_a_bayer_sensor_have_its_pattern(tmp_path):
    simulate(tmp_path / 'rig', Simulation(frames_hz=40.0, bayer_pattern='gbrg', **SMALL))
    raw = [image for _, image in read_images(tmp_path / 'rig', FRAMES)]
    truth = [image for _, image in read_images(tmp_path / 'rig', GROUND_TRUTH_COLOR)]
    assert raw[0].shape == (HEIGHT, WIDTH, 3), 'the reader demosaics'
    expected = mosaic(truth[0][:, :, ::-1], 'gbrg').astype(int)
    assert np.abs(mosaic(raw[0][:, :, ::-1], 'gbrg') - expected).mean() < 12


def test_a_spike_camera_has_colour_truth_too(tmp_path):
    simulation = Simulation(
        SpikeSensor(), bayer_pattern='rggb', size=(64, 48), duration_s=0.01, truth_hz=500.0
    )
    simulate(tmp_path / 'bag', simulation)
    assert next(read_images(tmp_path / 'bag', GROUND_TRUTH_COLOR))[1].shape == (48, 64, 3)
    simulate(tmp_path / 'planes.dat', simulation)
    [first, *_] = sorted((tmp_path / 'planes_truth').iterdir())
    assert np.ptp(cv2.imread(str(first)).astype(int), axis=-1).max() > 20


@pytest.mark.parametrize(
    ('values', 'cure'),
    [
        ({'bayer_pattern': 'rgbg'}, "the Bayer pattern is 'rgbg'; it must be one of rggb"),
        ({'frames_hz': 0.0}, 'the rate of the camera frames is 0'),
        ({'frames_hz': 200.0, 'frame_exposure_ms': 10.0}, 'must lie above 0 and be at most 5'),
        ({'bayer_pattern': 'rggb', 'size': (65, 48)}, 'choose even sides'),
    ],
)
def test_an_impossible_rig_is_refused_in_one_sentence(tmp_path, values, cure):
    with pytest.raises(UserError, match=cure):
        simulate(tmp_path / 'bag', Simulation(**{**SMALL, **values}))
    assert not (tmp_path / 'bag').exists()


def test_without_a_bag_there_are_no_frames(tmp_path):
    with pytest.raises(UserError, match=r'a \.dat holds no frames of a camera'):
        simulate(tmp_path / 'a.dat', Simulation(SpikeSensor(), frames_hz=10.0))
