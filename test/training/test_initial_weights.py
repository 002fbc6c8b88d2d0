# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The weights that a training begins with fit its network, or the cure is named."""

import dataclasses

import pytest
import yaml

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed')

from safetensors.torch import load_file, save_file  # noqa: E402

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_models.networks.spk2vid import Spk2Vid  # noqa: E402
from spike_recon_models.trained_network import trained_network  # noqa: E402
from spike_recon_models.widening.widen import widen  # noqa: E402
from spike_recon_ros.bundles.bundle import read_bundle  # noqa: E402
from spike_recon_ros.bundles.zoo import find_bundle, find_network  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.recipe import find_recipe, read_recipe, write_recipe  # noqa: E402
from spike_recon_training.reconstruction import reconstructed  # noqa: E402


def test_weights_that_are_wider_than_the_recipe_name_the_cure(tmp_path):
    save_file(make_network('two_scale_gru').state_dict(), tmp_path / 'weights.safetensors')
    network = {'name': 'two_scale_gru', 'arguments': {'reduction': 2}}
    (tmp_path / 'narrow.yaml').write_text(yaml.safe_dump({'name': 'narrow', 'network': network}))
    with pytest.raises(UserError, match='`spike-recon prune` makes narrow networks'):
        first_network(read_recipe(tmp_path / 'narrow.yaml'), tmp_path)


@pytest.mark.parametrize(
    ('changed', 'sentence'),
    [
        ({'network': {'name': 'grey_to_rgb'}}, 'grey_to_rgb reads images, but sensor is event'),
        ({'sensor': 'images'}, 'firenet reads the samples of a camera, but sensor is images'),
        ({'network': {'name': 'firenet', 'arguments': {'bins': 1}}}, 'reads 1 bin, but a voxel'),
    ],
)
def test_a_network_of_another_kind_than_the_recipe_is_refused(tmp_path, changed, sentence):
    recipe = {'name': 'mine', 'network': {'name': 'firenet'}} | changed
    (tmp_path / 'mine.yaml').write_text(yaml.safe_dump(recipe))
    with pytest.raises(UserError, match=sentence):
        first_network(read_recipe(tmp_path / 'mine.yaml'), None)


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


@pytest.mark.parametrize('name', ['spk2vid', 'hybrid'])
def test_a_wide_network_starts_with_the_images_of_a_bundle_with_fewer_channels(name):
    recipe = read_recipe(find_recipe(f'{name}_large'))
    bundle = find_bundle(name)
    wide = first_network(recipe, bundle).eval()
    narrow = trained_network(read_bundle(bundle)).eval()
    assert_same_video(narrow, wide)


@pytest.mark.parametrize('name', ['grey_to_rgb', 'frame_interpolation', 'two_scale_gru_frames'])
def test_networks_that_cannot_grow_start_from_their_bundle(name):
    folder = find_network(name)
    network = first_network(read_recipe(find_recipe(name)), folder)
    for key, value in load_file(folder / 'weights.safetensors').items():
        assert torch.equal(network.state_dict()[key], value)


def test_a_bundle_that_differs_in_more_than_its_channels_is_refused():
    recipe = read_recipe(find_recipe('spk2vid_large'))
    with pytest.raises(UserError, match='does not fit recipe spk2vid_large: only `channels`'):
        first_network(recipe, find_bundle('spk2vid_x4'))


@pytest.mark.parametrize(
    'more',
    [{'channels': 36}, {'channels': 36, 'align_width': 18}, {'align_width': 18}, {'views': 4}],
)
@pytest.mark.parametrize('taps', [1, 3])
def test_any_part_of_spk2vid_may_become_wider(more, taps):
    arguments = {'channels': 24, 'bins': 5, 'align_width': 12, 'taps': taps, 'views': 3}
    narrow, wide = Spk2Vid(**arguments, seed=1), Spk2Vid(**arguments | more, seed=2)
    generator = torch.Generator().manual_seed(3)
    for parameter in narrow.parameters():  # many start at zero
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    widen(narrow, wide)
    assert_same_video(narrow, wide)


@pytest.mark.parametrize(
    'other',
    [
        {'channels': 12}, {'align_width': 6}, {'taps': 5}, {'bins': 6}, {'base': 1},
    ],
)  # fmt: skip
def test_arguments_that_change_what_weights_mean_must_be_the_same(other):
    arguments = {'channels': 24, 'bins': 5, 'align_width': 12, 'taps': 3, 'views': 3}
    narrow, wide = Spk2Vid(**arguments), Spk2Vid(**arguments | {'channels': 36} | other)
    generator = torch.Generator().manual_seed(3)
    for parameter in narrow.parameters():  # many start at zero
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    with pytest.raises(ValueError, match=r'only `channels`, .* can grow'):
        widen(narrow, wide)


def test_a_wider_motion_estimate_starts_from_a_bundle_with_as_many_channels():
    recipe = read_recipe(find_recipe('spk2vid'))
    network = recipe.network
    arguments = network.arguments | {'align_width': 2 * network.arguments['align_width']}
    wider = dataclasses.replace(recipe, network=dataclasses.replace(network, arguments=arguments))
    bundle = find_bundle('spk2vid')
    assert_same_video(trained_network(read_bundle(bundle)), first_network(wider, bundle).eval())


def assert_same_video(narrow, wide):
    generator = torch.Generator().manual_seed(0)
    grids = torch.rand((3, 1, narrow.bins, 24, 32), generator=generator)
    with torch.no_grad():
        ours, state = reconstructed(wide, grids)
        torch.testing.assert_close(ours, reconstructed(narrow, grids)[0], atol=1e-5, rtol=0)
    assert ours.std() > 0.015
    assert state[0].shape[1] >= 48
