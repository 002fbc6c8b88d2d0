# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A training keeps to its length, and what it has trained is never lost."""

import csv
import types

import pytest
import yaml
from small_recipes import SMALL, request

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training import budget as budget_module  # noqa: E402
from spike_recon_training import report  # noqa: E402
from spike_recon_training.budget import LAST, Budget  # noqa: E402
from spike_recon_training.checkpoint import CHECKPOINT, read_checkpoint  # noqa: E402
from spike_recon_training.run_curves import REPORT, TRAINING, VALIDATION  # noqa: E402
from spike_recon_training.train import train  # noqa: E402
from spike_recon_training.validation import EXTENTS, affordable  # noqa: E402

RECIPE = {
    **SMALL,
    'network': {'name': 'hybrid', 'arguments': {'channels': 4}},
    'optimisation': {'batch': 2, 'crop': 16, 'windows': 2, 'segments': [1, 3]},
}


class Clock:
    """A clock that only the test advances."""

    def __init__(self, monkeypatch):
        self.now_s = 100.0
        monkeypatch.setattr(budget_module.time, 'monotonic', lambda: self.now_s)


def simulated_training(clock, budget, step_s, loading_s=0.0, validations=()):
    """Run steps of a given length; return the learning rates.

    `validations` are (step, seconds) pairs.
    """
    group = {'lr': None}
    optimizer = types.SimpleNamespace(param_groups=[group])
    trainer = types.SimpleNamespace(
        global_step=0, world_size=1, optimizers=[optimizer], should_stop=False
    )
    clock.now_s += loading_s
    rates = []
    while not trainer.should_stop:
        budget.on_train_batch_start(trainer, None, None, 0)
        clock.now_s += step_s
        trainer.global_step += 1
        rates.append(group['lr'])
        budget.on_train_batch_end(trainer, None, None, None, 0)
        for step, seconds in validations:
            if step == trainer.global_step:
                clock.now_s += seconds
                budget.exclude(seconds)
    return rates


@pytest.mark.parametrize('step_s', [0.1, 3.0, 15.0])
def test_steps_and_reserve_end_within_half_a_step_of_the_budget(monkeypatch, step_s):
    clock = Clock(monkeypatch)
    budget = Budget(2.0, 1.0, 0.03)
    budget.reserve_s = 20.0
    rates = simulated_training(clock, budget, step_s, loading_s=10.0, validations=[(3, 12.0)])
    assert clock.now_s - 100.0 == pytest.approx(100.0, abs=step_s / 2 + 1e-6)
    assert rates[-1] == pytest.approx(LAST * min(1.0, len(rates) / 20))


def test_a_training_without_time_still_does_one_step(monkeypatch):
    clock = Clock(monkeypatch)
    assert len(simulated_training(clock, Budget(0.01, 1.0, 0.03), 5.0, loading_s=3.0)) == 1


def test_a_length_in_steps_is_exact_and_ignores_time(monkeypatch):
    budget = Budget(0.01, 1.0, 0.03)
    budget.steps = 50
    rates = simulated_training(Clock(monkeypatch), budget, 9.0)
    assert len(rates) == 50
    assert rates[-1] == pytest.approx(LAST)


def test_validation_is_as_large_as_the_time_allows():
    assert affordable(0.001, 1.0) == EXTENTS[0]
    assert affordable(1.0, 1.0) == EXTENTS[-1]
    middle = EXTENTS[2]
    assert affordable(1.0, middle.frames) == middle
    frames = [extent.frames for extent in EXTENTS]
    assert frames == sorted(frames, reverse=True)


@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    file = tmp_path_factory.mktemp('recipe') / 'small.yaml'
    file.write_text(yaml.safe_dump(RECIPE), encoding='utf-8')
    return file


def test_epochs_give_a_number_of_steps_and_the_run_leaves_its_curves(
    tmp_path, recipe_file, photo_folder
):
    pytest.importorskip('matplotlib', reason='matplotlib is not installed: no report is drawn')
    run = tmp_path / 'run'
    figures = train(request(recipe_file, photo_folder, run, epochs=2))
    trained_on = figures['data']['photographs']
    assert figures['steps'] == 2 * trained_on * 2 / 2  # segments / batch
    with (run / TRAINING).open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert int(rows[-1]['step']) == figures['steps']
    assert {'loss', 'l1', 'learning_rate', 'cpu_memory_mib'} <= set(rows[0])
    assert float(rows[-1]['cpu_memory_mib']) > 50
    with (run / VALIDATION).open(newline='') as file:
        [held] = csv.DictReader(file)
    assert float(held['psnr']) == figures['held_back']['psnr']
    assert 0 < float(held['spike_rate']) < 1
    assert (run / REPORT).stat().st_size > 10_000
    with pytest.raises(UserError, match='give more --epochs'):
        train(request(recipe_file, photo_folder, run, epochs=2, resume=True))


def test_an_error_in_the_validation_loses_no_weights(
    tmp_path, recipe_file, photo_folder, monkeypatch
):
    run = tmp_path / 'run'
    with monkeypatch.context() as broken:
        broken.setattr(report, 'scores', lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(request(recipe_file, photo_folder, run, epochs=1))
    steps = read_checkpoint(run / CHECKPOINT)['global_step']
    assert steps > 0
    figures = train(request(recipe_file, photo_folder, run, epochs=2, resume=True))
    assert figures['steps'] == 2 * steps


def test_an_error_in_a_step_loses_no_weights(tmp_path, recipe_file, photo_folder, monkeypatch):
    from spike_recon_training.task import ReconstructionTask  # noqa: PLC0415

    step = ReconstructionTask.training_step

    def fails_later(self, segment, index):
        if self.global_step == 4:
            raise MemoryError('no memory is left')
        return step(self, segment, index)

    monkeypatch.setattr(ReconstructionTask, 'training_step', fails_later)
    with pytest.raises(MemoryError):
        train(request(recipe_file, photo_folder, tmp_path / 'run', epochs=1))
    assert read_checkpoint(tmp_path / 'run' / CHECKPOINT)['global_step'] == 4
