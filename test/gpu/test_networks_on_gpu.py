# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every network of the zoo on a GPU: what the CPU gives, with a state that lives."""

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import choose_backend
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.golden import deviation
from spike_recon_ros.errors import UserError

HAVE_GRAPHS = 'tensorrt', 'torch'


def on_cpu(bundle, tensors):
    pytest.importorskip('onnxruntime', reason='onnxruntime not installed: nothing to compare with')
    load = choose_backend('onnxruntime', 'cpu').load
    backend = load(bundle, Placement(*tensors.shape[2:], 'cpu', 4))
    images = np.stack([backend.step(tensor) for tensor in tensors])
    backend.close()
    return images


@pytest.fixture
def backend(load, bundle):
    loaded = load(bundle)
    yield loaded
    loaded.close()


@pytest.mark.parametrize('size', [(96, 128), (260, 346)])
def test_a_hundred_recurrent_steps_are_those_of_the_cpu(load, bundle, tensors, size):
    given, expected = tensors(bundle, 100, size), None
    expected = on_cpu(bundle, given)
    backend = load(bundle, size)
    images = np.stack([backend.step(tensor) for tensor in given])
    backend.close()
    assert deviation(images, expected) < backend.tolerance
    assert deviation(images[-10:], expected[-10:]) < backend.tolerance  # no drift


@pytest.mark.parametrize('precision', ['fp16', 'bf16'])
def test_engines_in_half_precision_stay_near_the_cpu(way, load, bundle, tensors, precision):
    if way.name != 'tensorrt':
        pytest.skip(f'{way.name} computes in float32')
    given = tensors(bundle, 100)
    try:
        backend = load(bundle, precision=precision)
    except UserError as refused:
        if 'GridSample' not in str(refused):
            raise
        pytest.skip(str(refused))
    images = np.stack([backend.step(tensor) for tensor in given])
    backend.close()
    assert backend.precision == precision
    assert deviation(images, on_cpu(bundle, given)) < backend.tolerance


def test_the_self_test_passes_and_leaves_the_state_zero(load, bundle, tensors):
    (tensor,) = tensors(bundle, 1)
    size = tensor.shape[1:]
    warm = load_checked(
        lambda bundle, placement: load(bundle, (placement.height, placement.width)),
        bundle,
        Placement(*size, 'gpu'),
    )
    fresh = load(bundle)
    assert deviation(warm.step(tensor), fresh.step(tensor)) < fresh.tolerance
    warm.close()
    fresh.close()


def test_state_is_alive(backend, bundle, tensors):
    if not bundle.state:
        pytest.skip(f'{bundle.name} has no state')
    (tensor,) = tensors(bundle, 1)
    first, second = backend.step(tensor), backend.step(tensor)
    assert deviation(second, first) > 2 * backend.tolerance


@pytest.mark.parametrize('steps', [1, 2, 3])
def test_reset_brings_the_first_images_back(backend, bundle, tensors, steps):
    given = tensors(bundle, steps)
    before = np.stack([backend.step(tensor) for tensor in given])
    backend.reset()
    after = np.stack([backend.step(tensor) for tensor in given])
    assert deviation(after, before) < backend.tolerance


def test_two_loaded_backends_share_no_state(load, backend, bundle, tensors):
    (tensor,) = tensors(bundle, 1)
    other = load(bundle)
    first = backend.step(tensor)
    assert deviation(other.step(tensor), first) < backend.tolerance
    other.close()


def test_an_image_is_not_changed_by_the_next_one(backend, bundle, tensors):
    first, second = tensors(bundle, 2)
    image = backend.step(first)
    kept = image.copy()
    backend.step(second)
    np.testing.assert_array_equal(image, kept)


def test_recorded_graphs_give_the_images_of_single_calls(way, load, bundle, tensors):
    if way.name not in HAVE_GRAPHS:
        pytest.skip(f'{way.name} records nothing')
    given = tensors(bundle, 20)
    recorded, plain = load(bundle), load(bundle, graphs=False)
    if 'with CUDA graphs' not in recorded.name:
        pytest.skip(recorded.name)
    assert 'without CUDA graphs: switched off' in plain.name
    images = [np.stack([one.step(tensor) for tensor in given]) for one in (recorded, plain)]
    assert deviation(*images) < recorded.tolerance
    recorded.close()
    plain.close()
