# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Two trainings do not write into one folder, and a refused one leaves none behind."""

import subprocess
import sys

import pytest

pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from small_recipes import request

from spike_recon_ros.errors import UserError
from spike_recon_training.checkpoint import CHECKPOINT
from spike_recon_training.run_folder import held
from spike_recon_training.train import train

HOLDER = """
import sys
from pathlib import Path
from spike_recon_training.run_folder import held
with held(Path(sys.argv[1]), resume=False):
    print('held', flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize('resume', [True, False])
def test_a_folder_that_another_training_holds_is_refused_until_it_ends(tmp_path, resume):
    run = tmp_path / 'runs' / 'mine'
    command = [sys.executable, '-c', HOLDER, str(run)]
    pipes = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE, 'text': True}
    with subprocess.Popen(command, **pipes) as other:
        assert other.stdout.readline() == 'held\n'
        words = f'another program writes {run}; choose another'
        with pytest.raises(UserError, match=words), held(run, resume=resume):
            pass
        assert run.is_dir()
    with held(run, resume=resume):
        (run / CHECKPOINT).touch()
    assert (run / CHECKPOINT).exists()


def test_a_run_is_replaced_only_by_its_continuation(tmp_path):
    (tmp_path / CHECKPOINT).touch()
    words = 'holds a run already; add --resume or choose'
    with pytest.raises(UserError, match=words), held(tmp_path, resume=False):
        pass
    with held(tmp_path, resume=True):
        pass


def test_other_processes_of_the_training_do_not_wait_for_the_first(tmp_path, monkeypatch):
    with held(tmp_path, resume=False):
        monkeypatch.setenv('RANK', '1')
        with held(tmp_path, resume=False):
            pass


def test_a_refused_training_leaves_no_folder(tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match='empty'):
        train(request('toy', tmp_path / 'empty', tmp_path / 'run', 0.01))
    assert not (tmp_path / 'run').exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, photo_folder):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match='file'):
        train(request('toy', photo_folder, tmp_path / 'file', 0.01))
