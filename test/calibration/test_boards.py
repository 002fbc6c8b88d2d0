# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Boards are found where they were drawn, and a wrong board is named."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.calibration.boards import BOARDS, target_of
from spike_recon_ros.errors import UserError

PX_PER_M = 1500
MARGIN = 40
SIZES = {'checkerboard': (8, 6), 'charuco': (7, 5), 'aprilgrid': (4, 3)}
SIDES = {'checkerboard': 0.03, 'charuco': 0.04, 'aprilgrid': 0.06}
VIEW = np.array([[0.9, 0.1, 60.0], [-0.05, 0.85, 80.0], [1e-4, -1e-4, 1.0]])
EACH = pytest.mark.parametrize('board', BOARDS)


def board_of(board, less=0):
    columns, rows = SIZES[board]
    return target_of(board, (columns - less, rows - less), SIDES[board])


def view_of(board, homography=VIEW):
    """An image of a board, and the function that projects its points into the image."""
    target = board_of(board)
    sheet = cv2.copyMakeBorder(
        target.draw(PX_PER_M), *[MARGIN] * 4, cv2.BORDER_CONSTANT, value=255
    )
    image = cv2.warpPerspective(sheet, homography, (700, 500), borderValue=200)

    def project(points):
        pixels = (points[:, :2] + np.array(target.origin)) * PX_PER_M - 0.5 + MARGIN
        return cv2.perspectiveTransform(pixels[None].astype(float), homography)[0]

    return image, project


@EACH
def test_corners_are_found_where_they_are(board):
    image, project = view_of(board)
    points, pixels = board_of(board).find(image)
    assert len(points) >= 24
    distances = np.hypot(*(project(points) - pixels).T)
    assert np.median(distances) < 0.3
    assert distances.max() < 1.0


@EACH
def test_an_image_without_a_board_has_no_corners(board):
    noise = np.random.default_rng(0).integers(0, 255, (240, 320), np.uint8)
    assert board_of(board).find(cv2.GaussianBlur(noise, (0, 0), 3)) is None
    assert board_of(board).hint(np.full((240, 320), 128, np.uint8)) == ''


def test_another_checkerboard_is_named_with_its_size():
    image, _ = view_of('checkerboard')
    assert board_of('checkerboard').hint(image) == 'a checkerboard of 8x6 inner corners'


def test_a_few_corners_that_any_texture_has_are_not_named_as_a_board():
    sheet = target_of('checkerboard', (3, 3), 0.03).draw(PX_PER_M)
    few = cv2.copyMakeBorder(sheet, *[MARGIN] * 4, cv2.BORDER_CONSTANT, value=255)
    assert board_of('checkerboard').hint(few) == ''


@pytest.mark.parametrize(
    ('board', 'words'), [('charuco', 'a marker 16'), ('aprilgrid', 'a tag 11')]
)
def test_a_larger_board_of_markers_is_refused_and_named(board, words):
    image, _ = view_of(board)
    smaller = board_of(board, less=1 if board == 'aprilgrid' else 2)
    assert smaller.find(image) is None
    assert smaller.hint(image).startswith(words)


@pytest.mark.parametrize('shift', [-200.0, 330.0])
def test_a_part_of_a_board_of_markers_is_enough_and_no_corner_lies_outside(shift):
    moved = np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]) @ VIEW
    for board in ('charuco', 'aprilgrid'):
        image, project = view_of(board, moved)
        points, pixels = board_of(board).find(image)
        assert 8 <= len(points) < 48
        assert ((pixels > 0) & (pixels < (700, 500))).all()
        assert np.median(np.hypot(*(project(points) - pixels).T)) < 0.3


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (('checkerboard', (2, 6), 0.03), 'it needs 3 at least'),
        (('checkerboard', (8, 6), 0.0), 'must be above 0 and at most 2, in metres'),
        (('checkerboard', (8, 6), 30.0), 'the side of a square is 30 m'),
        (('charuco', (12, 10), 0.03), 'choose a larger dictionary'),
        (('aprilgrid', (40, 40), 0.03), 'more tags than the family'),
    ],
)
def test_an_impossible_board_is_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        target_of(*arguments)


def test_a_marker_larger_than_its_square_is_refused():
    with pytest.raises(UserError, match='does not fit into a square'):
        target_of('charuco', (7, 5), 0.03, marker=0.04)


@pytest.mark.parametrize('board', ['charuco', 'aprilgrid'])
def test_a_mirrored_board_is_named(board):
    image, _ = view_of(board)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    assert board_of(board).find(mirrored) is None
    assert board_of(board).hint(mirrored).startswith('the board mirrored (turn off the flip')


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'marker': 0.02}, 'check --marker'),
        ({'dictionary': '5x5_50'}, 'this board with --dictionary 4x4_50'),
    ],
)
def test_the_wrong_option_of_a_charuco_board_is_named(options, words):
    image, _ = view_of('charuco')
    wrong = target_of('charuco', (7, 5), 0.04, **options)
    assert wrong.find(image) is None
    assert words in wrong.hint(image)


def test_a_wrong_spacing_of_tags_is_named():
    image, _ = view_of('aprilgrid')
    wrong = target_of('aprilgrid', (4, 3), 0.06, spacing=0.9)
    assert wrong.find(image) is None
    assert 'tags in other places than those of a grid of this size' in wrong.hint(image)
