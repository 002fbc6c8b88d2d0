# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Rectification maps: exact warps in both directions, and what is no map."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.rectification import read_rectification

h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')

HEIGHT, WIDTH = 48, 64
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
IDENTITY = np.stack([X, Y], -1)
RNG = np.random.default_rng(0)
SHIFT_X, SHIFT_Y = 3, -2


def rectification(tmp_path, forward, name='rectify_map'):
    path = tmp_path / 'rectify_map.h5'
    with h5py.File(path, 'w') as file:
        file.create_dataset(name, data=forward, compression='gzip')
    return read_rectification(path)


def lens():
    """Return the rectified position of each pixel behind a lens with barrel distortion."""
    x, y = (X - 30.0) / 50, (Y - 25.0) / 50
    stretch = 1 + 0.25 * (x * x + y * y)
    u, v = x * stretch + 0.02 * y, y * stretch - 0.02 * x
    return np.stack([31.0 + 46 * u, 24.0 + 46 * v], -1)


@pytest.mark.parametrize(
    'image',
    [
        RNG.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8),
        RNG.integers(0, 65_536, (HEIGHT, WIDTH)).astype(np.uint16),
        RNG.random((HEIGHT, WIDTH)).astype(np.float32),
    ],
    ids=['bgr8', 'mono16', '32FC1'],
)
def test_the_identity_changes_no_bit(tmp_path, image):
    same = rectification(tmp_path, IDENTITY)
    assert np.array_equal(same.rectified(image), image)
    assert np.array_equal(same.distorted(image), image)
    assert same.unseen_share == same.outside_share == 0


def test_a_shift_moves_whole_pixels(tmp_path):
    shift = rectification(tmp_path, IDENTITY + np.float32([SHIFT_X, SHIFT_Y]))
    image = RNG.integers(1, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    moved = shift.rectified(image)
    assert np.array_equal(moved[:-2, 3:], image[2:, :-3])
    assert not moved[-2:].any()
    assert not moved[:, :3].any()
    back = shift.distorted(moved)
    assert np.array_equal(back[2:, :-3], image[2:, :-3])
    assert shift.unseen_share == shift.outside_share
    assert shift.outside_share == pytest.approx(1 - 46 * 61 / (HEIGHT * WIDTH))


def test_a_lens_is_undone(tmp_path):
    def scene(places):
        return (0.5 + 0.3 * np.sin(places[..., 0] / 9) * np.cos(places[..., 1] / 7)).astype('f4')

    forward = lens().astype(np.float32)
    warp = rectification(tmp_path, forward)
    seen, rectified = scene(forward), scene(IDENTITY)
    assert np.abs(seen - rectified).max() > 0.05
    inside = (forward >= 0).all(-1) & (forward <= [WIDTH - 1, HEIGHT - 1]).all(-1)
    assert 0.7 < inside.mean() == pytest.approx(1 - warp.outside_share)
    assert np.abs(warp.distorted(rectified) - seen)[inside].max() < 0.005
    covered = warp.rectified(np.ones((HEIGHT, WIDTH), np.float32)) == 1
    assert covered.mean() == pytest.approx(1 - warp.unseen_share, abs=0.02)
    assert np.abs(warp.rectified(seen) - rectified)[covered].max() < 0.005


@pytest.mark.parametrize(
    ('forward', 'cure'),
    [
        (IDENTITY[..., 0], 'holds no rectify_map of floats'),
        (IDENTITY.astype(np.int32), 'holds no rectify_map of floats'),
        (np.where(IDENTITY == 5, np.nan, IDENTITY), 'is not finite'),
        (np.zeros_like(IDENTITY), 'cannot be inverted'),
        (IDENTITY[:, ::-1] % 16, 'cannot be inverted'),
    ],
)
def test_what_is_no_map_is_one_sentence(tmp_path, forward, cure):
    with pytest.raises(UserError, match=cure):
        rectification(tmp_path, forward)


def test_other_files_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r'there is no file .*events/left/rectify_map\.h5'):
        read_rectification(tmp_path / 'missing.h5')
    with pytest.raises(UserError, match='is a folder'):
        read_rectification(tmp_path)
    with pytest.raises(UserError, match='holds no rectify_map'):
        rectification(tmp_path, IDENTITY, name='map')
    (tmp_path / 'text.h5').write_text('no HDF5')
    with pytest.raises(UserError, match='is damaged'):
        read_rectification(tmp_path / 'text.h5')


def test_an_image_of_another_size_is_one_sentence(tmp_path):
    same = rectification(tmp_path, IDENTITY)
    for warp in (same.rectified, same.distorted):
        with pytest.raises(UserError, match='rectifies 64x48 pixels and the image has 32x24'):
            warp(np.zeros((24, 32), np.uint8))
