# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The state changes places on the device and is never lost, mixed up or left behind."""

import numpy as np
import pytest
from simulated_gpu import SimulatedContext, SimulatedDevice

from spike_recon_ros.backends.tensorrt.device_state import DeviceState
from spike_recon_ros.errors import UserError

EVENTS, IMAGE = (1, 2, 4, 6), (1, 1, 4, 6)
STATES = {'fine': (1, 3, 4, 6), 'coarse': (1, 5, 2, 3)}
SHAPES = {
    'events': EVENTS,
    'intensity': IMAGE,
    **{f'{name}_{end}': shape for name, shape in STATES.items() for end in ('in', 'out')},
}


def network(inputs):
    """Return a step of a recurrence that forgets nothing within some steps."""
    fine = 0.5 * inputs['fine_in'] + inputs['events'].sum()
    coarse = 0.25 * inputs['coarse_in'] + fine.mean()
    intensity = inputs['events'][:, :1] + fine[:, :1] + coarse.mean()
    return {'intensity': intensity, 'fine_out': fine, 'coarse_out': coarse}


def expected(windows):
    state = {name: np.zeros(shape, np.float32) for name, shape in STATES.items()}
    images = []
    for window in windows:
        inputs = {f'{name}_in': value for name, value in state.items()}
        results = network({'events': window, **inputs})
        state = {name: results[f'{name}_out'] for name in state}
        images.append(results['intensity'])
    return np.stack(images)


@pytest.fixture
def device():
    return SimulatedDevice()


@pytest.fixture
def context(device):
    return SimulatedContext(device, SHAPES, network)


@pytest.fixture(params=[True, False], ids=['graphs', 'plain'])
def graphs(request):
    return request.param


NBYTES = {name: 4 * int(np.prod(shape)) for name, shape in STATES.items()}


@pytest.fixture
def state(device, context, graphs):
    return DeviceState(device, context, EVENTS, IMAGE, NBYTES, graphs)


@pytest.fixture
def windows():
    return np.random.default_rng(4).normal(size=(7, *EVENTS)).astype(np.float32)


def test_the_steps_are_those_of_the_recurrence(state, windows):
    given = [state.step(window) for window in windows]
    np.testing.assert_allclose(given, expected(windows), rtol=1e-5)


def test_each_step_reads_the_state_that_the_last_one_wrote(state, context, windows):
    for window in windows:
        state.step(window)
    for before, after in zip(context.steps, context.steps[1:], strict=False):
        for name in STATES:
            assert after[f'{name}_in'] == before[f'{name}_out']
            assert after[f'{name}_out'] == before[f'{name}_in']


def test_a_step_without_commit_reads_the_state_again_and_copies_none(state, device, windows):
    for window in windows[:2]:
        state.step(window)
    for window in windows[3:]:
        trial = state.step(window, commit=False)
        np.testing.assert_allclose(trial, expected([*windows[:2], window])[-1], rtol=1e-5)
    assert sorted(array.shape for array in device.page_locked) == sorted([EVENTS, IMAGE])
    np.testing.assert_allclose(state.step(windows[2]), expected(windows[:3])[-1], rtol=1e-5)


def test_no_buffer_is_bound_twice(state, context, windows):
    for window in windows[:2]:
        state.step(window)
    for bound in context.steps:
        assert len(set(bound.values())) == len(SHAPES)


@pytest.mark.parametrize('steps', [1, 2, 3])
def test_reset_brings_the_first_image_back(state, windows, steps):
    given = [state.step(window) for window in windows[:steps]]
    state.reset()
    again = [state.step(window) for window in windows[:steps]]
    np.testing.assert_array_equal(again, given)


def test_fresh_memory_is_zeroed_before_the_first_step(state, windows):
    np.testing.assert_allclose(state.step(windows[0])[None], expected(windows[:1]), rtol=1e-5)


def test_the_state_is_never_copied_to_the_host(state, device, windows):
    for window in windows:
        state.step(window)
    assert sorted(array.shape for array in device.page_locked) == sorted([EVENTS, IMAGE])


def test_a_state_is_read_as_the_next_step_reads_it(state, device, windows):
    fine = 0.0
    for window in windows[:3]:
        state.step(window)
        fine = 0.5 * fine + window.sum()
        state.step(windows[4], commit=False)
        found = state.read('fine', np.float32)
        np.testing.assert_allclose(found, np.full(NBYTES['fine'] // 4, fine), rtol=1e-5)
    assert len(device.page_locked) == 2  # the array that was read into is free again


def test_an_image_is_not_changed_by_the_next_one(state, windows):
    first = state.step(windows[0])
    kept = first.copy()
    state.step(windows[1])
    np.testing.assert_array_equal(first, kept)


def test_closing_frees_everything_once(state, device):
    state.close()
    state.close()
    left = device.memory, device.page_locked, device.graphs, device.closed
    assert left == ({}, [], [], True)


def test_recording_does_not_change_the_images(windows):
    given = []
    for graphs in (True, False):
        device = SimulatedDevice()
        context = SimulatedContext(device, SHAPES, network)
        state = DeviceState(device, context, EVENTS, IMAGE, NBYTES, graphs)
        given.append([state.step(window) for window in windows])
    np.testing.assert_array_equal(*given)


def test_two_graphs_alternate_without_binding_again(state, device, context, windows, graphs):
    if not graphs:
        assert state.no_graphs == 'switched off'
        assert device.graphs == []
        return
    assert state.no_graphs == ''
    context.set_tensor_address = None  # a call would fail
    launches = []
    for window in windows[:5]:
        state.step(window)
        launches.append([graph.launches for graph in device.graphs])
    assert launches == [[1, 0], [1, 1], [2, 1], [2, 2], [3, 2]]


def test_without_recording_steps_are_enqueued_call_by_call(device, context, windows, monkeypatch):
    recorded = []

    def second_fails(work):
        if recorded:
            raise UserError('the GPU failed (operation not permitted when stream is capturing)')
        recorded.append(type(device).captured(device, work))
        return recorded[0]

    monkeypatch.setattr(device, 'captured', second_fails)
    state = DeviceState(device, context, EVENTS, IMAGE, NBYTES)
    assert 'not permitted' in state.no_graphs
    given = [state.step(window) for window in windows]
    np.testing.assert_allclose(given, expected(windows), rtol=1e-5)
    assert recorded[0].launches == 0
    state.close()
    assert device.graphs == []


def test_a_network_without_a_state_runs_too(device, windows, graphs):
    shapes = {'events': EVENTS, 'intensity': IMAGE}
    context = SimulatedContext(device, shapes, lambda of: {'intensity': of['events'][:, :1]})
    state = DeviceState(device, context, EVENTS, IMAGE, {}, graphs)
    for window in windows:
        np.testing.assert_array_equal(state.step(window), window[:, :1])
    state.reset()


def test_an_input_can_be_computed_on_the_device(state, device, windows):
    source = device.malloc(windows[0].nbytes)

    def copied(address):
        device.put(lambda: np.copyto(device.memory[address], device.memory[source]))

    for window, image in zip(windows, expected(windows), strict=True):
        np.copyto(device.floats(source, EVENTS), window)
        np.testing.assert_allclose(state.step_with(copied), image, rtol=1e-5)


def test_running_out_of_memory_frees_what_was_allocated(device, context, monkeypatch):
    def full(nbytes):
        if len(device.memory) == 3:
            raise UserError('the GPU failed (out of memory)')
        return SimulatedDevice.malloc(device, nbytes)

    monkeypatch.setattr(device, 'malloc', full)
    with pytest.raises(UserError, match='out of memory'):
        DeviceState(device, context, EVENTS, IMAGE, {'fine': 288, 'coarse': 120})
    assert (device.memory, device.page_locked, device.closed) == ({}, [], True)


def test_an_engine_without_the_state_is_refused(device, windows, graphs):
    context = SimulatedContext(device, {'events': EVENTS, 'intensity': IMAGE}, network)
    with pytest.raises(UserError, match=r'no tensor fine_in.*build it again'):
        DeviceState(device, context, EVENTS, IMAGE, {'fine': 288}, graphs).step(windows[0])


def test_a_step_that_fails_on_the_gpu_is_an_error(device, context, windows, graphs, monkeypatch):
    monkeypatch.setattr(context, 'execute_async_v3', lambda stream_handle: False)
    with pytest.raises(UserError, match='the GPU did not run the network'):
        DeviceState(device, context, EVENTS, IMAGE, NBYTES, graphs).step(windows[0])
