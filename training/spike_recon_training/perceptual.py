# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""LPIPS, the learned perceptual distance of two images, if its weights are there.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
version 0.1 with AlexNet, which most papers report. It compares features of a network trained on
photographs, whose weights may not be redistributed. With files of weights, neither the library
lpips nor torchvision is needed.
"""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from spike_recon_models.networks.checkpoint_file import load_tensors
from spike_recon_ros.errors import UserError

BACKBONE = 'alex'
"""Backbone of the figures in most papers."""
# Convolutions of AlexNet (Krizhevsky, "One weird trick for parallelizing convolutional neural
# networks", 2014) as torchvision numbers them: input and output channels, kernel, stride, padding.
LAYERS = {
    0: (3, 64, 11, 4, 2),
    3: (64, 192, 5, 1, 2),
    6: (192, 384, 3, 1, 1),
    8: (384, 256, 3, 1, 1),
    10: (256, 256, 3, 1, 1),
}
POOL_BEFORE = (3, 6)
# Mean and standard deviation of the photographs, in the range -1..1.
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
SMALLEST_NORM = 1e-10
SMALLEST_SIDE = 31
"""Smaller images leave no pixel after the second pooling."""
Distance = Callable[[np.ndarray, np.ndarray], float]


def load_lpips(*files: Path) -> Distance:
    """Return a function that computes LPIPS of two images, float [height, width] in 0..1.

    Args:
        files: weights of torchvision's AlexNet and of the linear layers; the library lpips has or
            finds those that are not given.

    Raises:
        UserError: the library or weights are missing, a file holds others, or there are more than
            two files.
    """
    if len(files) > 2:
        raise UserError('--lpips-weights takes one or two files: AlexNet and the linear layers')
    backbone, linear = (*files, None, None)[:2]
    network = _of_library() if backbone is None else _Lpips(backbone, linear or _packaged_linear())

    @torch.inference_mode()
    def distance(image: np.ndarray, truth: np.ndarray) -> float:
        return float(network(_prepared(image), _prepared(truth)))

    return distance


class _Lpips(nn.Module):
    """The distance itself, from files of weights."""

    def __init__(self, backbone: Path, linear: Path) -> None:
        super().__init__()
        theirs, heads = _weights(backbone), _weights(linear)
        self._layers = nn.ModuleList()
        self._heads: list[torch.Tensor] = []
        for place, (number, sizes) in enumerate(LAYERS.items()):
            channels_in, channels_out, kernel, stride, padding = sizes
            layer = nn.Conv2d(channels_in, channels_out, kernel, stride, padding)
            shapes = {'weight': layer.weight.shape, 'bias': torch.Size((channels_out,))}
            names = {one: f'features.{number}.{one}' for one in shapes}
            layer.load_state_dict(
                {one: _one(backbone, 'AlexNet', theirs, names[one], shapes[one]) for one in shapes}
            )
            self._layers.append(layer)
            shape = torch.Size((1, channels_out, 1, 1))
            name = f'lin{place}.model.1.weight'
            self._heads.append(_one(linear, "lpips' linear layers", heads, name, shape))
        self.eval()

    def forward(self, image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the distance of two images, float32 [1, 3, H, W] in -1..1."""
        if min(image.shape[2:]) < SMALLEST_SIDE:
            raise ValueError(f'lpips needs {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels')
        total = torch.zeros(())
        pairs = zip(self._features(image), self._features(truth), strict=True)
        for head, (one, other) in zip(self._heads, pairs, strict=True):
            total = total + (head * (one - other) ** 2).sum(1).mean()
        return total

    def _features(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Return the activations after each layer, of length 1 at each pixel."""
        shift, scale = (torch.tensor(one).reshape(1, 3, 1, 1) for one in (SHIFT, SCALE))
        values, found = (image - shift) / scale, []
        for number, layer in zip(LAYERS, self._layers, strict=True):
            if number in POOL_BEFORE:
                values = nn.functional.max_pool2d(values, 3, 2)
            values = nn.functional.relu(layer(values))
            norm = (values**2).sum(1, keepdim=True).sqrt()
            found.append(values / (norm + SMALLEST_NORM))
        return found


def _weights(file: Path) -> Mapping[str, torch.Tensor]:
    try:
        found = load_tensors(file)
    except ValueError as error:
        raise UserError(f'{error}; give a file of --lpips-weights') from None
    if not isinstance(found, Mapping):
        raise UserError(f'{file} holds no weights by name; give a file of --lpips-weights')
    return found


def _one(
    file: Path, what: str, weights: Mapping[str, torch.Tensor], name: str, shape: torch.Size
) -> torch.Tensor:
    found = weights.get(name)
    if not isinstance(found, torch.Tensor) or found.shape != shape:
        raise UserError(f'{file} does not hold {what} ({name} of the shape {list(shape)})')
    return found.float()


def _packaged_linear() -> Path:
    """Return the file of linear layers in the library lpips, which is not imported."""
    found = importlib.util.find_spec('lpips')
    for folder in (found.submodule_search_locations or ()) if found else ():
        file = Path(folder) / 'weights' / 'v0.1' / f'{BACKBONE}.pth'
        if file.exists():
            return file
    raise UserError(
        'the linear layers of lpips are missing; run: pip install --no-deps lpips, or give their '
        'file (weights/v0.1/alex.pth) as the second of --lpips-weights'
    )


def _of_library() -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    try:
        import lpips  # noqa: PLC0415 -- the user's own
    except (ImportError, RuntimeError) as error:  # a torchvision that does not fit the torch
        raise UserError(
            f'lpips cannot be used ({_one_line(error)}); run: pip install lpips torchvision, or '
            'give the weights with --lpips-weights, or leave out -q lpips'
        ) from None
    try:
        return lpips.LPIPS(net=BACKBONE, verbose=False).eval()
    except (OSError, RuntimeError) as error:  # no connection; a file cut short
        raise UserError(
            f'lpips finds no weights of AlexNet and cannot fetch them ({_one_line(error)}); give '
            "torchvision's alexnet .pth with --lpips-weights, or leave out -q lpips"
        ) from None


def _prepared(image: np.ndarray) -> torch.Tensor:
    """Return float32 [1, 3, height, width] in -1..1."""
    grey = torch.from_numpy(np.ascontiguousarray(image, np.float32))
    return (2 * grey - 1).expand(1, 3, *grey.shape)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
