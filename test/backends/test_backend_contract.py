# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What every backend owes, for every bundle."""

import importlib
import re

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.anchor_planes import CHANNELS

SMALL = Placement(24, 32)
ALIVE = 5e-3
"""Without a state the same input gives the same bits: any difference is the state's."""


def reference(bundle, windows, precision='fp32'):
    """Return what torch gives in float32, step by step; in eight bits, what ONNX Runtime does."""
    if precision == 'int8':
        pytest.importorskip('onnx', reason='onnx is not installed: nothing to compare with')
        int8_graph = importlib.import_module('spike_recon_ros.bundles.int8_graph')
        return int8_graph.images(bundle, bundle.int8_onnx, [windows])
    torch = pytest.importorskip('torch', reason='torch is not installed: nothing to compare with')
    pytest.importorskip('safetensors', reason='safetensors is not installed')
    models = importlib.import_module('spike_recon_models.trained_network')
    network = models.trained_network(bundle)
    state, images = None, []
    with torch.no_grad():
        for window in windows:
            image, state = network(torch.from_numpy(window)[None], state)
            images.append(image[0, 0].numpy())
    return np.stack(images)


@pytest.fixture
def backend(load, bundle, small_size):
    loaded = load_checked(load, bundle, small_size(bundle))
    yield loaded
    loaded.close()


@pytest.mark.training
def test_a_hundred_recurrent_steps_are_those_of_the_reference(backend, bundle, inputs):
    windows = inputs(bundle, 100)
    expected = reference(bundle, windows, backend.precision)
    given = np.stack([backend.step(window) for window in windows])
    assert given.dtype == np.float32
    assert deviation(given, expected) < backend.tolerance
    assert deviation(given[-10:], expected[-10:]) < backend.tolerance  # no drift


@pytest.mark.training
def test_in_float32_nearly_all_pixels_equal_those_of_torch(backend, bundle, inputs):
    if 'f32' not in backend.name:
        pytest.skip(f'{backend.name} does not compute in float32')
    windows = inputs(bundle, 100)
    expected = reference(bundle, windows)
    given = np.stack([backend.step(window) for window in windows])
    apart = np.abs(given - expected) > 1e-3 * expected.std()
    assert apart.mean() < (0.05 if bundle.spiking else 1e-9)


def test_state_is_alive(backend, bundle, inputs):
    window = inputs(bundle, 1)[0]
    first, second = backend.step(window), backend.step(window)
    if bundle.state:
        assert deviation(second, first) > ALIVE
    else:
        np.testing.assert_array_equal(second, first)


def test_the_state_can_be_read(backend, bundle, inputs, small_size):
    where = small_size(bundle)
    shapes = bundle.state_shapes(where.height, where.width)

    def states():
        return {name: backend.state(name) for name in shapes}

    assert not any(one.any() for one in states().values())
    first, second = inputs(bundle, 2)
    backend.step(first)
    after = states()
    assert {name: one.shape for name, one in after.items()} == shapes
    assert all(one.dtype == np.float32 for one in after.values())
    backend.step(second, commit=False)
    for name, one in states().items():
        np.testing.assert_array_equal(one, after[name])
    assert not after or any(one.any() for one in after.values())


def test_reset(backend, bundle, inputs):
    windows = inputs(bundle, 3)
    before = [backend.step(window) for window in windows]
    backend.reset()
    after = [backend.step(window) for window in windows]
    np.testing.assert_array_equal(before, after)


def test_reset_after_an_odd_number_of_steps_too(backend, bundle, inputs):
    windows = inputs(bundle, 2)
    first = backend.step(windows[0])
    backend.reset()
    np.testing.assert_array_equal(backend.step(windows[0]), first)
    backend.step(windows[1])
    backend.reset()
    np.testing.assert_array_equal(backend.step(windows[0]), first)


@pytest.mark.parametrize('steps', [0, 1, 2])
def test_a_step_without_commit_leaves_the_state(backend, bundle, inputs, steps):
    *before, other, window, last = inputs(bundle, steps + 3)
    expected = [backend.step(one) for one in (*before, window, last)][-2:]
    backend.reset()
    for one in before:
        backend.step(one)
    given_other = backend.step(other, commit=False)
    trial = backend.step(window, commit=False)
    np.testing.assert_array_equal([backend.step(window), backend.step(last)], expected)
    assert deviation(trial, expected[0]) < backend.tolerance
    assert deviation(given_other, expected[0]) > ALIVE


def test_warm_up_leaves_the_state_zero(load, backend, bundle, inputs, small_size):
    fresh = load(bundle, small_size(bundle))
    window = inputs(bundle, 1)[0]
    np.testing.assert_array_equal(backend.step(window), fresh.step(window))
    fresh.close()


def test_two_loaded_backends_share_no_state(load, backend, bundle, inputs, small_size):
    window = inputs(bundle, 1)[0]
    other = load(bundle, small_size(bundle))
    first = backend.step(window)
    np.testing.assert_array_equal(other.step(window), first)
    other.close()


@pytest.mark.parametrize('noisy_windows', [0, 100])
def test_silence_converges_to_a_still_image(backend, bundle, inputs, noisy_windows):
    """From zero, and after noise that no sensor sends."""
    silence = np.zeros_like(inputs(bundle, 1)[0])
    noisy = 50 * inputs(bundle, noisy_windows)
    if getattr(bundle, 'reads_frames', False):  # the runtime writes these channels within 0..1
        noisy[:, -CHANNELS:] = noisy[:, -CHANNELS:].clip(0, 1)
    for window in noisy:
        image = backend.step(window)
        assert np.isfinite(image).all()
    images = [backend.step(silence) for _ in range(400 if bundle.state else 5)]
    later = np.stack(images[-50:])
    assert np.isfinite(later).all()
    assert np.abs(later).max() < 10.0
    # Five grey levels; eight where a neuron that fills slowly may fire, see decision 0017.
    limit = 0.032 if bundle.spiking else 0.02
    assert np.abs(np.diff(later, axis=0)).max() < limit


def test_a_frame_is_not_changed_by_the_next_one(backend, bundle, inputs):
    windows = inputs(bundle, 2)
    first = backend.step(windows[0])
    kept = first.copy()
    backend.step(windows[1])
    np.testing.assert_array_equal(first, kept)


def test_the_input_is_not_changed(backend, bundle, inputs):
    window = inputs(bundle, 1)[0]
    kept = window.copy()
    backend.step(window)
    np.testing.assert_array_equal(window, kept)


def test_an_input_may_be_a_view(backend, bundle, inputs):
    wide = inputs(bundle, 1, width=2 * inputs(bundle, 1).shape[-1])[0]
    given = backend.step(wide[:, :, ::2])
    backend.reset()
    np.testing.assert_array_equal(given, backend.step(wide[:, :, ::2].copy()))


@pytest.mark.parametrize('change', ['smaller', 'batched', 'double'])
def test_a_wrong_tensor_is_refused_with_what_is_right(backend, bundle, inputs, change):
    window = inputs(bundle, 1)[0]
    wrong = {
        'smaller': window[:, :-1],
        'batched': window[None],
        'double': window.astype(np.float64),
    }[change]
    right = re.escape(f'float32 {window.shape}')
    with pytest.raises(UserError, match=f'{right}.*pad the tensor'):
        backend.step(wrong)


def test_a_size_that_is_not_a_multiple_is_refused(load, bundle):
    if bundle.pad_multiple == 1:
        pytest.skip(f'{bundle.name} takes every size')
    with pytest.raises(UserError, match=rf'multiples of {bundle.pad_multiple}.*33x25.*pad'):
        load(bundle, Placement(25, 33))


def test_a_stale_golden_output_is_refused(load, copied, approve):
    events, intensity = read_golden(read_bundle(copied))
    np.savez(copied / 'golden.npz', events=events, intensity=intensity[::-1])
    np.savez(copied / 'golden_int8.npz', intensity=intensity[::-1])
    approve(copied)
    with pytest.raises(UserError, match=r'golden output.*try another backend.*export'):
        load_checked(load, read_bundle(copied), SMALL)


def test_damaged_files_are_refused(load, copied, approve):
    for name in ('model.onnx', 'model_int8.onnx', 'weights.safetensors'):
        content = bytearray((copied / name).read_bytes())
        content[: len(content) // 2] = b'\xff' * (len(content) // 2)
        (copied / name).write_bytes(content)
    approve(copied)
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        load_checked(load, read_bundle(copied), SMALL)


def test_a_graph_without_the_states_of_the_description_is_refused(load, copied, approve):
    text = (copied / 'model.yaml').read_text()
    (copied / 'model.yaml').write_text(text.replace('name: fine', 'name: coarsest'))
    bundle = read_bundle(copied)
    if load.__name__ == 'TorchBackend':
        pytest.skip('torch takes the states from the definition')
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        load_checked(load, bundle, SMALL)


class Forgetful:
    """A backend whose state is lost after each step."""

    def __init__(self, backend):
        self._backend = backend
        self.name, self.precision = backend.name, backend.precision
        self.tolerance = backend.tolerance
        self.reset, self.close = backend.reset, backend.close

    def step(self, x, commit=True):
        self.reset()
        return self._backend.step(x, commit)


def test_a_backend_that_loses_its_state_fails_the_self_test(load, bundle, small_size):
    if not bundle.state:
        pytest.skip(f'{bundle.name} has no state')
    with pytest.raises(UserError, match='golden output'):
        load_checked(lambda *where: Forgetful(load(*where)), bundle, small_size(bundle))


class Blank(Forgetful):
    """A backend that gives zeros at the size of the sensor only."""

    def __init__(self, backend, size):
        super().__init__(backend)
        self._size = size

    def step(self, x, commit=True):
        image = self._backend.step(x, commit)
        return np.zeros_like(image) if x.shape[1:] == self._size else image


def test_a_backend_that_returns_zeros_at_the_real_size_fails_the_self_test(
    load, bundle, small_size
):
    where = small_size(bundle)
    size = where.height, where.width
    with pytest.raises(UserError, match=f'empty image at {where.width}x{where.height}'):
        load_checked(lambda *given: Blank(load(*given), size), bundle, where)
