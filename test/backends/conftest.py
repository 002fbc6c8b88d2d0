# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Each backend, on hardware where there is some, else on a simulated GPU."""

import functools
import importlib

import numpy as np
import pytest
from host_kernels import COMPILERS, HostKernels, compiled, compiler
from simulated_gpu import SimulatedContext, SimulatedDevice

from spike_recon_ros.backends.backend import Placement, check_size
from spike_recon_ros.backends.choice import CANDIDATES


@pytest.fixture(scope='session', params=[candidate.name for candidate in CANDIDATES])
def candidate(request):
    """Return each backend's candidate in turn, or skip where its library is missing."""
    found = next(candidate for candidate in CANDIDATES if candidate.name == request.param)
    if missing := found.missing():
        pytest.skip(f'{" and ".join(missing)} not installed; {found.cure()}')
    return found


@pytest.fixture(scope='session')
def load(candidate, tmp_path_factory):
    """Return a function that loads a bundle; for TensorRT it builds the engine first."""
    loader = getattr(candidate.imported(), candidate.loader)
    if candidate.name != 'tensorrt':
        return loader
    if 'gpu' not in candidate.imported().devices():
        pytest.skip('TensorRT finds no GPU')
    return with_engines(loader, tmp_path_factory.mktemp('engines'))


def with_engines(loader, folder):
    """Return a loader that builds missing engines in a folder of its own."""
    builder = importlib.import_module('spike_recon_ros.backends.tensorrt.engine_builder')
    built = set()

    @functools.wraps(loader, updated=())
    def load(bundle, placement):
        where = Placement(placement.height, placement.width, 'gpu')
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('SPIKE_RECON_ENGINES', str(folder / bundle.folder.name))
            check_size(bundle, where)
            size = where.width, where.height
            if (bundle.folder, size) not in built:
                builder.build_engines(bundle, *size, 'fp32', print)
                built.add((bundle.folder, size))
            return loader(bundle, where)

    return load


class FakeCuda:
    """Replacement of the module cuda_device on machines without cuda.bindings."""

    CudaDevice = None

    @staticmethod
    def problem():
        return 'there is no NVIDIA driver'

    @staticmethod
    def compute_capability():
        return '8.7'


@pytest.fixture
def backend_module(monkeypatch):
    """Return the module tensorrt_backend, with cuda.bindings replaced if it is missing."""
    try:
        return importlib.import_module('spike_recon_ros.backends.tensorrt.tensorrt_backend')
    except ImportError:
        name = 'spike_recon_ros.backends.cuda.cuda_device'
        monkeypatch.setitem(importlib.sys.modules, name, FakeCuda)
        module = importlib.import_module('spike_recon_ros.backends.tensorrt.tensorrt_backend')
        for loaded in ('tensorrt_backend', 'engine_builder'):  # restored when the test ends
            full = f'spike_recon_ros.backends.{loaded}'
            monkeypatch.setitem(importlib.sys.modules, full, importlib.sys.modules[full])
            monkeypatch.delitem(importlib.sys.modules, full)
        return module


@pytest.fixture
def devices():
    """Return a list that collects the simulated devices."""
    return []


@pytest.fixture
def simulated(backend_module, devices):
    """Return a function that opens a bundle on a simulated device."""
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime not installed')

    def opened(bundle, placement):
        session = onnxruntime.InferenceSession(
            str(bundle.onnx), providers=['CPUExecutionProvider']
        )
        names = [one.name for one in session.get_outputs()]
        states = bundle.state_shapes(placement.height, placement.width)
        size = placement.height, placement.width
        shapes = {
            'events': (1, bundle.bins, *size),
            'intensity': bundle.image_shape(placement.height, placement.width),
        }
        for name, shape in states.items():
            shapes |= {f'{name}_in': shape, f'{name}_out': shape}

        def run(inputs):
            return dict(zip(names, session.run(names, inputs), strict=True))

        device = SimulatedDevice()
        devices.append(device)
        context = SimulatedContext(device, shapes, run)
        nbytes = {name: 4 * int(np.prod(shape)) for name, shape in states.items()}
        return backend_module.Opened(device, context, nbytes, 'fp32', 'simulated 1.0')

    return opened


@pytest.fixture(scope='session')
def host_kernels(tmp_path_factory):
    """Return a function that makes the voxel grid kernels for a simulated device."""
    if compiler() is None:
        pytest.skip(f'no C++ compiler ({", ".join(COMPILERS)}): CUDA source cannot be compiled')
    source = importlib.import_module('spike_recon_ros.backends.cuda.voxel_grid').SOURCE
    library = compiled(source, tmp_path_factory.mktemp('host_kernels'))
    return functools.partial(HostKernels, library)
