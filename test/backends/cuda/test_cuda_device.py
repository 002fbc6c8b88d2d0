# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Without a GPU every call of CUDA is taken as it is written, and fails with its words."""

import importlib

import numpy as np
import pytest

from spike_recon_ros.errors import UserError

pytest.importorskip('cuda.bindings.runtime', reason='cuda-bindings not installed')


@pytest.fixture
def cuda():
    module = importlib.import_module('spike_recon_ros.backends.cuda.cuda_device')
    if not module.problem():
        pytest.skip('there is a GPU, so nothing fails')
    return module


@pytest.fixture
def device(cuda, monkeypatch):
    with monkeypatch.context() as without:
        without.setattr(cuda, '_checked', lambda result: 0)
        return cuda.CudaDevice()


def test_a_missing_driver_is_reported(cuda):
    assert 'NVIDIA' in cuda.problem()


def test_a_library_that_raises_without_a_driver_means_no_gpu(cuda, monkeypatch):
    def raises():
        raise RuntimeError('Failed to dlopen libcuda.so.1')

    monkeypatch.setattr(cuda.cudart, 'cudaGetDeviceCount', raises)
    assert cuda.problem() == 'there is no NVIDIA driver'


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [
        ('malloc', (64,)),
        ('free', (4096,)),
        ('pinned', ((2, 3),)),
        ('free_pinned', (np.zeros(3, np.float32),)),
        ('zero', (4096, 64)),
        ('upload', (4096, np.zeros(3, np.float32))),
        ('download', (np.zeros(3, np.float32), 4096)),
        ('captured', (lambda: None,)),
        ('synchronize', ()),
        ('close', ()),
    ],
)
def test_a_call_that_fails_is_a_user_error(device, name, arguments):
    with pytest.raises(UserError, match=r'the GPU failed \(.*driver.*device:=cpu'):
        getattr(device, name)(*arguments)


def test_a_missing_stream_or_capability_is_a_user_error(cuda):
    for call in (cuda.CudaDevice, cuda.compute_capability, cuda.versions):
        with pytest.raises(UserError, match='the GPU failed'):
            call()


def test_work_that_cannot_be_recorded_gives_a_reason(device, cuda, monkeypatch):
    def refused():
        raise UserError('not while a graph is recorded')

    monkeypatch.setattr(cuda, '_checked', lambda result: 0)
    with pytest.raises(UserError, match='not while a graph is recorded'):
        device.captured(refused)


def test_a_missing_graph_is_a_user_error(cuda):
    with pytest.raises(UserError, match='the GPU failed'):
        cuda.CudaGraph(None, 0)
