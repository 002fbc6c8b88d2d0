# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The weights that a training begins with fit its network, or the cure is named."""

import pytest
import yaml

pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed')

from safetensors.torch import save_file

from spike_recon_models.networks.registry import make_network
from spike_recon_ros.errors import UserError
from spike_recon_training.initial_weights import first_network
from spike_recon_training.recipe import find_recipe, read_recipe, write_recipe


def test_weights_that_are_wider_than_the_recipe_name_the_cure(tmp_path):
    save_file(make_network('two_scale_gru').state_dict(), tmp_path / 'weights.safetensors')
    network = {'name': 'two_scale_gru', 'arguments': {'reduction': 2}}
    (tmp_path / 'narrow.yaml').write_text(yaml.safe_dump({'name': 'narrow', 'network': network}))
    with pytest.raises(UserError, match='`spike-recon prune` makes narrow networks'):
        first_network(read_recipe(tmp_path / 'narrow.yaml'), tmp_path)


def test_only_the_named_parts_of_a_network_are_trained(tmp_path):
    recipe = read_recipe(find_recipe('spk2vid_x4'))
    network = first_network(recipe, None)
    trained = {name.split('.')[0] for name, p in network.named_parameters() if p.requires_grad}
    assert trained == {'enlarge'}
    write_recipe(recipe, tmp_path / 'same.yaml')
    assert read_recipe(tmp_path / 'same.yaml') == recipe
    text = (tmp_path / 'same.yaml').read_text().replace('- enlarge', '- enlagre')
    (tmp_path / 'wrong.yaml').write_text(text)
    with pytest.raises(UserError, match='only names enlagre, but the parts of spk2vid are'):
        first_network(read_recipe(tmp_path / 'wrong.yaml'), None)


def test_a_recipe_without_such_parts_can_be_written_and_read(tmp_path):
    recipe = read_recipe(find_recipe('toy'))
    write_recipe(recipe, tmp_path / 'same.yaml')
    assert read_recipe(tmp_path / 'same.yaml') == recipe
