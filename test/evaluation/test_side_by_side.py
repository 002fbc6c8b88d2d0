# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The picture of three panels."""

import cv2
import numpy as np

from spike_recon_ros.evaluation.side_by_side import (
    GROUND,
    OFF,
    ON,
    PANEL_WIDTH,
    SPIKE,
    draw_events,
    draw_plane,
    side_by_side,
)
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes

WIDTH, HEIGHT = 120, 90


def events(*rows):
    x, y, p, t_ns = np.array(rows).T
    return Events(
        x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), t_ns, Triggers.empty()
    )


def grey(value):
    return np.full((HEIGHT, WIDTH), value, np.uint8)


def tag_image():
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    image = grey(230)
    image[20:68, 30:78] = cv2.aruco.generateImageMarker(dictionary, 3, 48)
    return image


def test_polarities_have_their_colours():
    picture = draw_events(events((1, 2, 1, 0), (1, 2, 1, 5), (3, 4, 0, 6), (3, 4, 0, 7)), 10, 8)
    assert tuple(picture[2, 1]) == ON
    assert tuple(picture[4, 3]) == OFF
    assert tuple(picture[0, 0]) == GROUND
    assert picture.shape == (8, 10, 3)


def test_both_polarities_mix():
    picture = draw_events(events((1, 2, 1, 0), (1, 2, 0, 5)), 10, 8)
    assert np.abs(picture[2, 1] - (np.array(ON) + OFF) / 2).max() <= 0.5


def test_no_event_gives_the_bare_ground():
    assert (draw_events(Events.empty(), 10, 8) == GROUND).all()


def test_of_spike_planes_the_last_one_is_shown():
    spikes = np.zeros((2, 3, 10), np.uint8)
    spikes[0, 0, 0] = spikes[1, 2, 9] = 1
    planes = SpikePlanes(pack_planes(spikes), np.arange(2))
    picture = draw_plane(planes, 10, 3)
    assert tuple(picture[2, 9]) == SPIKE
    assert (picture != GROUND).any(axis=2).sum() == 1
    assert (draw_plane(planes[:0], 10, 3) == GROUND).all()
    image = np.full((3, 10), 77, np.uint8)
    shown = (side_by_side(planes, image) == SPIKE).all(axis=2)
    assert shown.sum() == (PANEL_WIDTH // 10) ** 2


def test_panels_show_the_images_in_whole_pixels():
    page = side_by_side(events((1, 2, 1, 0)), grey(77), grey(200))
    assert page.dtype == np.uint8
    for value in (77, 200):
        shown = (page == value).all(axis=2)
        assert shown.sum() == 5**2 * WIDTH * HEIGHT


def test_without_truth_there_are_two_panels():
    three = side_by_side(Events.empty(), grey(77), grey(200))
    two = side_by_side(Events.empty(), grey(77))
    assert two.shape[0] == three.shape[0]
    assert two.shape[1] < 0.7 * three.shape[1]


def test_large_sensors_are_not_magnified():
    image = np.zeros((720, 1280), np.uint8)
    assert side_by_side(Events.empty(), image).shape[1] < 2 * 1280 + 200


def test_tags_are_outlined_on_request():
    plain, marked = (
        side_by_side(Events.empty(), tag_image(), grey(230), tags=tags) for tags in (False, True)
    )
    colourful = [(np.ptp(page.astype(int), axis=2) > 60).sum() for page in (plain, marked)]
    assert colourful[0] == 0
    assert colourful[1] > 100


def test_inputs_are_not_changed():
    image = tag_image()
    before = image.copy()
    side_by_side(Events.empty(), image, image, tags=True)
    assert np.array_equal(image, before)
