# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recipes, right and wrong."""

import pytest

pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network
from spike_recon_ros.errors import UserError
from spike_recon_training.losses import LossWeights
from spike_recon_training.recipe import RECIPES, find_recipe, read_recipe, write_recipe

LEAST = 'name: a\nnetwork: {name: firenet}\n'


def read(tmp_path, text):
    file = tmp_path / 'recipe.yaml'
    file.write_text(text, encoding='utf-8')
    return read_recipe(file)


def test_recipe_needs_a_name_and_a_network(tmp_path):
    recipe = read(tmp_path, LEAST)
    assert (recipe.name, recipe.network.name, recipe.network.arguments) == ('a', 'firenet', {})


@pytest.mark.parametrize('file', sorted(RECIPES.glob('*.yaml')), ids=lambda file: file.stem)
def test_recipes_of_the_package_are_valid(file):
    recipe = read_recipe(file)
    assert recipe.name == file.stem
    network = make_network(recipe.network.name, **recipe.network.arguments)
    assert recipe.optimisation.crop % network.pad_multiple == 0


def test_the_large_hybrid_is_trained_with_the_losses_of_its_authors():
    """And with ours that an image stands still when nothing comes in."""
    recipe = read_recipe(find_recipe('hybrid_large_v2'))
    assert recipe.loss == LossWeights(
        l1=1.0, ssim=0.0, gradient=0.5, temporal=0.0, contrast=0.1, rest=5.0
    )


def test_a_written_recipe_is_read_back(tmp_path):
    recipe = read(tmp_path, LEAST + 'sequences: {window_ms: [7, 9], sensor: {noise_hz: [1, 2]}}')
    write_recipe(recipe, tmp_path / 'again.yaml')
    assert read_recipe(tmp_path / 'again.yaml') == recipe
    assert recipe.sequences.sensor.noise_hz == (1.0, 2.0)


def test_exponents_without_a_point_are_numbers(tmp_path):
    recipe = read(tmp_path, LEAST + 'optimisation: {learning_rate: 1e-3, precision: 32}')
    assert recipe.optimisation.learning_rate == 1e-3
    assert recipe.optimisation.precision == '32'


@pytest.mark.parametrize(
    ('text', 'cure'),
    [
        ('name: a', 'network is missing'),
        ('[1, 2]', 'mapping'),
        (LEAST + 'optimisation: {batsh: 3}', r'optimisation\.batsh; did you mean batch'),
        (LEAST + 'optimisation: {batch: many}', 'optimisation.batch .* whole number'),
        (LEAST + 'optimisation: {batch: 2.5}', 'whole number'),
        (LEAST + 'optimisation: {batch: true}', 'whole number'),
        (LEAST + 'optimisation: {batch: 0}', 'batch must be above 0'),
        (LEAST + 'optimisation: {precision: 8}', 'bf16'),
        (LEAST + 'optimisation: {segments: [3, 1]}', 'least value comes first'),
        (LEAST + 'sequences: {window_ms: 20}', 'list'),
        (LEAST + 'sequences: {window_ms: [1, 2, 3]}', 'least, greatest'),
        (LEAST + 'sequences: {sensor: {noise_hz: [0, 1]}}', r'sensor\.noise_hz must be above 0'),
        (LEAST + 'normalisation: some', 'nonzero'),
        (LEAST + 'photographs: {held_share: 1}', 'below 1'),
        (LEAST + 'spikes: {hasty_share: 0.5}', 'spike_intervals'),
        (LEAST + 'spikes: {early_share: 1.5}', 'below 1'),
        (LEAST + 'sequences: {faults: {burst_share: 1.5}}', 'below 1'),
        (LEAST + 'sequences: {cuts: {share: -0.1}}', 'below 1'),
        (LEAST + 'sequences: {faults: {limit_hz: [0, 1]}}', r'faults\.limit_hz must be above 0'),
        (LEAST + 'sequences: {cuts: {interval_s: [0, 1]}}', r'cuts\.interval_s must be above 0'),
        (LEAST + 'sequences: {faults: {limit: 1}}', r'faults\.limit; did you mean limit_hz'),
        (LEAST + 'loss: {structure: 1}\noptimisation: {crop: 20}', 'crop of at least 22'),
        (LEAST + 'sensor: images\nimages: {side: 50}', 'side must be at least optimisation.crop'),
        (LEAST + 'images: {speed_px: [0, 1]}', r'images\.speed_px must be above 0'),
        (LEAST + 'normalisation: nonzero\nloss: {noise: 1}', 'loss.noise needs sensor: event and'),
        (LEAST + 'sequences: {world: {sudden_ms: [0, 1]}}', r'world\.sudden_ms must be above 0'),
        (
            LEAST + 'loss: {l1: 0, ssim: 0, gradient: 0, temporal: 0, rest: 1}',
            'a weight of loss that compares images must be above 0',
        ),
        (LEAST + 'optimisation: {crop: 8}', 'crop must be at least 11'),
        (LEAST + 'optimisation: {small_share: 0.1, crop: 40}', 'crop of at least 48'),
        (
            LEAST + 'photographs: {side: 32}\nsequences: {world: {blur_px: [0.3, 6]}}',
            r'photographs\.side, which is 32, must be above 2\.5 times the largest blur, '
            r'sequences\.world\.photo_px_per_px 2\.2 times blur_px 6',
        ),
        (LEAST + 'spikes: {world: {blur_px: [0, .inf]}}', r'world\.blur_px is inf; .* a finite'),
        (LEAST + 'optimisation: {learning_rate: .nan}', 'learning_rate is nan; .* a finite'),
        (LEAST + f'seed: 1\nwindow_ms: 1{"0" * 400}', 'window_ms is 1000.* a finite'),
        ('name: [', 'YAML'),
    ],
)
def test_wrong_recipe_is_an_error_that_names_the_key(tmp_path, text, cure):
    with pytest.raises(UserError, match=cure):
        read(tmp_path, text)


def test_unknown_recipe_lists_the_available_ones():
    with pytest.raises(UserError, match='toy'):
        find_recipe('nothing')
    assert find_recipe('toy').name == 'toy.yaml'
