# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Paths of scene points, and means of images warped along them."""

import numpy as np
import pytest

from spike_recon_ros.spike_history.scene_path import ScenePath, warped_means

SIZE = 40, 56


def path(*shifts, nodes=(-10, 0, 20)):
    full = [np.broadcast_to(np.float32(shift)[:, None, None], (2, *SIZE)) for shift in shifts]
    return ScenePath(np.float32(nodes), np.ascontiguousarray(full))


def waves(x=0.0, y=0.0):
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return (0.5 + 0.2 * np.sin((columns - x) / 2) + 0.2 * np.cos((rows - y) / 2.5)).astype('f4')


def mean_of(images, times, weights, along, bounds=((0, None),)):
    numbers = np.arange(len(images))
    groups = [(numbers >= first) & (numbers < (end or len(images))) for first, end in bounds]
    out = np.empty((len(groups), *SIZE), np.float32)
    warped_means(np.stack(images), np.array(times), weights * np.array(groups), along, out)
    return out


@pytest.mark.parametrize(
    ('planes', 'shift'),
    [(-10, (2, 0)), (-5, (1, 0)), (-20, (4, 0)), (0, (0, 0)), (10, (0, 3)), (40, (0, 12))],
)
def test_between_the_nodes_the_shift_is_linear_and_outside_extrapolated(planes, shift):
    found = path((2, 0), (0, 0), (0, 6)).at(planes)
    np.testing.assert_allclose(found[:, 3, 5], shift)


def test_images_of_a_moving_scene_are_aligned():
    along = path((3.3, 1.4), (0, 0), (-2.7, 5.2))
    images = [waves(*along.at(time)[:, 0, 0]) for time in (-10, -4, 0, 7, 20)]
    found = mean_of(images, (-10, -4, 0, 7, 20), [1] * 5, along)[0]
    assert np.abs(found - waves())[8:-8, 8:-8].max() < 0.004
    assert np.abs(np.mean(images, 0) - waves())[8:-8, 8:-8].max() > 0.1


def test_without_motion_the_mean_is_that_of_the_images():
    images, weights = [waves(), waves(1.0), waves(2.0)], np.array([1.0, 2.0, 5.0])
    found = mean_of(images, (-5, 1, 9), weights, path((0, 0), (0, 0), (0, 0)))[0]
    np.testing.assert_allclose(found, np.average(images, 0, weights), atol=1e-6)


def test_each_group_is_the_mean_of_its_images():
    images = [np.full(SIZE, value, np.float32) for value in (0.1, 0.2, 0.6)]
    along = path((1, 1), (0, 0), (1, 1))
    found = mean_of(images, (-5, 1, 9), [1, 1, 1], along, ((0, 1), (1, 3)))
    np.testing.assert_allclose(found[0], 0.1, atol=1e-6)
    np.testing.assert_allclose(found[1], 0.4, atol=1e-6)


def test_positions_outside_an_image_hardly_count():
    images = [np.full(SIZE, value, np.float32) for value in (0.2, 0.8)]
    found = mean_of(images, (0, 20), [1, 1], path((0, 0), (0, 0), (10, 0)))[0]
    np.testing.assert_allclose(found[:, :44], 0.5, atol=1e-6)
    np.testing.assert_allclose(found[:, 47:], 0.2, atol=0.001)


def test_outside_all_images_the_nearest_pixel_is_used():
    image = np.full(SIZE, 0.3, np.float32)
    found = mean_of([image], (20,), [1], path((0, 0), (0, 0), (1e6, -1e6)))[0]
    np.testing.assert_allclose(found, 0.3, atol=1e-6)
