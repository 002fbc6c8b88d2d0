# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bundles for the tests: small networks with random weights, and whatever lies in the zoo."""

import hashlib
import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from spike_recon_ros.backends.bundle import read_bundle
from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.backends.zoo import zoo_folder, zoo_names

MADE_HERE = {
    'two_scale_gru': {'channels': 4},
    'firenet': {'channels': 4},
    'hybrid': {'channels': 4},
}
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
    make_network = importlib.import_module('spike_recon_models.networks.networks').make_network

    folder = tmp_path_factory.mktemp('zoo')
    for name, arguments in MADE_HERE.items():
        card = {
            'name': name,
            'representation': {'normalisation': 'nonzero'},
            'window_ms': 20,
            'network': {'name': name, 'arguments': arguments},
            'recipe': 'none: random weights',
            'data': 'none',
            'metrics': {},
            'licence': 'Apache-2.0',
        }
        export_bundle(make_network(name, **arguments, seed=7), folder / name, card)
    return folder


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
def load(candidate):
    """Return the class of the backend."""
    return getattr(candidate.imported(), candidate.loader)


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


@pytest.fixture(scope='session')
def inputs():
    """Return a function that makes tensors with a tenth of the entries other than zero."""

    def make(bundle, steps: int, height: int = 24, width: int = 32) -> np.ndarray:
        random = np.random.default_rng(11)
        shape = steps, bundle.bins, height, width
        return (random.normal(size=shape) * (random.random(shape) < 0.1)).astype(np.float32)

    return make
