# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compiled functions run whatever state their cache on disk is in."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import spike_recon_ros

SOURCE = """
from spike_recon_ros.jit import njit

@njit(nogil=True, cache=True)
def inner(x):
    return x + 1

@njit(nogil=True, cache=True)
def outer(x):
    return 2 * inner(x)
"""
HITS = 'sum(doubled.outer.stats.cache_hits.values())'
RUN = f'import doubled; print(doubled.outer(20)); print({HITS})'


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'code').mkdir()
    (tmp_path / 'code' / 'doubled.py').write_text(SOURCE)
    return tmp_path


def started(folder, **environment):
    """Run the functions in a new process; return the result, the cache hits and the log."""
    paths = str(folder / 'code'), str(Path(spike_recon_ros.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, '-c', RUN],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(paths),
            'NUMBA_CACHE_DIR': str(folder / 'cache'),
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    result, hits = done.stdout.split()
    return int(result), int(hits), done.stderr


@pytest.fixture
def imported(folder, monkeypatch):
    """A function that imports the functions again; returns the result and the cache hits.

    A new dispatcher reads the cache from disk, as in a new process, which takes a second longer.
    """
    monkeypatch.setattr(numba.config, 'CACHE_DIR', str(folder / 'cache'))
    spec = importlib.util.spec_from_file_location('doubled', folder / 'code' / 'doubled.py')

    def run():
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.outer(20), sum(module.outer.stats.cache_hits.values())

    return run


def test_the_next_process_reads_the_cache(folder):
    assert started(folder)[:2] == (42, 0)
    assert started(folder)[:2] == (42, 1)


@pytest.mark.parametrize('suffix', ['nbi', 'nbc'])
@pytest.mark.parametrize('content', [b'', b'\x80', b'no pickle', None])
def test_a_damaged_cache_is_written_again(folder, imported, suffix, content):
    assert imported() == (42, 0)
    assert imported() == (42, 1)
    files = list((folder / 'cache').rglob(f'*.{suffix}'))
    assert files
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert imported() == (42, 0)
    assert imported() == (42, 1)


def test_without_a_folder_to_write_one_warning_names_the_cure(folder):
    nowhere = folder / 'file'
    nowhere.touch()
    (folder / 'code' / '__pycache__').touch()  # a file: no folder can be made there
    result, hits, log = started(
        folder,
        NUMBA_CACHE_DIR=str(nowhere / 'cache'),
        XDG_CACHE_HOME=str(nowhere),
        HOME=str(nowhere),
    )
    assert (result, hits) == (42, 0)
    assert log.count('set NUMBA_CACHE_DIR to a folder that you may write') == 1


def test_a_folder_that_can_no_longer_be_written_does_not_stop_anything(folder):
    (folder / 'code' / 'doubled.py').write_text(
        SOURCE + '\nimport os, shutil\n'
        'shutil.rmtree(os.environ["NUMBA_CACHE_DIR"])\n'
        'open(os.environ["NUMBA_CACHE_DIR"], "w").close()\n'
    )
    result, hits, log = started(folder)
    assert (result, hits) == (42, 0)
    assert log.count('set NUMBA_CACHE_DIR') == 1


def test_without_compilation_the_functions_are_plain_python(folder):
    plain = RUN.replace(HITS, 'doubled.inner(1)')
    environment = {**os.environ, 'NUMBA_DISABLE_JIT': '1'}
    environment['PYTHONPATH'] = os.pathsep.join(
        [str(folder / 'code'), str(Path(spike_recon_ros.__file__).parent.parent)]
    )
    done = subprocess.run(
        [sys.executable, '-c', plain],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout.split() == ['42', '2'], done.stderr
