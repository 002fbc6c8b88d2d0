# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The doctor runs on a broken machine, and names the cure of what is broken."""

import argparse
import fcntl
import json
import os
import re
import subprocess
import sys

import pytest

from spike_recon_ros.backends import choice
from spike_recon_ros.cli import doctor, doctor_checks, leftover_segments
from spike_recon_ros.cli.main import main


@pytest.fixture
def report(capsys, monkeypatch):
    """Return a function that runs one check, or all, and returns the JSON object and stderr."""
    checks = doctor.CHECKS

    def run(*options, only=''):
        if only:
            monkeypatch.setattr(doctor, 'CHECKS', {only: checks[only]})
        assert main(['doctor', *options]) == 0
        out, err = capsys.readouterr()
        return json.loads(out.splitlines()[-1]), err

    return run


def examine(code='', **environment):
    """Run the program in a process of its own, after some code; return its JSON and stderr."""
    script = (
        'import sys\n'
        f'{code}\n'
        'from spike_recon_ros.cli.entry import spike_recon\n'
        'sys.argv[1:] = ["doctor"]\n'
        'sys.exit(spike_recon())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def only(name, check):
    """Return code that leaves one check of all."""
    return (
        'from spike_recon_ros.cli import doctor, doctor_checks\n'
        f'doctor.CHECKS = {{{name!r}: doctor_checks.{check}}}'
    )


def test_a_sound_machine_is_ready(report):
    result, err = report()
    assert result['ready']['recordings'] is True
    assert result['ready']['networks'] is True
    assert result['missing']['needed'] == []
    assert 'Recordings can be reconstructed.' in err
    assert 'Networks can run.' in err


@pytest.mark.parametrize('error', [RuntimeError('no\nway'), OSError(13, 'no'), SystemExit(3)])
def test_a_check_that_fails_becomes_a_line_of_the_report(error):
    def check():
        yield doctor_checks.Finding('first', doctor_checks.OPTIONAL, 'here', '', '')
        raise error

    first, failed = doctor_checks.checked('second', check)
    assert first.found == 'here'
    assert (failed.name, failed.found) == ('second', '')
    assert failed.cure.startswith(f'the check failed ({type(error).__name__}')


def test_without_any_library_the_doctor_still_runs():
    needed = {'numpy', 'numba', 'cv2', 'yaml', 'rich', 'rosbags', 'mcap', 'lz4', 'zstandard'}
    hidden = [*needed, 'rclpy', 'onnx', 'openvino', 'onnxruntime', 'torch']
    hide = f'for name in {hidden}: sys.modules[name] = None'
    result, err = examine(hide, HOME='/proc/nowhere', XDG_CACHE_HOME='')
    assert result['ready'] == {'recordings': False, 'live': False, 'networks': False}
    assert needed <= {*result['missing']['needed']}
    assert 'cv2: pip install opencv-python-headless' in err
    assert 'compiled kernels: numpy is missing; run: pip install numpy' in err
    assert 'Traceback' not in err


def test_a_broken_library_is_not_reported_as_missing(monkeypatch, tmp_path):
    (tmp_path / 'broken_one.py').write_text('import nothing_like_this')
    monkeypatch.syspath_prepend(tmp_path)
    broken = doctor_checks._library('broken_one', doctor_checks.OPTIONAL, 'pip install x', '')
    assert (broken.found, broken.state) == ('', 'broken')
    assert "No module named 'nothing_like_this'; install it again: pip install x" in broken.cure
    missing = doctor_checks._library('missing.one', doctor_checks.OPTIONAL, 'pip install x', '')
    assert (missing.state, missing.cure) == ('missing', 'pip install x')


def test_kernels_that_cannot_be_compiled_are_named_with_the_cure(monkeypatch, tmp_path):
    def no_folder(*_):
        raise RuntimeError('cannot cache function: no locator available')

    monkeypatch.setattr('spike_recon_ros.packets.registry.decoder_for', no_folder)
    monkeypatch.setenv('NUMBA_CACHE_DIR', str(tmp_path))
    (finding,) = doctor_checks.kernels()
    assert (finding.role, finding.found, finding.state) == (doctor_checks.NEEDED, '', 'broken')
    assert 'no locator available' in finding.cure
    assert f'rm -r {tmp_path}, or export NUMBA_CACHE_DIR=' in finding.cure


def test_a_damaged_numba_cache_is_repaired(tmp_path):
    alone = only('compiled kernels', 'kernels')
    result, _ = examine(alone, NUMBA_CACHE_DIR=str(tmp_path))
    assert 'compiled kernels' not in result['missing']['needed']
    indices = list(tmp_path.rglob('*.nbi'))
    assert indices
    for index in indices:
        index.write_bytes(b'damaged')
    result, _ = examine(alone, NUMBA_CACHE_DIR=str(tmp_path))
    assert 'compiled kernels' not in result['missing']['needed']
    assert all(index.read_bytes() != b'damaged' for index in indices)


def test_a_middleware_that_is_not_installed_is_named():
    pytest.importorskip('rclpy', reason='rclpy is not installed')
    result, err = examine(only('ROS 2', 'ros'), RMW_IMPLEMENTATION='rmw_nobody_cpp')
    assert result['ready']['live'] is False
    assert 'rclpy: the middleware RMW_IMPLEMENTATION=rmw_nobody_cpp is not installed' in err


def test_a_cache_that_cannot_be_written_is_named(report, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', '/proc')
    monkeypatch.setattr(os, 'access', lambda *_: False)
    _, err = report(only='user cache')
    assert '/proc/spike_recon_ros cannot be written; set XDG_CACHE_HOME' in err


def test_shared_memory_of_killed_processes_is_reported_and_removed_on_request(
    report, monkeypatch, tmp_path
):
    monkeypatch.setattr(leftover_segments, 'SHARED_MEMORY', tmp_path)
    segments = [tmp_path / f'fastdds_{number:016x}' for number in range(2)]
    for segment in segments:
        segment.write_bytes(bytes(3_000_000))
        segment.with_name(f'{segment.name}_el').touch()
    for other in ('fastdds_port7400', 'sem.fastdds_port7400_mutex', 'mine'):
        (tmp_path / other).touch()
    with segments[0].with_name(f'{segments[0].name}_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result, err = report(only='shared memory')
        assert '1 segments of ROS processes that were killed take 3 MB; run: spike-recon' in err
        assert 'shared memory' in result['missing']['optional']
        result, err = report('--clean', only='shared memory')
        assert 'removed 1 segments of shared memory' in err
        assert 'shared memory' not in result['missing']['optional']
        left = {path.name for path in tmp_path.iterdir()}
    held = segments[0].name
    assert left == {held, f'{held}_el', 'fastdds_port7400', 'sem.fastdds_port7400_mutex', 'mine'}


def test_what_brings_a_backend_is_named(report, monkeypatch):
    def missing(module):
        raise ModuleNotFoundError(f'No module named {module!r}', name=module)

    monkeypatch.setattr(doctor_checks, '_version', missing)
    _, err = report(only='libraries')
    assert 'openvino: pip install openvino' in err


def test_without_a_backend_a_filter_is_suggested(report, monkeypatch):
    monkeypatch.setattr(choice, 'CANDIDATES', choice.CANDIDATES[:1])
    monkeypatch.setattr(choice.Candidate, 'missing', lambda candidate: [candidate.name])
    result, err = report(only='networks')
    assert result['ready']['networks'] is False
    assert 'use model:=fibar' in err


def test_the_table_shows_each_finding_once(capsys):
    result = doctor.run(argparse.Namespace(clean=False))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= len(result['findings']) > 0
    for line, finding in zip(lines, result['findings'], strict=False):
        assert line.startswith(finding['name'])


def test_the_table_fits_into_a_narrow_terminal(monkeypatch, capsys):
    long = doctor_checks.Finding('one or ' * 8, doctor_checks.OPTIONAL, '', 'cure', 'for all ' * 6)
    monkeypatch.setattr(doctor, 'CHECKS', {'long': lambda: [long]})
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    monkeypatch.setenv('COLUMNS', '80')
    doctor.run(argparse.Namespace(clean=False))
    shown = capsys.readouterr().err.replace('\r\033[Kchecking: long\r\033[K', '')
    table = [re.sub(r'\033\[\d*m', '', line) for line in shown.splitlines()]
    assert max(map(len, table)) <= 80
    words = [word for line in table for word in line.split()]
    assert (words.count('one'), words.count('for')) == (8 + 8, 6)  # the cure repeats the name
    assert 'missing (optional)' in table[0]
