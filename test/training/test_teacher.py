# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Imitation of a trained network."""

import dataclasses

import pytest
import yaml
from small_recipes import SMALL

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_ros.bundles.zoo import find_bundle  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.datasets.segments import Segment  # noqa: E402
from spike_recon_training.initial_weights import first_network  # noqa: E402
from spike_recon_training.losses import LossWeights  # noqa: E402
from spike_recon_training.recipe import Optimisation, find_recipe, read_recipe  # noqa: E402
from spike_recon_training.reconstruction import reconstructed  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402
from spike_recon_training.teacher import Teacher, teacher_of  # noqa: E402
from spike_recon_training.train import Request, train  # noqa: E402

L1 = LossWeights(ssim=0, gradient=0, temporal=0, teacher=1.0)


def segment(cold, seed=0):
    generator = torch.Generator().manual_seed(seed)
    grids = torch.randn((3, 2, 5, 16, 16), generator=generator)
    return Segment(grids, torch.rand((3, 2, 1, 16, 16), generator=generator), cold)


def task_with(network, teacher, weights):
    return ReconstructionTask(network, weights, Optimisation(), teacher=Teacher(teacher))


def test_a_network_that_equals_its_teacher_has_no_loss_in_any_segment():
    network = make_network('two_scale_gru', channels=4)
    task = task_with(network, make_network('two_scale_gru', channels=4), L1)
    for number, cold in enumerate((True, False, True)):
        assert task.training_step(segment(cold, number), number).item() == 0
        assert task.last_terms['l1'] > 0.01  # the truth is another image


def test_the_teacher_has_its_share_of_the_loss():
    teacher = make_network('two_scale_gru', channels=4, seed=1)
    losses = {}
    for share in (0.0, 0.25, 1.0):
        task = task_with(
            make_network('two_scale_gru', channels=4),
            teacher,
            dataclasses.replace(L1, teacher=share),
        )
        losses[share] = task.training_step(segment(True), 0).item()
    assert losses[0.0] != losses[1.0]
    assert losses[0.25] == pytest.approx(0.75 * losses[0.0] + 0.25 * losses[1.0], rel=1e-5)


def test_training_changes_the_network_but_not_its_teacher():
    network, teacher = (make_network('two_scale_gru', channels=4, seed=seed) for seed in (0, 1))
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    task = task_with(network, teacher, L1)
    optimiser = task.configure_optimizers()
    losses = []
    for step in range(12):
        optimiser.zero_grad()
        losses.append(task.training_step(segment(True), step))
        losses[-1].backward()
        optimiser.step()
    assert float(losses[-1].detach()) < 0.8 * float(losses[0].detach())
    assert all(bool((value == before[name]).all()) for name, value in teacher.state_dict().items())
    assert not any('teacher' in name for name in task.state_dict())


def test_a_bundle_of_the_zoo_may_teach():
    recipe = read_recipe(find_recipe('two_scale_gru_small'))
    network = first_network(recipe, find_bundle('two_scale_gru_small'))
    teacher = teacher_of(find_bundle('two_scale_gru_small'), recipe, network)
    with torch.no_grad():
        video, _ = reconstructed(network.eval(), segment(True).grids)
    assert torch.equal(teacher.images(segment(True)), video)


@pytest.mark.parametrize(
    ('bundle', 'difference'),
    [
        ('spk2vid', 'its sensor is spike, but that of two_scale_gru_small is event'),
        (
            'two_scale_gru_frames',
            'its number of input channels is 8, but that of two_scale_gru_small is 5',
        ),
    ],
)
def test_a_teacher_that_reads_other_inputs_is_refused(bundle, difference):
    recipe = read_recipe(find_recipe('two_scale_gru_small'))
    with pytest.raises(UserError) as refused:
        teacher_of(find_bundle(bundle), recipe, first_network(recipe, None))
    assert difference in str(refused.value)


def test_a_run_and_its_card_name_the_teacher_which_a_resumed_run_needs_again(
    tmp_path, photo_folder
):
    pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from spike_recon_training.export import export_run, export_untrained  # noqa: PLC0415

    recipe_file, teacher = tmp_path / 'small.yaml', tmp_path / 'large'
    recipe_file.write_text(yaml.safe_dump(SMALL), encoding='utf-8')
    export_untrained(str(recipe_file), teacher)
    run = Request(
        recipe=str(recipe_file), photos=[photo_folder], run=tmp_path / 'run', threads=1,
        device='cpu', budget_minutes=0.005, teacher=teacher,
    )  # fmt: skip
    figures = train(run)
    assert figures['teacher'] == 'large'
    longer = dataclasses.replace(run, resume=True, budget_minutes=figures['minutes'] + 0.02)
    with pytest.raises(UserError, match='with --teacher large; give it again'):
        train(dataclasses.replace(longer, teacher=None))
    train(longer)
    export_run(run.run, tmp_path / 'bundle')
    card = yaml.safe_load((tmp_path / 'bundle' / 'model.yaml').read_text(encoding='utf-8'))
    assert card['recipe']['teacher'] == 'large'
