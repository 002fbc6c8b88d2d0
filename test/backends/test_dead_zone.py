# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small changes of a pixel wait until they add up; edges pass."""

import numpy as np
import pytest

from spike_recon_ros.backends.dead_zone import MEMORY_S, STEP_EVENTS, DeadZone

WINDOW_NS = 10_000_000
BINS, HEIGHT, WIDTH = 5, 2, 3


def grid_of(changes):
    """Return a grid with these changes of the first pixel, one per bin."""
    grid = np.zeros((BINS, HEIGHT, WIDTH), np.float32)
    grid[:, 0, 0] = changes
    return grid


def applied(zone, changes, number=0, windows=1):
    grid = grid_of(changes)
    zone.apply(grid, number * WINDOW_NS, (number + windows) * WINDOW_NS)
    assert not grid.reshape(BINS, -1)[:, 1:].any()
    return grid[:, 0, 0].tolist()


def test_an_edge_passes_in_its_bin():
    assert applied(DeadZone(WIDTH, HEIGHT), [0, 2, 0, 0, -3]) == [0, 2, 0, 0, -3]


def test_changes_of_either_sign_are_held_back():
    zone = DeadZone(WIDTH, HEIGHT)
    for number in range(20):
        assert applied(zone, [0.4, -0.6, 0.3, 0.1, -0.2], number) == [0] * BINS


def test_small_changes_in_one_direction_pass_when_they_add_up():
    passed = applied(DeadZone(WIDTH, HEIGHT), [0.3, 0.3, 0.3, 0.3, 0.3])
    assert passed == pytest.approx([0, 0, 0.9, 0, 0])


def test_a_slow_drift_never_passes():
    zone = DeadZone(WIDTH, HEIGHT)
    drift = 0.5 * STEP_EVENTS * WINDOW_NS / 1e9 / MEMORY_S
    for number in range(100):
        assert applied(zone, [0, 0, drift, 0, 0], number) == [0] * BINS


def test_a_longer_window_with_the_same_start_replaces_the_last_one():
    zone = DeadZone(WIDTH, HEIGHT)
    assert applied(zone, [0.5, 0, 0, 0, 0]) == [0] * BINS
    assert applied(zone, [0.5, 0, 0, 0, 0], windows=2) == [0] * BINS
    assert sum(applied(zone, [0.5, 0, 0, 0, 0], 2)) > STEP_EVENTS


def test_a_padded_grid_gives_the_same_values():
    random = np.random.default_rng(0)
    plain = random.normal(0, 0.5, (BINS, HEIGHT, WIDTH)).astype(np.float32)
    padded = np.zeros((BINS, HEIGHT + 1, WIDTH + 2), np.float32)[:, :HEIGHT, :WIDTH]
    padded[...] = plain
    for grid in (plain, padded):
        DeadZone(WIDTH, HEIGHT).apply(grid, 0, WINDOW_NS)
    assert (plain == padded).all()
