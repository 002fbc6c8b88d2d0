# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The TensorRT backend on a simulated GPU, on which ONNX Runtime does what an engine would."""

import functools
import importlib
from dataclasses import replace

import numpy as np
import pytest
from simulated_gpu import skip_misfit
from stream import random_events

from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.choice import CANDIDATES, Choice
from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import mirror_beyond, padded_size
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.windows.window import Window

onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime not installed')
SMALL = Placement(24, 32, 'gpu')


@pytest.fixture(autouse=True)
def fitting(request):
    """Leave out the networks of spike planes that need another size; this one is enough here."""
    if 'bundle' in request.fixturenames:
        skip_misfit(request.getfixturevalue('bundle'), SMALL)


@pytest.fixture
def load(backend_module, devices, simulated):
    return functools.partial(backend_module.TensorRtBackend, opened=simulated)


@pytest.fixture
def load_with_voxel_grid(backend_module, devices, simulated, host_kernels):
    """Return a loader whose voxel grid runs on the simulated device, too."""

    def opened(bundle, placement):
        def kernels(source, stream):
            return host_kernels(devices[-1])

        return simulated(bundle, placement)._replace(kernels=kernels)

    return functools.partial(backend_module.TensorRtBackend, opened=opened)


def test_the_golden_output_is_reproduced(load, bundle):
    events, expected = read_golden(bundle)
    backend = load(bundle, Placement(*events.shape[2:], 'gpu'))
    given = np.stack([backend.step(window) for window in events])
    assert deviation(given, expected) < backend.tolerance


def test_warm_up_leaves_the_state_zero(load, bundle, inputs):
    window = inputs(bundle, 1)[0]
    warm, fresh = load_checked(load, bundle, SMALL), load(bundle, SMALL)
    np.testing.assert_array_equal(warm.step(window), fresh.step(window))


def test_the_state_is_that_of_onnx_runtime(load, bundle, inputs):
    backend = load(bundle, SMALL)
    module = importlib.import_module('spike_recon_ros.backends.onnxruntime_backend')
    other = module.OnnxRuntimeBackend(bundle, replace(SMALL, device='cpu'))
    window = inputs(bundle, 1)[0]
    for one in (backend, other):
        one.step(window)
    for spec in bundle.state:
        np.testing.assert_allclose(backend.state(spec.name), other.state(spec.name), atol=1e-5)


@pytest.mark.parametrize(('precision', 'one'), [('fp16', 0x3C00), ('bf16', 0x3F80)])
def test_a_state_of_two_bytes_is_read_as_float32(load, shipped, precision, one):
    bundle = read_bundle(shipped)
    backend = load(bundle, SMALL)
    name, shape = next(iter(bundle.state_shapes(24, 32).items()))
    backend.precision, backend._state_bytes = precision, {name: 2 * int(np.prod(shape))}
    stored = np.full(int(np.prod(shape)), one, np.uint16)
    stored[0] |= 0x8000  # the sign
    backend._state.read = lambda _, dtype: stored.view(dtype)
    values = backend.state(name)
    assert (values.dtype, values.shape) == (np.float32, shape)
    assert values.ravel()[0] == -1.0
    assert (values.ravel()[1:] == 1.0).all()


def test_the_self_test_leaves_one_network_on_the_gpu(load, bundle, devices):
    load_checked(load, bundle, SMALL).close()
    assert len(devices) == 2
    assert all(device.closed and not device.memory for device in devices)


def test_the_self_test_refuses_a_state_that_is_not_exchanged(
    load, bundle, devices, backend_module, monkeypatch
):
    if not bundle.state:
        pytest.skip(f'{bundle.name} has no state')
    once = set()

    class Stuck(backend_module.DeviceState):
        def _bind(self, read):
            if id(self) not in once:
                once.add(id(self))
                super()._bind(read)

    monkeypatch.setattr(backend_module, 'DeviceState', Stuck)
    with pytest.raises(UserError, match='does not give its golden output with simulated'):
        load_checked(load, bundle, SMALL)
    assert all(device.closed for device in devices)


def test_reset_after_an_odd_number_of_steps(load, bundle, inputs):
    windows = inputs(bundle, 3)
    backend = load(bundle, SMALL)
    given = [backend.step(window) for window in windows]
    backend.reset()
    np.testing.assert_array_equal(backend.step(windows[0]), given[0])


def test_graphs_change_nothing_and_can_be_switched_off(load, bundle, devices, inputs):
    plain = replace(SMALL, acceleration=Acceleration(graphs=False))
    backends = load_checked(load, bundle, SMALL), load_checked(load, bundle, plain)
    for window in inputs(bundle, 3):
        np.testing.assert_array_equal(*(backend.step(window) for backend in backends))
    assert 'on GPU, with CUDA graphs,' in backends[0].name
    assert 'on GPU, without CUDA graphs: switched off,' in backends[1].name


def events_of(count, seed):
    return random_events(30, 20, count, (0, 1_000_000), seed)


@pytest.fixture
def normalisation(bundle):
    """Return that of a bundle that reads voxel grids, which alone the device makes."""
    representation = bundle.description['representation']
    if representation['kind'] != 'voxel_grid':
        pytest.skip(f'{bundle.name} reads {representation["kind"]}')
    if bundle.reads_frames:
        pytest.skip(f'{bundle.name} reads frames, too')
    return representation['normalisation']


@pytest.mark.parametrize('graphs', [True, False])
def test_events_give_the_image_of_their_tensor(
    load_with_voxel_grid, bundle, normalisation, graphs
):
    placement = replace(SMALL, acceleration=Acceleration(graphs=graphs, voxel_grid_on='gpu'))
    by_events = load_checked(load_with_voxel_grid, bundle, placement)
    by_tensor = load_checked(load_with_voxel_grid, bundle, placement)
    assert by_events.name.endswith('voxel grid on the GPU')
    for step, count in enumerate((500, 0, 3000, 7)):
        events = events_of(count, seed=step)
        tensor = voxel_grid(
            events,
            0,
            1_000_000,
            bins=bundle.bins,
            height=SMALL.height,
            width=SMALL.width,
            normalisation=normalisation,
        )
        given, expected = by_events.step_events(events, 0, 1_000_000), by_tensor.step(tensor)
        assert deviation(given, expected) < by_events.tolerance


def test_a_network_with_a_device_voxel_grid_receives_events(
    load_with_voxel_grid, bundle, normalisation, monkeypatch, devices
):
    model = NetworkModel(bundle, simulated_choice(load_with_voxel_grid, monkeypatch), 30, 20)
    assert model.description.startswith(f'{bundle.name} with simulated 1.0')
    padded = padded_size(20, 30, bundle.pad_multiple)
    tensor = np.zeros((bundle.bins, *padded), np.float32)
    events = events_of(2000, seed=1)
    voxel_grid(
        events,
        0,
        1_000_000,
        bins=bundle.bins,
        height=20,
        width=30,
        normalisation=normalisation,
        out=tensor[:, :20, :30],
    )
    mirror_beyond(tensor, 20, 30)
    backend = load_with_voxel_grid(bundle, Placement(*padded, 'gpu'))
    uploads = []
    monkeypatch.setattr(devices[0], 'upload', counting(devices[0].upload, uploads))
    given = model.step(Window(0, 1_000_000, events))
    assert uploads == [13 * 2000]
    assert deviation(given, backend.step(tensor)[:20, :30]) < backend.tolerance
    model.close()


def simulated_choice(load, monkeypatch):
    monkeypatch.setattr(Choice, 'load', property(lambda self: load))
    return Choice(CANDIDATES[0], 'gpu', 'simulated')


def counting(upload, uploads):
    def counted(address, array):
        uploads.append(array.nbytes)
        upload(address, array)

    return counted


def test_a_requested_device_voxel_grid_that_fails_frees_everything(load, bundle, devices):
    placement = replace(SMALL, acceleration=Acceleration(voxel_grid_on='gpu'))
    with pytest.raises(
        UserError, match=r'cuda-python cannot be used|the GPU failed|NVRTC|computed on the CPU'
    ):
        load(bundle, placement)
    assert devices[0].closed
    assert (devices[0].memory, devices[0].page_locked) == ({}, [])


def test_a_wrong_tensor_is_refused_with_what_is_right(load, bundle, inputs):
    with pytest.raises(UserError, match=rf'float32 \({bundle.bins}, 24, 32\).*pad the tensor'):
        load(bundle, SMALL).step(inputs(bundle, 1)[0][:, :-1])


def test_the_cpu_is_refused(load, bundle):
    with pytest.raises(UserError, match='TensorRT runs on GPUs only'):
        load(bundle, Placement(24, 32, 'cpu'))


def test_without_a_gpu_there_is_no_device_and_a_reason(backend_module, bundle):
    if not backend_module.problem():
        pytest.skip('there is a GPU')
    assert backend_module.devices() == ()
    with pytest.raises(UserError, match=r'TensorRT cannot run here \(there is no NVIDIA'):
        backend_module.TensorRtBackend(bundle, SMALL)


def test_without_a_gpu_nothing_is_built(backend_module, bundle):
    if not backend_module.problem():
        pytest.skip('there is a GPU')
    builder = importlib.sys.modules[backend_module.key_here.__module__]
    with pytest.raises(UserError, match='must be built on the GPU that runs it'):
        builder.build_engines(bundle, 32, 24, 'fp32', print)
