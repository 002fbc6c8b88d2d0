# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A small run of the fuzzer of files: damaged recordings of every format end in one sentence."""

import importlib
import random
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / 'benchmarks'


@pytest.fixture
def fuzz_files(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module('fuzz_files')
    for name in ('fuzz_files', 'fuzz_seeds'):
        sys.modules.pop(name, None)


def test_damaged_recordings_of_every_format_end_in_one_sentence(fuzz_files):
    result = fuzz_files.fuzz(count=108, seed=5, limit_s=20)
    assert result['bad'] == []
    assert result['ok'] + result['sentence'] == 108
    assert result['sentence'] > 20
    assert len(result['by_format']) >= 20


def test_the_fuzzer_sees_tracebacks_endless_loops_and_crashes(fuzz_files, monkeypatch, tmp_path):
    def outcome(do):
        monkeypatch.setattr(fuzz_files, 'read', do)
        return fuzz_files.outcome_of(tmp_path, 0.5)[0]

    def loop(path):
        while True:
            pass

    assert outcome(lambda path: None) == fuzz_files.OK
    assert outcome(lambda path: 1 / 0) == fuzz_files.TRACEBACK
    assert outcome(loop) == fuzz_files.TIMEOUT
    assert outcome(lambda path: fuzz_files.os._exit(1)) == fuzz_files.CRASH


def test_mutations_are_the_same_for_the_same_seed(fuzz_files):
    data = bytes(range(256)) * 10
    first, second = (fuzz_files.mutated(data, random.Random(3)) for _ in range(2))
    assert first == second != data
