# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Grey where nothing has moved; where something has, the image of the network, bit for bit."""

import numpy as np
import pytest
from stream import on_events

from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.backends.noise_gate import TILE
from spike_recon_ros.backends.seen_tiles import SeenTiles
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.windows.window import Window

ROWS, COLUMNS = 12, 20
HEIGHT, WIDTH = ROWS * TILE - 5, COLUMNS * TILE - 3
WINDOW_NS = 20_000_000

needs_backend = pytest.mark.skipif(
    all(candidate.missing() for candidate in CANDIDATES), reason='no backend is installed'
)


def seen_at(*areas):
    """Return SeenTiles with the given slices of rows and columns."""
    tiles = np.zeros((ROWS, COLUMNS), np.bool_)
    for area in areas:
        tiles[area] = True
    seen = SeenTiles((ROWS, COLUMNS), TILE, 0.5)
    seen.add(tiles)
    return seen


def faded(seen, value=None):
    image = np.random.default_rng(0).random((HEIGHT, WIDTH), np.float32)
    if value is not None:
        image.fill(value)
    before = image.copy()
    seen.fade(image)
    return before, image


def test_before_anything_moves_the_image_is_grey():
    _, image = faded(SeenTiles((ROWS, COLUMNS), TILE, 0.4))
    assert (image == np.float32(0.4)).all()


def test_the_image_is_unchanged_once_everything_was_seen():
    seen = SeenTiles((ROWS, COLUMNS), TILE, 0.5)
    seen.add_all()
    before, image = faded(seen)
    assert np.array_equal(image, before)
    assert seen.unseen_share == 0.0


def test_inside_seen_tiles_the_image_is_unchanged_and_far_from_them_it_is_grey():
    before, image = faded(seen_at(np.s_[3:7, 4:9]))
    inside = np.s_[4 * TILE + 8 : 6 * TILE - 8, 5 * TILE + 8 : 8 * TILE - 8]
    assert image[inside] == pytest.approx(before[inside], abs=1e-6)
    assert (image[8 * TILE + 8 :] == 0.5).all()
    assert (image[:, 10 * TILE + 8 :] == 0.5).all()


def test_the_image_turns_grey_smoothly():
    _, image = faded(seen_at(np.s_[:, 4:8]), value=1.0)
    row = image[HEIGHT // 2, 6 * TILE :]
    assert row[0] == 1.0
    assert row[-1] == 0.5
    assert (np.diff(row) <= 0).all()
    assert np.abs(np.diff(row)).max() < 0.02


def test_what_an_outline_encloses_is_seen():
    outline = np.s_[1:11, 3], np.s_[1:11, 16], np.s_[1, 3:17], np.s_[10, 3:17]
    _, closed = faded(seen_at(*outline), value=1.0)
    assert closed[6 * TILE, 10 * TILE] == 1.0
    _, cut = faded(seen_at(*outline[:3]), value=1.0)
    assert cut[6 * TILE, 10 * TILE] == 0.5


def test_small_gaps_are_seen():
    _, image = faded(seen_at(np.s_[:, 4], np.s_[:, 8]), value=1.0)
    assert image[6 * TILE, 6 * TILE + 8] == 1.0
    _, image = faded(seen_at(np.s_[:, 4], np.s_[:, 12]), value=1.0)
    assert image[6 * TILE, 8 * TILE + 8] == 0.5


def test_tiles_stay_seen_until_a_reset():
    seen = seen_at(np.s_[0:3, 0:3])
    seen.add(np.zeros((ROWS, COLUMNS), np.bool_))
    assert seen.unseen_share == pytest.approx(1 - 9 / (ROWS * COLUMNS))
    seen.reset()
    assert seen.unseen_share == 1.0
    _, image = faded(seen)
    assert (image == 0.5).all()


def bar(window):
    """Return the events of a bar that moves near the left border, in window number `window`."""
    start = window * WINDOW_NS
    x, y = np.meshgrid(np.arange(4) + 10 + window * 4 % 40, np.arange(30, 130))
    t_ns = start + np.broadcast_to(np.linspace(0, WINDOW_NS - 1, 4), x.shape).astype(np.int64)
    return on_events(x, y, t_ns)


def images_of_a_bar(bundle, anchor=None, **options):
    model = NetworkModel(
        read_bundle(bundle), choose_backend(), WIDTH, HEIGHT, NetworkOptions(**options)
    )
    if anchor is not None:
        model.anchor_at = lambda t_ns: anchor
    try:
        images = []
        for number in range(8):
            start_ns = number * WINDOW_NS
            images.append(model.step(Window(start_ns, start_ns + WINDOW_NS, bar(number))))
        shares = [model.unseen_share]
        model.reset()
        shares.append(model.unseen_share)
    finally:
        model.close()
    return images, shares


@needs_backend
def test_a_still_camera_shows_no_halo_beside_the_first_moving_object(shipped):
    plain, _ = images_of_a_bar(shipped)
    images, (share, after_reset) = images_of_a_bar(shipped, noise_gate=True)
    near, far = np.s_[40:120, 12:40], np.s_[:, WIDTH // 2 :]
    grey = images[-1][far][0, 0]
    # Not the same, because the image is steadied where no event falls.
    assert images[-1][near] == pytest.approx(plain[-1][near], abs=0.03)
    assert np.abs(images[-1][near] - grey).max() > 0.1
    assert grey == pytest.approx(0.5, abs=0.05)
    assert (images[-1][far] == grey).all()
    assert not (plain[-1][far] == grey).all()
    assert 0.4 < share < 0.9
    assert after_reset == 1.0


@needs_backend
def test_with_a_frame_of_an_aligned_camera_everything_is_seen():
    grey = np.random.default_rng(1).random((HEIGHT, WIDTH), np.float32)
    anchor = Anchor(stamp_ns=0, age_ns=0, grey=grey)
    bundle = find_bundle('two_scale_gru_frames')
    images, (share, _) = images_of_a_bar(bundle, anchor, noise_gate=True)
    assert share == 0.0
    assert images[-1][:, WIDTH // 2 :].std() > 0.01
