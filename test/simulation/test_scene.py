# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The board, the camera motion and the scenes made of them."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.tags import read_tags
from spike_recon_training.simulation.board import apriltag_board
from spike_recon_training.simulation.motion import CameraMotion
from spike_recon_training.simulation.recording import truth_image
from spike_recon_training.simulation.scene import BinnedScene, BoardScene, PacedScene

WIDTH, HEIGHT = 346, 260
TIMES_S = np.arange(0.0, 12.0, 0.05)


@pytest.fixture(scope='module')
def scene():
    return BoardScene(WIDTH, HEIGHT, seed=0)


def warp_points(homography, points):
    return cv2.perspectiveTransform(np.asarray(points, float)[None], homography)[0]


def test_tags_are_detected_at_their_positions_on_the_board():
    board = apriltag_board(260, 210, seed=3)
    found = read_tags(np.rint(255 * board.luminance).astype(np.uint8))
    assert len(board.tags) >= 12
    # A tag at the border may lack the margin that the detector needs; all others must be found.
    assert len(found) >= len(board.tags) - 2
    for tag_id, corners in found.items():
        assert np.abs(corners - board.tags[tag_id]).max() < 2.0


def test_board_luminance_is_float32_above_0_and_at_most_1():
    board = apriltag_board(100, 100, seed=1)
    assert board.luminance.dtype == np.float32
    assert board.luminance.min() > 0
    assert board.luminance.max() <= 1


def test_board_is_at_least_as_large_as_requested():
    board = apriltag_board(123.0, 77.0)
    height, width = board.luminance.shape
    corners = warp_points(board.to_plane, [[0, 0], [width - 1, height - 1]])
    assert (corners[0] <= [-122.5, -76.5]).all()
    assert (corners[1] >= [122.5, 76.5]).all()


def test_same_seed_gives_the_same_texture():
    first, same, other = (apriltag_board(100, 100, seed=seed).luminance for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_more_tags_than_the_family_has_raise_an_error_with_the_limit():
    with pytest.raises(UserError, match='587'):
        apriltag_board(2000, 2000, tag_width=52)


@pytest.mark.parametrize('seed', range(6))
def test_view_stays_within_its_bounds(seed):
    motion = CameraMotion(WIDTH, HEIGHT, seed)
    corners = [[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]
    seen = np.array([warp_points(np.linalg.inv(motion.homography(t)), corners) for t in TIMES_S])
    assert (np.abs(seen) <= motion.reach).all()


@pytest.mark.parametrize('seed', range(6))
def test_two_seconds_contain_motion_in_all_directions(seed):
    motion = CameraMotion(WIDTH, HEIGHT, seed)
    middle = [[WIDTH / 2, HEIGHT / 2]]
    for start_s in (0.0, 1.0, 5.0):
        steps = []
        for t in np.arange(start_s, start_s + 2.0, 0.02):
            onward = motion.homography(t + 0.01) @ np.linalg.inv(motion.homography(t - 0.01))
            steps.append((warp_points(onward, middle)[0] - middle[0]) / 0.02)
        steps = np.array(steps)
        # For every edge normal, the speed along it exceeds 25 px/s at some time.
        for angle in np.linspace(0, np.pi, 16, endpoint=False):
            across = steps @ [np.cos(angle), np.sin(angle)]
            assert np.abs(across).max() > 25.0


def test_speed_is_an_upper_bound_of_the_motion_in_the_image(scene):
    motion = CameraMotion(WIDTH, HEIGHT, 0)
    dt = 0.001
    for t in (0.1, 1.3, 2.9):
        onward = motion.homography(t + dt) @ np.linalg.inv(motion.homography(t))
        points = np.random.default_rng(0).uniform(0, [WIDTH - 1, HEIGHT - 1], (50, 2))
        shift = np.hypot(*(warp_points(onward, points) - points).T)
        assert shift.max() <= 1.05 * dt * motion.speed_px(t)
        assert scene.speed_px(t) == motion.speed_px(t)


def test_tags_appear_where_the_homography_maps_them(scene):
    image = np.rint(255 * scene.luminance(0.7)).astype(np.uint8)
    found = read_tags(image)
    assert len(found) >= 6
    for tag_id, corners in found.items():
        expected = warp_points(scene.board_to_image(0.7), scene.board.tags[tag_id])
        assert np.abs(corners - expected).max() < 2.0


def test_tags_are_detected_in_the_ground_truth(scene):
    views = [np.rint(255 * scene.luminance(t)).astype(np.uint8) for t in np.arange(0, 3, 0.3)]
    assert np.mean([len(read_tags(view)) for view in views]) >= 6


def test_number_of_tags_does_not_depend_on_the_resolution():
    coarse, fine = BoardScene(160, 120), BoardScene(320, 240)
    assert len(coarse.board.tags) == len(fine.board.tags)


def test_view_luminance_is_float32_above_0_and_at_most_1(scene):
    view = scene.luminance(1.0)
    assert view.shape == (HEIGHT, WIDTH)
    assert view.dtype == np.float32
    assert view.min() > 0
    assert view.max() <= 1


def test_a_faster_scene_shows_later_times_and_moves_faster(scene):
    fast = PacedScene(scene, 8.0)
    np.testing.assert_array_equal(fast.luminance(0.1), scene.luminance(0.8))
    assert fast.speed_px(0.1) == 8 * scene.speed_px(0.8)
    assert (fast.width, fast.height) == (scene.width, scene.height)


def test_a_stopped_scene_stays_static(scene):
    stopping = PacedScene(scene, 2.0, stop_s=0.4)
    np.testing.assert_array_equal(stopping.luminance(0.3), scene.luminance(0.6))
    assert stopping.speed_px(0.3) == 2 * scene.speed_px(0.6) > 0
    for t_s in (0.4, 7.0):
        np.testing.assert_array_equal(stopping.luminance(t_s), scene.luminance(0.8))
        assert stopping.speed_px(t_s) == 0


def test_a_pixel_of_a_binned_scene_sees_the_mean_over_a_square_of_the_truth():
    large = BoardScene(128, 96, seed=1)
    binned = BinnedScene(large, 4)
    sharp = large.luminance(0.5)
    assert (binned.width, binned.height) == (32, 24)
    np.testing.assert_allclose(binned.luminance(0.5)[3, 5], sharp[12:16, 20:24].mean(), rtol=1e-5)
    np.testing.assert_array_equal(binned.truth(0.5), sharp)
    assert truth_image(binned, 500_000_000).shape == (96, 128)
    assert binned.speed_px(0.5) == pytest.approx(large.speed_px(0.5) / 4)


def test_the_camera_matrix_of_a_binned_scene_projects_to_the_same_places():
    large = BoardScene(128, 96, seed=1)
    binned = BinnedScene(large, 4)
    point = np.array([0.1, -0.2, 1.0])
    x, y, _ = large.camera_matrix @ point
    # Pixel 0 covers the pixels 0 to 3, whose centre is 1.5.
    np.testing.assert_allclose((binned.camera_matrix @ point)[:2], ((x - 1.5) / 4, (y - 1.5) / 4))
