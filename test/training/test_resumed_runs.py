# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A resumed run goes on where its checkpoint is: weights, figures and tables."""

import json
import signal

import pytest
import yaml
from small_recipes import SMALL, request

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training import report, task  # noqa: E402
from spike_recon_training.checkpoint import (  # noqa: E402
    CHECKPOINT,
    Checkpoints,
    read_checkpoint,
    remembered,
)
from spike_recon_training.run_curves import TRAINING  # noqa: E402
from spike_recon_training.step_table import StepTable, read_rows  # noqa: E402
from spike_recon_training.train import train  # noqa: E402


@pytest.fixture
def table(tmp_path):
    table = StepTable(tmp_path / TRAINING)
    for step in (10, 20, 30):
        table.append({'step': step, 'loss': step / 10})
    return table


def test_rows_after_the_step_of_a_checkpoint_are_dropped(table, tmp_path):
    again = StepTable(tmp_path / TRAINING)
    again.begin_after(20)
    again.append({'step': 30, 'loss': 7.0})
    assert [(row['step'], row['loss']) for row in read_rows(tmp_path / TRAINING)] == [
        ('10', '1.0'), ('20', '2.0'), ('30', '7.0'),
    ]  # fmt: skip


def test_a_run_that_starts_at_step_0_has_a_new_table(table, tmp_path):
    again = StepTable(tmp_path / TRAINING)
    again.begin_after(0)
    assert read_rows(tmp_path / TRAINING) == []
    again.append({'step': 10, 'l1': 0.5})
    assert read_rows(tmp_path / TRAINING) == [{'step': '10', 'l1': '0.5'}]


def test_other_terms_of_a_resumed_run_have_columns_of_their_own(table, tmp_path):
    again = StepTable(tmp_path / TRAINING)
    again.begin_after(10)
    again.append({'step': 20, 'ssim': 0.25})
    assert read_rows(tmp_path / TRAINING) == [
        {'step': '10', 'loss': '1.0', 'ssim': ''},
        {'step': '20', 'loss': '', 'ssim': '0.25'},
    ]


@pytest.mark.parametrize('tail', ['4', '40,', '\0\0\0', 'x,1\r\n', '40,1,2\r\n', 'é,1\r\n'])
def test_a_damaged_last_row_is_dropped(table, tmp_path, tail):
    with (tmp_path / TRAINING).open('a', encoding='latin-1') as file:
        file.write(tail)
    again = StepTable(tmp_path / TRAINING)
    again.begin_after(30)
    again.append({'step': 40, 'loss': 4.0})
    steps = [row['step'] for row in read_rows(tmp_path / TRAINING) if row['loss']]
    assert steps == ['10', '20', '30', '40']


@pytest.fixture
def request_of(tmp_path, photo_folder):
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(SMALL), encoding='utf-8')

    def make(minutes, **options):
        return request(tmp_path / 'small.yaml', photo_folder, tmp_path / 'run', minutes, **options)

    return make


def test_a_resumed_run_logs_each_step_once(tmp_path, request_of, monkeypatch):
    monkeypatch.setattr(report, 'CURVE_STEPS', 1)
    first = train(request_of(0.01))
    file = tmp_path / 'run' / TRAINING
    ahead = StepTable(file)
    ahead.begin_after(first['steps'])
    for step in (1, 2, 3):  # logged before a crash, after the last checkpoint
        ahead.append({**read_rows(file)[0], 'step': first['steps'] + step})
    train(request_of(first['minutes'] + 0.02, resume=True))
    steps = [int(row['step']) for row in read_rows(file)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) > first['steps']


def test_a_finished_run_that_is_resumed_for_longer_is_validated_on_the_way(
    tmp_path, request_of, monkeypatch
):
    first = train(request_of(0.01))
    figures = tmp_path / 'run' / 'validation.json'
    assert len(json.loads(figures.read_text())) == 1
    monkeypatch.setattr(report, 'VALIDATION_S', 0.0)
    monkeypatch.setattr(report, 'VALIDATION_SHARE', 1.0)
    train(request_of(first['minutes'] + 0.1, resume=True))
    assert len(json.loads(figures.read_text())) > 2


def test_a_checkpoint_holds_the_average_of_its_last_step(request_of, monkeypatch):
    found = []

    def compare(_, trainer, task, *rest):
        if trainer.global_step == 1:
            initial = make_network('two_scale_gru', channels=4).parameters()
            kept, moved = (list(one.parameters()) for one in (task.average, task.network))
            share = 1 - (1 + 1) / (10 + 1)
            found.extend(
                torch.allclose(average, torch.lerp(first, last, share))
                for first, last, average in zip(initial, moved, kept, strict=True)
            )

    monkeypatch.setattr(Checkpoints, 'on_train_batch_end', compare)
    train(request_of(0.005))
    assert found
    assert all(found)


def test_a_run_that_cannot_be_resumed_keeps_its_checkpoint(tmp_path, request_of, monkeypatch):
    first = train(request_of(0.005))
    file = tmp_path / 'run' / CHECKPOINT
    before = file.read_bytes()
    longer = request_of(first['minutes'] + 1, resume=True)
    only = {**SMALL, 'optimisation': {**SMALL['optimisation'], 'only': ['image']}}
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(only), encoding='utf-8')
    with pytest.raises(UserError, match=r'another optimisation\.only .* resume with'):
        train(longer)
    (tmp_path / 'small.yaml').write_text(yaml.safe_dump(SMALL), encoding='utf-8')
    monkeypatch.setattr(report.Report, 'on_train_start', lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(longer)
    assert file.read_bytes() == before


def test_an_interrupted_run_is_saved_and_stays_an_interrupt(tmp_path, request_of, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)

    def interrupt(_, trainer, *rest):
        if trainer.global_step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(report.Report, 'on_train_batch_end', interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(request_of(1))
    assert signal.getsignal(signal.SIGINT) is handler
    assert read_checkpoint(tmp_path / 'run' / CHECKPOINT)['global_step'] == 3
    assert train(request_of(0.05, resume=True))['steps'] > 3


def test_a_crash_after_a_validation_loses_no_figures(tmp_path, request_of, monkeypatch):
    monkeypatch.setattr(report, 'VALIDATION_S', 0.0)
    monkeypatch.setattr(report, 'VALIDATION_SHARE', 1.0)
    figures = tmp_path / 'run' / 'validation.json'

    def crash(*_):
        if figures.exists():
            raise UserError('crash')  # after which no checkpoint is written

    monkeypatch.setattr(Checkpoints, 'on_train_batch_end', crash)
    with pytest.raises(UserError, match='crash'):
        train(request_of(0.1))
    kept = remembered(read_checkpoint(tmp_path / 'run' / CHECKPOINT), 'history')
    assert kept == json.loads(figures.read_text())


def test_a_resumed_run_continues_its_sensors_at_rest(
    tmp_path, request_of, photo_folder, monkeypatch
):
    recipe = {**SMALL, 'loss': {**SMALL.get('loss', {}), 'rest': 0.1, 'noise': 0.1}}
    file = tmp_path / 'rest.yaml'
    file.write_text(yaml.safe_dump(recipe), encoding='utf-8')
    first = train(request(file, photo_folder, tmp_path / 'run', 0.01))
    stored = read_checkpoint(tmp_path / 'run' / CHECKPOINT)[task.SENSORS]
    assert stored['rest']['states']
    assert stored['noise']['sensors']
    continued = []
    for kind in (task.Rest, task.NoisyRest):
        monkeypatch.setattr(
            kind, 'load_state_dict', lambda self, found, *_: continued.append(found)
        )
    train(request(file, photo_folder, tmp_path / 'run', first['minutes'] + 0.02, resume=True))
    assert [int(one['random'].sum()) for one in continued] == [
        int(stored[name]['random'].sum()) for name in ('rest', 'noise')
    ]
