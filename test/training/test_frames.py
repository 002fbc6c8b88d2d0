# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Training of the network that also reads the frames of an aligned camera."""

import dataclasses
from itertools import islice

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')

from spike_recon_ros.bundles.zoo import find_bundle  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.noisy_sensors import NoisyRest  # noqa: E402
from spike_recon_training.recipe import find_recipe, read_recipe  # noqa: E402
from spike_recon_training.silent_sensors import Rest  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402
from spike_recon_training.teacher import teacher_of  # noqa: E402
from spike_recon_training.train import Request, train  # noqa: E402

NAME = 'two_scale_gru_frames'
SIDE = 32


@pytest.fixture(scope='module')
def recipe():
    recipe = read_recipe(find_recipe(NAME))
    changed = {'batch': 2, 'crop': SIDE, 'windows': 3, 'segments': (2, 2), 'precision': '32'}
    loss = dataclasses.replace(recipe.loss, structure=0.0)
    optimisation = dataclasses.replace(recipe.optimisation, **changed)
    return dataclasses.replace(recipe, optimisation=optimisation, loss=loss)


@pytest.fixture
def network(recipe):
    return first_network(recipe, find_bundle(NAME))


def test_the_simulation_adds_frames_after_the_voxel_grid_and_only_the_branch_learns(
    recipe, network, photographs
):
    segments = SimulatedSegments(photographs, recipe, network.grid_bins)
    task = ReconstructionTask(network, recipe.loss, recipe.optimisation)
    for number, segment in enumerate(islice(segments, 2)):
        assert segment.grids.shape == (3, 2, network.bins, SIDE, SIDE)
        grey = segment.grids[:, :, network.grid_bins]
        assert 0 <= float(grey.min()) <= float(grey.max()) <= 1
        task.training_step(segment, number).backward()
    learning = {
        name.partition('.')[0] for name, one in network.named_parameters() if one.grad is not None
    }
    assert learning == {'anchor'}


def test_the_normalisation_of_events_leaves_frames_as_they_are(recipe, network, photographs):
    plain, normal = (
        next(
            segment
            for segment in SimulatedSegments(
                photographs, dataclasses.replace(recipe, normalisation=kind), network.grid_bins
            )
            if segment.grids[:, :, -1].any()  # a frame has come
        )
        for kind in ('none', 'nonzero')
    )
    bins = network.grid_bins
    assert torch.equal(normal.grids[:, :, bins:], plain.grids[:, :, bins:])
    assert not torch.equal(normal.grids[:, :, :bins], plain.grids[:, :, :bins])


@pytest.mark.parametrize('term', [Rest, NoisyRest])
def test_sensors_at_rest_show_no_frame(network, term):
    rest, seen = term(SIDE), []
    network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    carried = network.zero_state(2, SIDE, SIDE)
    for _ in range(12):
        rest.change(network, carried)
    assert any(bool(one.any()) for one in seen)
    assert not any(bool(one[:, network.grid_bins :].any()) for one in seen)


def test_it_may_imitate_a_network_of_its_kind(recipe, network):
    assert teacher_of(find_bundle(NAME), recipe, network) is not None


def test_recordings_whose_frames_are_the_truth_are_refused(make_recorded, tmp_path, photo_folder):
    recording = make_recorded().write('npy', tmp_path)
    with pytest.raises(UserError, match=f'{NAME} reads frames, .* leave out --recordings'):
        train(
            Request(
                recipe=NAME, photos=[photo_folder], recordings=[recording],
                run=tmp_path / 'run', budget_minutes=0.01, threads=1, device='cpu',
            )
        )  # fmt: skip
