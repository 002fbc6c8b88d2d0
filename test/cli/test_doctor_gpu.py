# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The doctor names each piece that a GPU needs, and what brings it."""

import sys
import types
from dataclasses import replace

import pytest

from spike_recon_ros.backends.tensorrt import library as tensorrt_library
from spike_recon_ros.backends.tensorrt.engine_cache import EngineKey, onnx_sha256, write_engine
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.cli.doctor_gpu import gpu_findings
from spike_recon_ros.errors import UserError

HERE = 'spike_recon_ros.backends'
LIBRARY = 'tensorrt 10.3.0'


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return how to pretend a machine: what is wrong with its GPU, and its compiler."""
    monkeypatch.setenv('SPIKE_RECON_ENGINES', str(tmp_path))
    monkeypatch.setattr(tensorrt_library, 'library_version', lambda: LIBRARY)

    def pretend(problem='', compiler='13.0'):
        device = types.SimpleNamespace(problem=lambda: problem, compute_capability=lambda: '8.7')

        def version():
            if not compiler:
                raise UserError('the CUDA compiler NVRTC is not installed; install it')
            return compiler

        kernels = types.SimpleNamespace(nvrtc_version=version)
        monkeypatch.setitem(sys.modules, f'{HERE}.cuda.cuda_device', device)
        monkeypatch.setitem(sys.modules, f'{HERE}.cuda.kernels', kernels)

    return pretend


@pytest.fixture
def network():
    return read_bundle(find_bundle('two_scale_gru'))


@pytest.fixture
def key(network):
    return EngineKey(onnx_sha256(network), LIBRARY, '8.7', '352x264', 'fp16')


def found():
    return {finding.name: finding.found for finding in gpu_findings()}


def cures():
    return {finding.name: finding.cure for finding in gpu_findings() if not finding.found}


def test_without_cuda_python_its_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, f'{HERE}.cuda.cuda_device', None)
    (cure,) = cures().values()
    assert 'pip install tensorrt' in cure
    assert "pip install 'cuda-bindings>=12.9,<13'" in cure


def test_without_a_driver_it_is_asked_for(machine):
    machine(problem='there is no NVIDIA driver')
    assert cures()['NVIDIA GPU'].startswith('there is no NVIDIA driver; install')
    assert any('built on the GPU that runs them' in cure for cure in cures().values())


def test_without_the_compiler_it_is_asked_for(machine):
    machine(compiler='')
    assert 'NVRTC is not installed; install it' in cures()['CUDA compiler NVRTC']


def test_installed_gpu_libraries_are_named(machine, network, key):
    machine()
    write_engine(network, key, b'engine')
    assert found() == {
        'NVIDIA GPU': 'compute capability 8.7',
        'CUDA compiler NVRTC': '13.0',
        'engines': 'two_scale_gru-352x264-fp16',
    }


def test_without_an_engine_the_command_builds_one(machine):
    machine()
    (cure,) = cures().values()
    assert 'run: spike-recon build two_scale_gru --size WxH' in cure


@pytest.mark.parametrize(
    ('change', 'why'),
    [
        ({'library': 'tensorrt 10.1.0'}, 'was built with tensorrt 10.1.0'),
        ({'compute_capability': '9.0'}, 'was built on compute capability 9.0'),
        ({'onnx_sha256': '0'}, 'was built from another model.onnx'),
    ],
)
def test_a_stale_engine_is_named_with_the_command_that_builds_it_again(
    machine, network, key, change, why
):
    machine()
    write_engine(network, replace(key, **change), b'engine')
    cure = cures()['two_scale_gru-352x264-fp16.engine']
    assert why in cure
    assert cure.endswith('run: spike-recon build two_scale_gru --size 352x264 --precision fp16')
    assert cures()['engines'] == 'none of them fits'


def test_a_library_that_cannot_be_loaded_is_reported(machine, monkeypatch):
    machine()

    def broken():
        raise UserError('tensorrt is installed and cannot be loaded')

    monkeypatch.setattr(tensorrt_library, 'library_version', broken)
    assert 'tensorrt is installed and cannot be loaded' in cures().values()


def test_files_that_are_no_engines_are_passed_over(machine, network, key, tmp_path):
    machine()
    write_engine(network, key, b'engine')
    (tmp_path / 'alone.engine').write_bytes(b'')
    (tmp_path / 'strange.engine').write_bytes(b'')
    (tmp_path / 'strange.json').write_text('[]')
    assert found()['engines'] == 'two_scale_gru-352x264-fp16'
