# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which engine the TensorRT backend opens, with a library that is none."""

import types
from dataclasses import replace

import numpy as np
import pytest
from simulated_gpu import SimulatedDevice, skip_misfit

from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.tensorrt.engine_cache import EngineKey, onnx_sha256, write_engine
from spike_recon_ros.bundles.golden import FLOAT16
from spike_recon_ros.errors import UserError

SMALL = Placement(24, 32, 'gpu')


class FakeEngine:
    """An engine, and the library that makes it, whose state is in half precision."""

    __name__, __version__ = 'tensorrt', '10.3.0'

    def __init__(self, readable=True):
        self.readable = readable

    def Runtime(self, logger):  # noqa: N802 -- TensorRT's name
        return self

    def deserialize_cuda_engine(self, plan):
        return self if self.readable and plan == b'plan' else None

    def create_execution_context(self):
        return types.SimpleNamespace(
            set_tensor_address=lambda name, address: True,
            execute_async_v3=lambda stream_handle: True,
        )

    def get_tensor_dtype(self, name):
        assert name.endswith('_in')
        return types.SimpleNamespace(name='HALF')


@pytest.fixture
def machine(backend_module, bundle, tmp_path, monkeypatch):
    """Return how to pretend a GPU, a library and engines of some precisions in the cache."""
    skip_misfit(bundle, SMALL)
    key = EngineKey(onnx_sha256(bundle), 'tensorrt 10.3.0', '8.7', '32x24', 'fp16')
    monkeypatch.setenv('SPIKE_RECON_ENGINES', str(tmp_path))

    def pretend(library, precisions=('fp16',)):
        for precision in precisions:
            write_engine(bundle, replace(key, precision=precision), b'plan')
        monkeypatch.setattr(backend_module, 'problem', lambda: '')
        monkeypatch.setattr(
            backend_module,
            'key_here',
            lambda bundle, placement, precision: replace(key, precision=precision),
        )
        monkeypatch.setattr(backend_module, 'library', lambda: library)
        monkeypatch.setattr(backend_module, 'quiet_logger', lambda: 'logger')
        monkeypatch.setattr(backend_module, 'CudaDevice', SimulatedDevice)

    return pretend


def test_an_engine_is_opened_with_its_precision_and_the_size_of_its_state(
    backend_module, machine, bundle
):
    machine(FakeEngine())
    backend = backend_module.TensorRtBackend(bundle, SMALL)
    assert backend.name.startswith('tensorrt 10.3.0 fp16 on GPU, with CUDA graphs, voxel grid on')
    assert (backend.precision, backend.tolerance) == ('fp16', FLOAT16.of(bundle))
    opened = backend_module._opened(bundle, SMALL)
    assert opened.state_bytes == {
        name: 2 * int(np.prod(shape))
        for name, shape in bundle.state_shapes(SMALL.height, SMALL.width).items()
    }


@pytest.mark.parametrize(
    ('built', 'wanted', 'taken'),
    [
        (('fp32',), 'auto', 'fp32'),
        (('fp32', 'bf16'), 'auto', 'bf16'),
        (('fp32', 'fp16', 'bf16'), 'auto', 'fp16'),
        (('fp32', 'fp16', 'bf16'), 'fp32', 'fp32'),
    ],
)
def test_the_fastest_built_precision_is_chosen_unless_one_is_requested(
    backend_module, machine, bundle, built, wanted, taken
):
    machine(FakeEngine(), built)
    placement = replace(SMALL, acceleration=Acceleration(precision=wanted))
    assert backend_module.TensorRtBackend(bundle, placement).precision == taken


@pytest.mark.parametrize(
    ('wanted', 'words'), [('auto', '32x24$'), ('bf16', 'in bf16 in .*32x24 --precision bf16$')]
)
def test_without_an_engine_the_command_builds_the_requested_one(
    backend_module, machine, bundle, wanted, words
):
    machine(FakeEngine(), ())
    placement = replace(SMALL, acceleration=Acceleration(precision=wanted))
    with pytest.raises(UserError, match=f'there is no engine.*{words}'):
        backend_module.TensorRtBackend(bundle, placement)


def test_an_engine_that_the_library_rejects_names_the_command(backend_module, machine, bundle):
    machine(FakeEngine(readable=False))
    with pytest.raises(UserError, match=r'cannot run the engine.*run: spike-recon build'):
        backend_module.TensorRtBackend(bundle, SMALL)


def test_bindings_without_their_library_are_no_device(backend_module, tmp_path, monkeypatch):
    (tmp_path / 'broken_tensorrt.py').write_text('raise OSError("libnvinfer.so.10: not found")')
    monkeypatch.syspath_prepend(tmp_path)
    names = ('no_such_library', 'broken_tensorrt')
    monkeypatch.setattr('spike_recon_ros.backends.tensorrt.library.MODULES', names)
    assert backend_module.devices() == ()
    with pytest.raises(UserError, match=r'broken_tensorrt.*libnvinfer.*backend:=auto'):
        backend_module.library()
