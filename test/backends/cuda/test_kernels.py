# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The kernels compile for every GPU that is named, which takes NVRTC and no GPU."""

import importlib

import pytest

from spike_recon_ros.backends.cuda.voxel_grid import SOURCE
from spike_recon_ros.errors import UserError

pytest.importorskip('cuda.bindings.nvrtc', reason='cuda-bindings not installed')
ORIN, ADA, HOPPER, BLACKWELL = '8.7', '8.9', '9.0', '12.0'


@pytest.fixture
def cuda_kernels():
    module = importlib.import_module('spike_recon_ros.backends.cuda.kernels')
    try:
        module.nvrtc_version()
    except UserError as error:
        pytest.skip(str(error))
    return module


@pytest.mark.parametrize('capability', [ORIN, ADA, HOPPER, BLACKWELL])
def test_the_voxel_grid_kernel_compiles(cuda_kernels, capability):
    binary = cuda_kernels.compiled(SOURCE.read_text(encoding='utf-8'), capability)
    assert binary.startswith(b'\x7fELF')
    for name in (b'accumulate', b'sum_nonzero', b'sum_squares', b'normalise'):
        assert b'.text.' + name + b'\0' in binary


def test_a_gpu_that_the_compiler_does_not_know_is_named(cuda_kernels):
    with pytest.raises(UserError, match=r'does not compile for compute capability 1\.0.*newer'):
        cuda_kernels.compiled(SOURCE.read_text(encoding='utf-8'), '1.0')


def test_errors_in_the_source_are_reported(cuda_kernels):
    with pytest.raises(UserError, match='nonsense'):
        cuda_kernels.compiled('extern "C" __global__ void f() { nonsense; }', ORIN)


def test_without_the_compiler_the_command_that_installs_it_is_named(cuda_kernels, monkeypatch):
    def missing():
        raise RuntimeError('no libnvrtc')

    monkeypatch.setattr(cuda_kernels.nvrtc, 'nvrtcVersion', missing)
    with pytest.raises(UserError, match=r'NVRTC is not installed.*pip install nvidia-cuda-nvrtc'):
        cuda_kernels.compiled('', ORIN)


def test_without_a_gpu_there_are_no_kernels(cuda_kernels):
    if not importlib.import_module('spike_recon_ros.backends.cuda.cuda_device').problem():
        pytest.skip('there is a GPU')
    with pytest.raises(UserError, match='the GPU failed'):
        cuda_kernels.CudaKernels(SOURCE.read_text(encoding='utf-8'), 0)
