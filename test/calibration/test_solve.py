# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Known cameras are recovered from exact corners; the files hold what was found."""

import dataclasses

import cv2
import numpy as np
import pytest
import yaml

from spike_recon_ros.calibration.camera_info_file import write_camera_info
from spike_recon_ros.calibration.report import coverage, draw_report, figures
from spike_recon_ros.calibration.solve import View, calibrate, choose_views
from spike_recon_ros.errors import UserError

SIZE = 346, 260
K = np.array([[363.0, 0.0, 176.0], [0.0, 361.0, 126.0], [0.0, 0.0, 1.0]])
D = np.array([-0.15, 0.06, 0.0008, -0.0005, 0.0])
BOARD = np.array([(0.03 * x, 0.03 * y, 0.0) for y in range(6) for x in range(8)], np.float32)


def views_of(count, tilt=0.5, noise=0.0, seed=0):
    """Views of a board at random poses, with exact corners unless there is noise."""
    random = np.random.default_rng(seed)
    views = []
    for number in range(count):
        rotation = random.uniform(-tilt, tilt, 3)
        position = random.uniform([-0.2, -0.15, 0.35], [0.0, 0.0, 0.6])
        pixels, _ = cv2.projectPoints(BOARD, rotation, position, K, D)
        pixels = pixels.reshape(-1, 2) + noise * random.standard_normal((len(BOARD), 2))
        views.append(View(BOARD, pixels.astype(np.float32), number))
    return views


def test_a_known_camera_is_recovered():
    found = calibrate(views_of(20), SIZE)
    assert found.matrix == pytest.approx(K, abs=0.05)
    assert found.distortion == pytest.approx(D, abs=1e-3)
    assert found.rms_px < 0.01
    assert not found.left_out
    assert not found.warning


def test_views_that_do_not_determine_the_camera_are_refused():
    with pytest.raises(UserError, match='record the board tilted by 20 to 40 degrees'):
        calibrate(views_of(12, tilt=0.01, noise=0.3), SIZE, 'none')


def test_an_uncertain_focal_length_is_warned_of():
    found = calibrate(views_of(12), SIZE)
    uncertain = dataclasses.replace(found, deviations=np.array([7.3, 3.0, 1.0, 1.0]))
    assert uncertain.warning.startswith('the focal length is known to 2.0 % only')


def test_views_of_one_or_two_inclinations_are_refused():
    one = views_of(1) * 12
    with pytest.raises(UserError, match='the 12 views have 1 of the 3 different inclinations'):
        calibrate(one, SIZE)
    with pytest.raises(UserError, match='have 2 of the 3 different inclinations'):
        calibrate(views_of(2, noise=0.05) * 6, SIZE)


def test_corners_that_do_not_fit_a_flat_board_are_refused():
    views = views_of(12)
    random = np.random.default_rng(3)
    for view in views:
        view.pixels += 6 * random.standard_normal(view.pixels.shape).astype(np.float32)
    with pytest.raises(UserError, match='do not fit one board: the reprojection error is'):
        calibrate(views, SIZE)


def test_a_large_reprojection_error_is_warned_of():
    found = dataclasses.replace(calibrate(views_of(12), SIZE), rms_px=1.3)
    assert found.warning.startswith('the reprojection error of 1.30 px is large')


def test_a_wrong_view_is_left_out():
    views = views_of(20, noise=0.1)
    views[7].pixels += 3 * np.random.default_rng(9).standard_normal((48, 2)).astype(np.float32)
    found = calibrate(views, SIZE)
    assert [view.t_ns for view in found.left_out] == [7]
    assert found.matrix == pytest.approx(K, rel=0.01, abs=1.0)


def test_too_few_views_are_refused_with_the_cure():
    with pytest.raises(UserError, match='found in 9 images and 10 are needed; move it'):
        calibrate(views_of(9), SIZE)


def test_the_chosen_views_differ():
    same = views_of(1) * 50
    other = views_of(8, seed=1)
    assert choose_views(other, 10, SIZE) == other
    chosen = choose_views([*same, *other], 9, SIZE)
    assert len(chosen) == 9
    assert all(view in chosen for view in other)


def test_the_camera_info_file_has_the_form_of_camera_calibration_parsers(tmp_path):
    found = calibrate(views_of(20), SIZE)
    write_camera_info(tmp_path / 'camera_info.yaml', found, 'left')
    read = yaml.safe_load((tmp_path / 'camera_info.yaml').read_text(encoding='utf-8'))
    assert (read['image_width'], read['image_height'], read['camera_name']) == (*SIZE, 'left')
    assert read['distortion_model'] == 'plumb_bob'
    shapes = {'camera_matrix': (3, 3), 'distortion_coefficients': (1, 5)}
    shapes |= {'rectification_matrix': (3, 3), 'projection_matrix': (3, 4)}
    for name, (rows, columns) in shapes.items():
        assert (read[name]['rows'], read[name]['cols']) == (rows, columns)
        assert len(read[name]['data']) == rows * columns
    assert read['camera_matrix']['data'] == pytest.approx(found.matrix.ravel().tolist(), rel=1e-6)


def test_the_report_counts_and_shows_every_corner():
    found = calibrate(views_of(12), SIZE)
    pixels = np.concatenate([view.pixels for view in found.views])
    inside = ((pixels > -0.5) & (pixels < np.array(SIZE) - 0.5)).all(axis=1)
    assert coverage(found).sum() == np.count_nonzero(inside) > 400
    result = figures(found, 30, 12)
    assert (result['images'], result['images_with_board'], len(result['views'])) == (30, 12, 12)
    picture = draw_report(found)
    assert picture.dtype == np.uint8
    far = dataclasses.replace(found, views=found.views[:1])
    assert (draw_report(far) != picture).any()
