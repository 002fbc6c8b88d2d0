# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NIQE and BRISQUE with parameters that the tests fit themselves."""

import pickle

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.no_reference import (
    FEATURES,
    _block_features,
    fitted,
    load_brisque,
    load_judges,
    load_niqe,
)


def natural(seed, height=192, width=288):
    """Return an image with the spectrum of natural ones and edges."""
    random = np.random.default_rng(seed)
    image = sum(
        cv2.resize(random.normal(0, side**-1.0, (side, side)), (width, height))
        for side in (4, 8, 16, 32, 64, 128)
    )
    image = np.where(image > 0.2, image + 0.3, image)
    return cv2.normalize(image, None, 0, 1, cv2.NORM_MINMAX)


@pytest.mark.parametrize(('shape', 'draw'), [(2.0, 'normal'), (1.0, 'laplace')])
def test_the_shape_of_known_distributions_is_found(shape, draw):
    values = getattr(np.random.default_rng(0), draw)(0, 3, 200_000)
    found, left, right = fitted(values)
    assert found == pytest.approx(shape, rel=0.03)
    assert left == pytest.approx(right, rel=0.02)
    assert left == pytest.approx(values.std(), rel=0.02)


def test_unequal_sides_are_measured_apart():
    values = np.random.default_rng(0).normal(0, 1, 100_000)
    _, left, right = fitted(np.where(values > 0, 2 * values, values))
    assert right / left == pytest.approx(2, rel=0.03)


@pytest.fixture(scope='module')
def niqe_file(tmp_path_factory):
    savemat = pytest.importorskip('scipy.io', reason='scipy is not installed').savemat
    features = np.vstack([_block_features(natural(seed)) for seed in range(12)])
    file = tmp_path_factory.mktemp('niqe') / 'parameters.mat'
    content = {'mu_prisparam': features.mean(0), 'cov_prisparam': np.cov(features, rowvar=False)}
    savemat(file, content)
    return file


def test_niqe_grows_with_noise_and_blur(niqe_file):
    niqe, image = load_niqe(niqe_file), natural(50)
    noise = np.random.default_rng(1).normal(0, 0.1, image.shape)
    clean = niqe(image)
    assert niqe(np.clip(image + noise, 0, 1)) > 1.5 * clean
    assert niqe(cv2.GaussianBlur(image, (0, 0), 3)) > 1.5 * clean


def test_niqe_refuses_small_images_and_other_files(niqe_file, tmp_path):
    with pytest.raises(UserError, match='96x192 pixels or more'):
        load_niqe(niqe_file)(np.zeros((100, 100)))
    (tmp_path / 'other.mat').write_bytes(b'nothing')
    with pytest.raises(UserError, match=r'\.mat file'):
        load_niqe(tmp_path / 'other.mat')


def brisque_files(folder, low=-1.0, high=3.0):
    """Write a support vector machine with two vectors, and ranges."""
    ones = ' '.join(f'{place}:1' for place in range(1, FEATURES + 1))
    lines = [
        *('svm_type epsilon_svr', 'kernel_type rbf', 'gamma 0.05', 'nr_class 2', 'total_sv 2'),
        *('rho -30', 'SV', f'10 {ones}', '-4 1:0.5'),
    ]
    (folder / 'svm.txt').write_text('\n'.join(lines) + '\n')
    ranges = {'min_': [low] * FEATURES, 'max_': [high] * FEATURES}
    (folder / 'ranges.pickle').write_bytes(pickle.dumps(ranges))
    return folder / 'svm.txt', folder / 'ranges.pickle'


def test_brisque_is_the_sum_of_the_kernels(tmp_path):
    files = brisque_files(tmp_path)
    brisque = load_brisque(*files)
    score = brisque(natural(3))
    assert 30 - 4 < score < 30 + 10
    assert score != brisque(cv2.GaussianBlur(natural(3), (0, 0), 3))


def test_files_that_hold_something_else_are_refused_and_not_executed(tmp_path):
    machine, ranges = brisque_files(tmp_path)
    (tmp_path / 'harm.pickle').write_bytes(pickle.dumps(print))
    with pytest.raises(UserError, match='ranges'):
        load_brisque(machine, tmp_path / 'harm.pickle')
    with pytest.raises(UserError, match='LIBSVM'):
        load_brisque(ranges, ranges)
    with pytest.raises(UserError, match='takes two files'):
        load_brisque(machine)


def test_only_metrics_that_were_asked_for_are_loaded(tmp_path):
    assert load_judges(['psnr', 'tags']) == {}
    assert set(load_judges(['brisque'], {'brisque': brisque_files(tmp_path)})) == {'brisque'}
