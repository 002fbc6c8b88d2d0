# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A checkpoint executes nothing, and a good one is never lost."""

import pickle
import re
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from small_recipes import SMALL, request

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed: nothing can be trained')

from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.budget import Budget  # noqa: E402
from spike_recon_training.checkpoint import (  # noqa: E402
    CHECKPOINT,
    Checkpoints,
    read_checkpoint,
    remembered,
)
from spike_recon_training.export import export_run  # noqa: E402
from spike_recon_training.train import SUMMARY, train  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), 'w')


@pytest.fixture(scope='module')
def trained(tmp_path_factory, photo_folder):
    """Return the folder of a short run."""
    folder = tmp_path_factory.mktemp('checkpoint')
    (folder / 'small.yaml').write_text(yaml.safe_dump(SMALL), encoding='utf-8')
    train(request(folder / 'small.yaml', photo_folder, folder / 'run', minutes=0.005))
    return folder / 'run'


@pytest.fixture
def run(trained, tmp_path):
    """Return a copy of the run, which a test may damage."""
    return shutil.copytree(trained, tmp_path / 'run')


def resume(run, photo_folder, recipe=None):
    return train(request(recipe or run / 'recipe.yaml', photo_folder, run, 10.0, resume=True))


@pytest.fixture(params=['torch format', 'plain pickle', 'inside a whole checkpoint'])
def malicious(request, run, tmp_path):
    """Put a checkpoint that creates a file into the run; return the file."""
    trace, file = tmp_path / 'executed', run / CHECKPOINT
    if request.param == 'plain pickle':
        file.write_bytes(pickle.dumps(Payload(trace)))
    elif request.param == 'torch format':
        torch.save(Payload(trace), file)
    else:
        content = torch.load(file, weights_only=True)
        content['callbacks']['Payload'] = {'started_from': Payload(trace)}
        torch.save(content, file)
    return trace


def test_the_payload_of_these_tests_would_run(malicious, run):
    if zipfile.is_zipfile(run / CHECKPOINT):
        torch.load(run / CHECKPOINT, weights_only=False)
    else:
        pickle.loads((run / CHECKPOINT).read_bytes())
    assert malicious.exists()


def test_export_executes_nothing_of_a_checkpoint(malicious, run, tmp_path):
    with pytest.raises(UserError, match='more than tensors and plain values'):
        export_run(run, tmp_path / 'bundle')
    assert not malicious.exists()
    assert not (tmp_path / 'bundle').exists()


def test_resume_executes_nothing_of_a_checkpoint(malicious, run, photo_folder):
    with pytest.raises(UserError, match='more than tensors and plain values'):
        resume(run, photo_folder)
    assert not malicious.exists()


def test_no_package_loads_pickles_with_code():
    packages = (ROOT / 'spike_recon_ros', ROOT / 'models', ROOT / 'training')
    unsafe = re.compile(r'weights_only\s*=\s*False|\bpickle\.loads?\(|allow_pickle\s*=\s*True')
    files = [file for package in packages for file in package.rglob('*.py')]
    assert len(files) > 200
    assert not [file for file in files if unsafe.search(file.read_text(encoding='utf-8'))]


DAMAGES = {
    'empty': lambda content: b'',
    'cut in half': lambda content: content[: len(content) // 2],
    'last bytes missing': lambda content: content[:-10],
    'text': lambda content: b'hello',
    'zeros': lambda content: bytes(len(content)),
    'another start': lambda content: b'\x80\x02' + content[2:],
}


@pytest.mark.parametrize('damage', DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_one_sentence(damage, run, photo_folder, tmp_path):
    file = run / CHECKPOINT
    file.write_bytes(damage(file.read_bytes()))
    for use in (lambda: resume(run, photo_folder), lambda: export_run(run, tmp_path / 'bundle')):
        with pytest.raises(UserError) as caught:
            use()
        assert str(file) in str(caught.value)
        assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    'content',
    [[1, 2], {}, {'state_dict': {}, 'callbacks': [], 'global_step': 1}, {'state_dict': 'none'}],
)
def test_a_file_of_other_values_is_no_checkpoint(content, tmp_path):
    torch.save(content, tmp_path / CHECKPOINT)
    with pytest.raises(UserError, match=r'is not a checkpoint of `spike-recon train`'):
        read_checkpoint(tmp_path / CHECKPOINT)


def test_what_a_callback_stored_is_found(trained):
    checkpoint = read_checkpoint(trained / CHECKPOINT)
    assert remembered(checkpoint, 'elapsed_s') > 0
    assert remembered(checkpoint, 'nothing', 'default') == 'default'


def test_another_recipe_neither_resumes_nor_replaces_that_of_the_run(run, photo_folder, tmp_path):
    other = {**SMALL, 'network': {'name': 'two_scale_gru', 'arguments': {'channels': 5}}}
    (tmp_path / 'other.yaml').write_text(yaml.safe_dump(other), encoding='utf-8')
    before = (run / 'recipe.yaml').read_bytes()
    with pytest.raises(UserError, match='does not hold the network of recipe'):
        resume(run, photo_folder, tmp_path / 'other.yaml')
    assert (run / 'recipe.yaml').read_bytes() == before


@pytest.mark.parametrize('text', ['{', '[1]', '[' * 100_000])
def test_a_damaged_summary_is_one_sentence(text, run, tmp_path):
    (run / SUMMARY).write_text(text, encoding='utf-8')
    with pytest.raises(UserError, match=f'{SUMMARY} is damaged'):
        export_run(run, tmp_path / 'bundle')


class Trainer:
    """Has what Checkpoints asks a trainer for."""

    is_global_zero = True
    global_step = 7

    def __init__(self, module, save):
        self.lightning_module = module
        self.save_checkpoint = save


def checkpoints(folder):
    return Checkpoints(folder, Budget(1.0, 1e-3, 0.1), None)


def test_a_crash_while_a_checkpoint_is_written_keeps_the_last_one(tmp_path):
    def crash(path):
        path.write_bytes(b'half')
        raise OSError(28, 'No space left on device')

    (tmp_path / CHECKPOINT).write_bytes(b'good')
    sentence = f'{CHECKPOINT} cannot be written after 7 steps: no space left.*keeps the weights'
    with pytest.raises(UserError, match=sentence):
        checkpoints(tmp_path).save(Trainer(torch.nn.Linear(2, 2), crash))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b'good']


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_not_finite_keep_the_last_checkpoint(tmp_path, value):
    module = torch.nn.Linear(2, 2)
    with torch.no_grad():
        module.weight[0, 0] = value
    (tmp_path / CHECKPOINT).write_bytes(b'good')
    with pytest.raises(UserError, match=f'{CHECKPOINT} keeps the weights before; lower'):
        checkpoints(tmp_path).save(Trainer(module, lambda path: path.write_bytes(b'bad')))
    assert (tmp_path / CHECKPOINT).read_bytes() == b'good'


def test_a_checkpoint_replaces_the_one_before(tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b'old')
    trainer = Trainer(torch.nn.Linear(2, 2), lambda path: path.write_bytes(b'new'))
    checkpoints(tmp_path).save(trainer)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b'new']
