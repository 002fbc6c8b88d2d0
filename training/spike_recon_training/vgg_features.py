# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The perceptual term of a loss: the distance of images in the features of VGG-19.

Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016,
with the layer that STIR uses, relu5_1. The weights of VGG-19 (Simonyan and Zisserman, ICLR 2015)
are not shipped; the user gives the file of torchvision.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from spike_recon_models.networks.checkpoint_file import load_tensors
from spike_recon_ros.errors import UserError
from spike_recon_training.losses import Distance
from spike_recon_training.recipe import Recipe

LAYERS = {
    0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 16: 256,
    19: 512, 21: 512, 23: 512, 25: 512, 28: 512,
}  # fmt: skip
"""Output channels of the convolutions up to relu5_1, by their number in torchvision."""
POOL_BEFORE = 5, 10, 19, 28
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the photographs that VGG-19 was trained on, in the range 0..1."""
SMALLEST_SIDE = 16
"""Smaller images have no pixel left after the fourth pooling."""


def perceptual_distance(recipe: Recipe, file: Path | None) -> Distance | None:
    """Return the distance for the loss of a recipe, or None if it has no such term.

    Args:
        recipe: of the run.
        file: weights of torchvision's VGG-19.

    Raises:
        UserError: the recipe needs weights and there are none, or the file holds others.
    """
    if not recipe.loss.perceptual:
        return None
    if file is None:
        raise UserError(
            f'recipe {recipe.name} has loss.perceptual, which needs the weights of VGG-19; give '
            "torchvision's vgg19 .pth with --vgg-weights, or set loss.perceptual to 0"
        )
    if recipe.optimisation.crop < SMALLEST_SIDE:
        raise UserError(
            f'recipe {recipe.name}: loss.perceptual needs an optimisation.crop of at least '
            f'{SMALLEST_SIDE}'
        )
    return VggDistance(file)


class VggDistance:
    """Mean square difference of the features of two images.

    It is not a module, so that its weights are neither trained nor stored in checkpoints.

    Args:
        file: weights of torchvision's VGG-19.

    Raises:
        UserError: the file holds others.
    """

    def __init__(self, file: Path) -> None:
        try:
            weights = load_tensors(file)
        except ValueError as error:
            raise UserError(f'{error}; give the vgg19 .pth of torchvision') from None
        self._layers = nn.ModuleDict()
        inputs = len(MEAN)
        for number, outputs in LAYERS.items():
            layer = nn.Conv2d(inputs, outputs, 3, padding=1)
            try:
                layer.load_state_dict(
                    {one: weights[f'features.{number}.{one}'] for one in ('weight', 'bias')}
                )
            except (KeyError, TypeError, RuntimeError, AttributeError):
                raise UserError(
                    f'{file} does not hold VGG-19 (features.{number}); give the vgg19 .pth of '
                    'torchvision'
                ) from None
            self._layers[str(number)] = layer.requires_grad_(False)
            inputs = outputs

    def __call__(self, image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return the distance of images [n, 1, height, width] in 0..1."""
        self._layers.to(image.device)
        with torch.no_grad():
            wanted = self._features(truth)
        return functional.mse_loss(self._features(image), wanted)

    def _features(self, image: torch.Tensor) -> torch.Tensor:
        mean, spread = (image.new_tensor(one).view(1, 3, 1, 1) for one in (MEAN, SPREAD))
        # STIR maps images from 0..1 to .5..1 first; its weight of .2 belongs to that.
        values = ((image + 1) / 2 - mean) / spread
        for number, layer in self._layers.items():
            if int(number) in POOL_BEFORE:
                values = functional.max_pool2d(values, 2)
            values = torch.relu(layer(values))
        return values
