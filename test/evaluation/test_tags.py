# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reading tags and counting them."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.evaluation.tags import TagScore, read_tags

SIDE = 48


def sheet(*places):
    """Draw tags (id, x, y) of SIDE pixels on white paper; uint8 [160, 240]."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    image = np.full((160, 240), 230, np.uint8)
    for tag_id, x, y in places:
        image[y : y + SIDE, x : x + SIDE] = cv2.aruco.generateImageMarker(dictionary, tag_id, SIDE)
    return image


def test_tags_are_read_with_their_corners():
    found = read_tags(sheet((3, 20, 30), (17, 120, 80)))
    assert set(found) == {3, 17}
    expected = np.array([[20, 30], [68, 30], [68, 78], [20, 78]])
    assert np.abs(found[3] - expected).max() <= 1.5


def test_image_without_tags_gives_none():
    noise = np.random.default_rng(0).integers(0, 256, (160, 240), np.uint8)
    assert read_tags(noise) == {}
    assert read_tags(np.zeros((160, 240), np.uint8)) == {}


def test_id_in_two_places_is_left_out():
    assert set(read_tags(sheet((5, 20, 30), (5, 120, 30), (6, 20, 100)))) == {6}


def test_image_with_gaps_between_its_rows_is_read():
    wide = np.hstack([sheet((3, 20, 30)), sheet()])
    assert set(read_tags(wide[:, :240])) == {3}


def test_score_is_the_mean_number_of_tags():
    score = TagScore()
    score.add(sheet((1, 20, 30), (2, 120, 30)))
    score.add(sheet((1, 20, 30)))
    assert score.tags_per_frame == 1.5
    assert score.share_in_view is None
    assert score.summary()['share_of_tags_in_view'] is None


def test_share_counts_tags_in_view_only():
    truth = sheet((1, 20, 30), (2, 120, 30), (3, 20, 100), (4, 120, 100))
    score = TagScore()
    score.add(sheet((1, 20, 30), (2, 120, 30), (3, 20, 100)), truth)
    score.add(sheet(), sheet())
    assert score.share_in_view == 0.75
    assert score.summary()['tags_in_view_per_frame'] == 2.0


def test_wrong_id_or_place_does_not_count():
    score = TagScore()
    score.add(sheet((9, 20, 30), (2, 120, 90)), sheet((1, 20, 30), (2, 120, 30)))
    assert score.tags_found == 0
    assert score.tags_beyond_truth == 2


def test_no_frame_gives_no_figures():
    score = TagScore()
    assert score.tags_per_frame == 0.0
    assert score.summary()['tags_in_view_per_frame'] is None


@pytest.mark.parametrize('moved_px', [0, 5])
def test_small_lag_is_tolerated(moved_px):
    score = TagScore()
    score.add(sheet((1, 20 + moved_px, 30)), sheet((1, 20, 30)))
    assert score.share_in_view == 1.0
