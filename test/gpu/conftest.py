# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests on a GPU; without a GPU each test skips with the reason."""

import importlib
import importlib.util

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import padded_size

RTX = 'tensorrt_rtx'
WAYS = ('tensorrt', RTX, 'onnxruntime', 'torch')
HEIGHT, WIDTH = 96, 128
DEVICE = 'gpu'


def pytest_generate_tests(metafunc):
    if 'way' in metafunc.fixturenames:
        metafunc.parametrize('way', WAYS, indirect=True, scope='session')
    if 'bundle' in metafunc.fixturenames:
        metafunc.parametrize('bundle', zoo_names(), indirect=True, scope='session')


@pytest.fixture(scope='session')
def bundle(request):
    """Return one bundle of the zoo."""
    return read_bundle(find_bundle(request.param))


@pytest.fixture(scope='session')
def cuda():
    """Return the module cuda_device, or skip where there is no GPU."""
    if importlib.util.find_spec('cuda') is None:
        pytest.skip('cuda-bindings not installed: no GPU can be found')
    module = importlib.import_module('spike_recon_ros.backends.cuda.cuda_device')
    if why_not := module.problem():
        pytest.skip(why_not)
    return module


@pytest.fixture(scope='session')
def way(request):
    """Return a backend with a GPU, or skip; TensorRT-RTX is a library of its own."""
    name = request.param
    candidate = next(one for one in CANDIDATES if one.name == name.removesuffix('_rtx'))
    if missing := candidate.missing():
        pytest.skip(f'{" and ".join(missing)} not installed; {candidate.cure()}')
    with pytest.MonkeyPatch.context() as patch:
        if candidate.name == 'tensorrt':
            module = importlib.import_module('spike_recon_ros.backends.tensorrt.library')
            names = module.MODULES[1:] if name == RTX else module.MODULES[:1]
            if not any(map(importlib.util.find_spec, names)):
                pytest.skip(f'{name} not installed')
            patch.setattr(module, 'MODULES', names)
        if DEVICE not in candidate.imported().devices():
            pytest.skip(f'{name} finds no GPU')
        yield candidate


@pytest.fixture(scope='session')
def load(way, tmp_path_factory):
    """Return a function that loads a bundle at a size and builds its engine if needed."""
    loader = getattr(way.imported(), way.loader)
    folder = tmp_path_factory.mktemp('engines')
    built = set()

    def loaded(bundle, size=(HEIGHT, WIDTH), **how):
        acceleration = Acceleration(**{'precision': 'fp32', **how})
        height, width = padded_size(*size, bundle.pad_multiple)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('SPIKE_RECON_ENGINES', str(folder))
            key = bundle.folder, height, width, acceleration.precision
            if way.name == 'tensorrt' and key not in built:
                builder = importlib.import_module(
                    'spike_recon_ros.backends.tensorrt.engine_builder'
                )
                try:
                    builder.build_engines(bundle, width, height, acceleration.precision, print)
                except UserError as error:  # TensorRT-RTX does not support every GPU
                    pytest.skip(str(error))
                built.add(key)
            return loader(bundle, Placement(height, width, DEVICE, acceleration=acceleration))

    return loaded


@pytest.fixture(scope='session')
def tensors():
    """Return a function that makes tensors with a tenth of non-zero entries."""

    def make(bundle, steps, size=(HEIGHT, WIDTH)):
        chance = np.random.default_rng(11)
        shape = steps, read_golden(bundle)[0].shape[1], *padded_size(*size, bundle.pad_multiple)
        return (chance.normal(size=shape) * (chance.random(shape) < 0.1)).astype(np.float32)

    return make
