# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of GPUs says so where there is none, and runs through on a CPU all the same."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle

BENCHMARKS = Path(__file__).resolve().parent.parent / 'benchmarks'


def run(*arguments):
    # CUDA then hides every GPU, so that this holds on machines that have one as well.
    hidden = {**os.environ, 'CUDA_VISIBLE_DEVICES': ''}
    command = [sys.executable, BENCHMARKS / 'gpu.py', *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=hidden, timeout=300
    )


@pytest.fixture
def network():
    return read_bundle(find_bundle('two_scale_gru_small'))


@pytest.fixture
def roofline(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module('roofline')


def test_without_a_gpu_the_gpu_benchmark_ends_with_one_sentence(tmp_path):
    done = run('-o', tmp_path / 'gpu.json')
    assert done.returncode == 1
    assert done.stdout == ''
    (line,) = done.stderr.splitlines()
    assert line.startswith('gpu.py: there is no NVIDIA GPU that a backend can use')
    assert line.endswith('--dry-run tries the script on a CPU')
    assert not (tmp_path / 'gpu.json').exists()


def test_a_dry_run_measures_every_figure(tmp_path):
    pytest.importorskip('onnxruntime', reason='onnxruntime not installed')
    path = tmp_path / 'gpu.json'
    done = run('--dry-run', '--models', 'two_scale_gru_small', '--ways', 'onnxruntime', '-o', path)
    assert done.returncode == 0, done.stderr
    result = json.loads(path.read_text(encoding='utf-8'))
    assert json.loads(done.stdout) == result
    assert result['dry_run']
    (row,) = result['results']
    assert row['parity']
    assert row['state_is_alive']
    assert row['reset_brings_the_first_back']
    for times in (row['tensor'], row['events']['voxel_grid_on_cpu']):
        assert 0.0 < times['ms_median'] <= times['ms_p99']


@pytest.mark.training
def test_operations_are_those_that_pytorch_counts(roofline, network):
    pytest.importorskip('onnx', reason='onnx not installed')
    torch = pytest.importorskip('torch', reason='torch not installed')
    counter = importlib.import_module('torch.utils.flop_counter').FlopCounterMode(display=False)
    networks = importlib.import_module('spike_recon_models.networks.registry')
    definition = networks.make_network(network.network, **network.network_arguments)
    with torch.no_grad(), counter:
        definition(torch.zeros(1, network.bins, 48, 64), None)
    work = roofline.work_of(network, Placement(48, 64), 'fp32')
    assert work['operations'] == counter.get_total_flops()


def test_the_least_bytes_are_weights_ends_and_states(roofline, network):
    pytest.importorskip('onnx', reason='onnx not installed')
    single = roofline.work_of(network, Placement(48, 64), 'fp32')['bytes']
    half = roofline.work_of(network, Placement(48, 64), 'fp16')['bytes']
    ends = 4 * (network.bins + 1) * 48 * 64
    assert single - ends == 2 * (half - ends)
    states = 2 * sum(4 * one.channels * 48 * 64 // one.stride**2 for one in network.state)
    larger = roofline.work_of(network, Placement(96, 64), 'fp32')['bytes']
    assert larger - single == ends + states


def test_the_higher_of_two_bounds_is_the_roofline(roofline):
    rates = {'operations_a_second': {'fp32': 1e9}, 'bytes_a_second': 1e6}
    given = roofline.utilisation({'operations': 1e6, 'bytes': 2e3}, rates, 'fp32', ms=4.0)
    assert given == {
        'least_ms_computing': 1.0,
        'least_ms_moving': 2.0,
        'share_of_roofline': 0.5,
    }
    assert roofline.utilisation(None, rates, 'fp32', ms=4.0) is None
