# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which backend is chosen, from what is installed alone."""

import types

import pytest

from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.choice import (
    CANDIDATES,
    Candidate,
    Choice,
    choose_backend,
    load_backend,
)
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends which libraries there are and which have a GPU."""

    def pretend(installed, gpu=()):
        def missing(self):
            return [] if self.name in installed else [self.libraries[0]]

        def imported(self):
            devices = () if self.name == 'tensorrt' else ('cpu',)
            devices += ('gpu',) if self.name in gpu else ()
            return types.SimpleNamespace(devices=lambda: devices)

        monkeypatch.setattr(Candidate, 'missing', missing)
        monkeypatch.setattr(Candidate, 'imported', imported)

    return pretend


@pytest.mark.parametrize(
    ('installed', 'chosen'),
    [
        (('openvino', 'onnxruntime', 'torch'), 'openvino'),
        (('onnxruntime', 'torch'), 'onnxruntime'),
        (('torch',), 'torch'),
    ],
)
def test_auto_takes_the_first_that_is_installed(machine, installed, chosen):
    machine(installed)
    assert choose_backend().candidate.name == chosen


def test_the_reason_names_the_skipped_backends(machine):
    machine(('onnxruntime', 'torch'))
    assert 'openvino is not installed' in choose_backend().reason


def test_without_any_backend_the_command_is_named(machine):
    machine(())
    with pytest.raises(UserError, match='pip install openvino'):
        choose_backend()


def test_a_missing_backend_names_the_command_that_installs_it(machine):
    machine(('torch',))
    with pytest.raises(UserError, match=r'openvino.*pip install openvino'):
        choose_backend('openvino')


def test_a_requested_backend_is_chosen(machine):
    machine(('openvino', 'torch'))
    choice = choose_backend('torch')
    assert (choice.candidate.name, choice.device, choice.reason) == ('torch', 'cpu', 'asked for')


def test_with_device_gpu_backends_without_a_gpu_are_skipped(machine):
    machine(('openvino', 'onnxruntime', 'torch'), gpu=('torch',))
    choice = choose_backend(device='gpu')
    assert (choice.candidate.name, choice.device) == ('torch', 'gpu')
    assert 'openvino finds no GPU' in choice.reason


def test_a_missing_gpu_names_the_cure(machine):
    machine(('openvino', 'onnxruntime', 'torch'))
    with pytest.raises(UserError, match='no GPU'):
        choose_backend(device='gpu')
    with pytest.raises(UserError, match='device:=cpu'):
        choose_backend('onnxruntime', 'gpu')


def test_device_auto_is_a_gpu_where_there_is_one(machine):
    machine(('onnxruntime',), gpu=('onnxruntime',))
    assert choose_backend().device == 'gpu'
    assert choose_backend(device='cpu').device == 'cpu'


def test_an_unknown_backend_is_refused():
    with pytest.raises(UserError, match=r'tensorflow.*auto, tensorrt, openvino, onnx'):
        choose_backend('tensorflow')


def test_tensorrt_comes_first_where_it_has_a_gpu(machine):
    machine(('tensorrt', 'openvino', 'torch'), gpu=('tensorrt', 'torch'))
    assert (choose_backend().candidate.name, choose_backend().device) == ('tensorrt', 'gpu')


def test_tensorrt_without_a_gpu_is_skipped_with_the_reason(machine):
    machine(('tensorrt', 'openvino'))
    assert choose_backend().candidate.name == 'openvino'
    assert 'tensorrt finds no GPU' in choose_backend().reason
    with pytest.raises(UserError, match='tensorrt finds no GPU'):
        choose_backend('tensorrt')


def test_tensorrt_is_skipped_with_device_cpu(machine):
    machine(('tensorrt', 'openvino'), gpu=('tensorrt',))
    assert choose_backend(device='cpu').candidate.name == 'openvino'
    with pytest.raises(UserError, match='tensorrt runs on GPUs only'):
        choose_backend('tensorrt', 'cpu')


def test_one_of_two_libraries_is_enough():
    either = Candidate('tensorrt', ('no_such_library or json', 'json.decoder'), 'json', 'None')
    neither = Candidate('tensorrt', ('no_such_library or nor_this', 'no_such.library'), '', '')
    assert either.missing() == []
    assert neither.missing() == ['no_such_library or nor_this', 'no_such.library']


class Working:
    name, precision, tolerance, step_events = 'working', 'fp32', 1e-3, None

    def __init__(self, bundle, placement):
        self.placement = placement
        self.expected = iter(read_golden(bundle)[1])

    def step(self, x, commit=True):
        if x.shape[1:] == (48, 64):
            return next(self.expected)
        return x[0]

    def reset(self):
        pass

    def close(self):
        pass


class Failing(Working):
    def __init__(self, bundle, placement):
        raise UserError('there is no engine; run: spike-recon build it')


class Deviating(Working):
    def step(self, x, commit=True):
        return 0.5 * super().step(x)


@pytest.fixture
def loaders(machine, monkeypatch):
    """Return a function that pretends what each backend does with a bundle."""

    def pretend(**classes):
        machine(tuple(classes), gpu=('tensorrt',))
        monkeypatch.setattr(Choice, 'load', property(lambda self: classes[self.candidate.name]))

    return pretend


@pytest.mark.parametrize('fails', [Failing, Deviating])
def test_auto_goes_on_with_the_next_backend_and_warns(loaders, shipped, caplog, fails):
    loaders(tensorrt=fails, openvino=Working)
    chosen = choose_backend()
    assert chosen.candidate.name == 'tensorrt'
    backend, used = load_backend(chosen, read_bundle(shipped), Placement(24, 32, 'gpu'))
    assert (used.candidate.name, used.device) == ('openvino', 'cpu')
    assert backend.placement.device == 'cpu'
    (record,) = caplog.records
    assert record.levelname == 'WARNING'
    why = 'run: spike-recon build' if fails is Failing else 'golden output'
    for text in (record.getMessage(), used.reason):
        assert 'tensorrt' in text
        assert why in text


@pytest.mark.parametrize('voxel_grid_on', ['auto', 'cpu', 'gpu'])
def test_a_voxel_grid_on_a_gpu_that_is_not_there_is_named(loaders, shipped, caplog, voxel_grid_on):
    loaders(openvino=Working)
    chosen = choose_backend(acceleration=Acceleration(voxel_grid_on=voxel_grid_on))
    load_backend(chosen, read_bundle(shipped), Placement(24, 32))
    logged = [record.getMessage() for record in caplog.records]
    words = 'voxel_grid_on gpu has no effect: openvino runs on the CPU'
    assert logged == ([words] if voxel_grid_on == 'gpu' else [])


def test_a_requested_backend_is_not_replaced(loaders, shipped):
    loaders(tensorrt=Failing, openvino=Working)
    with pytest.raises(UserError, match='spike-recon build'):
        load_backend(choose_backend('tensorrt'), read_bundle(shipped), Placement(24, 32))


def test_if_all_backends_fail_the_error_is_that_of_the_last(loaders, shipped):
    loaders(tensorrt=Failing, openvino=Deviating)
    with pytest.raises(UserError, match='golden output'):
        load_backend(choose_backend(), read_bundle(shipped), Placement(24, 32))


def test_the_setting_offers_exactly_the_backends_there_are():
    choices = Settings.__dataclass_fields__['backend'].metadata['choices']
    assert choices == ('auto', *(candidate.name for candidate in CANDIDATES))


def test_a_broken_library_is_a_user_error():
    broken = Candidate('openvino', ('openvino',), 'spike_recon_ros.backends.nowhere', 'None')
    with pytest.raises(UserError, match='cannot be used'):
        broken.imported()
