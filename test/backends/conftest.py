# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bundles for the tests: small networks with random weights, and whatever lies in the zoo."""

import functools
import hashlib
import importlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from spike_recon_ros.backends.backend import Placement, check_size
from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder, zoo_names
from spike_recon_ros.representations.padding import padded_size

INTERVALS = {
    'kind': 'spike_intervals',
    'counts': 9,
    'planes_per_count': 5,
    'lookahead_planes': 30,
}
MADE_HERE = {
    'two_scale_gru': {'channels': 4, 'events': 1, 'middle': 2, 'feedback': True},
    'firenet': {'channels': 4},
    'hybrid': {'channels': 4},
    'spk2vid': {'channels': 6, 'taps': 3, 'views': 2},
    'spk2vid_x4': {'channels': 6, 'scale': 4},
    'spk2vid_moved': {'channels': 6, 'bins': 18, 'views': 2, 'motion': True},
    'base': {'widths': [4, 4]},
    'stir_streaming': {'widths': [8, 8, 8, 8, 8]},
    'swinsf': {'channels': 4, 'depth': 2},
}
NETWORK_OF = {'spk2vid_x4': 'spk2vid', 'spk2vid_moved': 'spk2vid'}
"""Where it is not the bundle's name."""
READS = {
    'spk2vid': INTERVALS,
    'spk2vid_x4': INTERVALS,
    'spk2vid_moved': {'kind': 'spike_compensated', 'lookahead_planes': 30},
    'base': {'kind': 'spike_stack', 'planes': 41, 'lookahead_planes': 20},
    'stir_streaming': {'kind': 'spike_stack', 'planes': 21, 'lookahead_planes': 30},
    'swinsf': {'kind': 'spike_stack', 'planes': 41, 'lookahead_planes': 20},
}
"""The representation of those for spike cameras."""
MADE, SHIPPED = 'random', 'zoo'


def pytest_generate_tests(metafunc):
    if 'backend_name' in metafunc.fixturenames:
        names = [candidate.name for candidate in CANDIDATES]
        metafunc.parametrize('backend_name', names, scope='session')
    if 'bundle' in metafunc.fixturenames:
        metafunc.parametrize(
            'bundle',
            [*((MADE, name) for name in MADE_HERE), *((SHIPPED, name) for name in zoo_names())],
            ids='-'.join,
            indirect=True,
            scope='session',
        )


@pytest.fixture(scope='session')
def made_bundles(tmp_path_factory) -> Path:
    """Export the small networks once; return the folder that their bundles lie in."""
    needed = ('torch', 'onnx', 'onnxscript', 'safetensors')
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        pytest.skip(f'{" and ".join(missing)} not installed: no bundle can be made to test with')
    # Imported here because it needs what may be missing.
    export_bundle = importlib.import_module('spike_recon_models.export').export_bundle
    make_network = importlib.import_module('spike_recon_models.networks.registry').make_network

    folder = tmp_path_factory.mktemp('zoo')
    for name, arguments in MADE_HERE.items():
        card = {
            'name': name,
            'sensor': 'spike' if name in READS else 'event',
            'representation': READS.get(name, {'normalisation': 'nonzero'}),
            'window_ms': 20,
            'network': {'name': NETWORK_OF.get(name, name), 'arguments': arguments},
            'recipe': 'none: random weights',
            'data': 'none',
            'metrics': {},
            'licence': 'Apache-2.0',
        }
        network = make_network(NETWORK_OF.get(name, name), **arguments, seed=7)
        wake(network)
        export_bundle(network, folder / name, card)
    return folder


def wake(network):
    """Fill layers that are still zero, which training does first: they would hide the others."""
    torch = importlib.import_module('torch')
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim == 4 and not weight.any():
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))


@pytest.fixture(scope='session')
def bundle(request):
    """Return the bundle that the test is parametrised with."""
    kind, name = request.param
    folder = request.getfixturevalue('made_bundles') if kind == MADE else zoo_folder()
    return read_bundle(folder / name)


@pytest.fixture(scope='session')
def shipped() -> Path:
    """Return the folder of a bundle that is there without PyTorch."""
    return zoo_folder() / 'two_scale_gru_small'


@pytest.fixture(scope='session')
def candidate(backend_name):
    """Return the candidate of a backend, or skip where its library is missing."""
    found = next(candidate for candidate in CANDIDATES if candidate.name == backend_name)
    if missing := found.missing():
        pytest.skip(f'{" and ".join(missing)} not installed; {found.cure()}')
    return found


@pytest.fixture(scope='session')
def load(candidate, tmp_path_factory):
    """Return the class of the backend, or what builds the engine first."""
    loader = getattr(candidate.imported(), candidate.loader)
    if candidate.name != 'tensorrt':
        return loader
    if 'gpu' not in candidate.imported().devices():
        pytest.skip('TensorRT finds no GPU')
    return with_engines(loader, tmp_path_factory.mktemp('engines'))


def with_engines(loader, folder):
    """Return a loader that builds what is missing in a folder of its own."""
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


@pytest.fixture(scope='session')
def gpu():
    """Return the module of the simulated GPU, which lies beside this file."""
    return beside_this('simulated_gpu')


class FakeCuda:
    """What the module cuda_device offers, for machines without cuda.bindings."""

    CudaDevice = None

    @staticmethod
    def problem():
        return 'there is no NVIDIA driver'

    @staticmethod
    def compute_capability():
        return '8.7'


@pytest.fixture
def backend_module(monkeypatch):
    """Return the module, with cuda.bindings replaced where it is not installed."""
    try:
        return importlib.import_module('spike_recon_ros.backends.tensorrt.tensorrt_backend')
    except ImportError:
        name = 'spike_recon_ros.backends.cuda.cuda_device'
        monkeypatch.setitem(importlib.sys.modules, name, FakeCuda)
        module = importlib.import_module('spike_recon_ros.backends.tensorrt.tensorrt_backend')
        for loaded in ('tensorrt_backend', 'engine_builder'):  # forgotten when the test ends
            full = f'spike_recon_ros.backends.{loaded}'
            monkeypatch.setitem(importlib.sys.modules, full, importlib.sys.modules[full])
            monkeypatch.delitem(importlib.sys.modules, full)
        return module


@pytest.fixture
def devices():
    """The simulated devices that were opened."""
    return []


@pytest.fixture
def simulated(backend_module, gpu, devices):
    """Return how to open a bundle on a simulated device."""
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

        device = gpu.SimulatedDevice()
        devices.append(device)
        context = gpu.SimulatedContext(device, shapes, run)
        nbytes = {name: 4 * int(np.prod(shape)) for name, shape in states.items()}
        return backend_module.Opened(device, context, nbytes, 'fp32', 'simulated 1.0')

    return opened


@pytest.fixture(scope='session')
def host_kernels(tmp_path_factory):
    """Return how to make the kernels of the voxel grid on the CPU, given a simulated device."""
    module = beside_this('host_kernels')
    if module.compiler() is None:
        pytest.skip(f'no C++ compiler ({", ".join(module.COMPILERS)}): CUDA source is not tried')
    source = importlib.import_module('spike_recon_ros.backends.cuda.voxel_grid').SOURCE
    library = module.compiled(source, tmp_path_factory.mktemp('host_kernels'))
    return functools.partial(module.HostKernels, library)


def beside_this(name):
    """Return a module that lies beside this file and is no test."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f'{name}.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied(shipped, tmp_path) -> Path:
    """Return the folder of a bundle that a test may damage."""
    return Path(shutil.copytree(shipped, tmp_path / shipped.name))


@pytest.fixture
def approve():
    """Return a function that writes the present sha256 of a bundle's files to its model.yaml."""

    def write(folder: Path) -> None:
        description = yaml.safe_load((folder / 'model.yaml').read_text())
        for name in description['sha256']:
            description['sha256'][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / 'model.yaml').write_text(yaml.safe_dump(description))

    return write


def small(bundle) -> Placement:
    """Return a small size that suits a bundle."""
    return Placement(*padded_size(24, 32, bundle.pad_multiple))


@pytest.fixture(scope='session')
def small_size():
    """Return `small`."""
    return small


@pytest.fixture(scope='session')
def inputs():
    """Return a function that makes tensors like those that a bundle reads."""

    def make(bundle, steps: int, width: int | None = None) -> np.ndarray:
        random = np.random.default_rng(11)
        where = small(bundle)
        shape = steps, bundle.bins, where.height, width or where.width
        kind = bundle.representation['kind']
        if kind == 'spike_stack':
            return (random.random(shape) < 0.3).astype(np.float32)
        if kind in ('spike_intervals', 'spike_compensated'):
            rates = random.uniform(0.1, 0.9, shape).astype(np.float32)
            rates[:, 0] = 0.4
            return rates
        return (random.normal(size=shape) * (random.random(shape) < 0.1)).astype(np.float32)

    return make
