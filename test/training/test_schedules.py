# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Published schedules and losses: stages, smooth L1, the perceptual term."""

import dataclasses

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.budget import learning_rate_share  # noqa: E402
from spike_recon_training.losses import Loss, LossWeights  # noqa: E402
from spike_recon_training.recipe import RECIPES, read_recipe  # noqa: E402
from spike_recon_training.vgg_features import (  # noqa: E402
    LAYERS,
    VggDistance,
    perceptual_distance,
)


def test_stages_halve_the_learning_rate():
    shares = [learning_rate_share(one / 6, 0.03, 3, 0.5) for one in range(7)]
    assert shares == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_published_schedules_are_in_the_recipes():
    swinsf = read_recipe(RECIPES / 'swinsf.yaml').optimisation
    assert (swinsf.epochs, swinsf.stages, swinsf.stage_factor) == (900, 3, 0.5)
    spk2vidnet = read_recipe(RECIPES / 'spk2vidnet.yaml').optimisation
    assert (spk2vidnet.epochs, spk2vidnet.stages, spk2vidnet.stage_factor) == (800, 8, 0.7)
    assert read_recipe(RECIPES / 'base.yaml').optimisation.epochs == 600
    bsf = read_recipe(RECIPES / 'bsf.yaml').optimisation
    assert (bsf.epochs, bsf.stages, bsf.stage_factor) == (60, 6, 0.5)
    assert (bsf.batch, bsf.crop, bsf.learning_rate, bsf.weight_decay) == (8, 96, 1e-4, 0.0)


def test_smooth_l1_is_quadratic_below_a_grey_level():
    truth = torch.zeros(1, 1, 1, 1, 1)
    loss = Loss(LossWeights(l1=0, smooth_l1=1, ssim=0, gradient=0, temporal=0))
    grey = 1 / 255
    assert float(loss(truth + grey / 2, truth)[0]) == pytest.approx(grey / 8)
    assert float(loss(truth + 10 * grey, truth)[0]) == pytest.approx(9.5 * grey)


@pytest.fixture(scope='module')
def vgg_file(tmp_path_factory):
    """Return a file with the names and shapes of VGG-19 and random weights, float16."""
    generator, inputs, weights = torch.Generator().manual_seed(0), 3, {}
    for number, outputs in LAYERS.items():
        weight = torch.randn(outputs, inputs, 3, 3, generator=generator) / (9 * inputs) ** 0.5
        weights[f'features.{number}.weight'] = weight.half()
        weights[f'features.{number}.bias'] = torch.zeros(outputs).half()
        inputs = outputs
    file = tmp_path_factory.mktemp('vgg') / 'vgg19.pth'
    torch.save(weights, file)
    return file


def test_the_perceptual_distance_has_a_gradient_and_no_weights_to_train(vgg_file):
    distance = VggDistance(vgg_file)
    image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    assert float(distance(image, image)) == 0
    image.requires_grad_(True)
    weights = LossWeights(l1=0, ssim=0, gradient=0, temporal=0, perceptual=0.2)
    total, terms = Loss(weights, distance)(image[None], torch.zeros_like(image)[None])
    total.backward()
    assert float(total.detach()) == pytest.approx(0.2 * float(terms['perceptual']))
    assert image.grad.abs().sum() > 0


def test_missing_weights_of_vgg_are_one_clear_sentence(tmp_path):
    recipe = read_recipe(RECIPES / 'stir.yaml')
    assert perceptual_distance(recipe, None) is None
    loss = dataclasses.replace(recipe.loss, perceptual=0.2)
    with pytest.raises(UserError, match='--vgg-weights'):
        perceptual_distance(dataclasses.replace(recipe, loss=loss), None)
    torch.save({'features.0.weight': torch.zeros(1)}, tmp_path / 'other.pth')
    with pytest.raises(UserError, match='does not hold VGG-19'):
        VggDistance(tmp_path / 'other.pth')
