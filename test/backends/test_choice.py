# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which backend is chosen, from what is installed alone."""

import types

import pytest

from spike_recon_ros.backends.choice import CANDIDATES, Candidate, choose_backend
from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings


@pytest.fixture
def machine(monkeypatch):
    """Return a function that pretends which libraries there are and which have a GPU."""

    def pretend(installed, gpu=()):
        def missing(self):
            return [] if self.name in installed else [self.libraries[0]]

        def imported(self):
            devices = ('cpu', 'gpu') if self.name in gpu else ('cpu',)
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


def test_the_reason_names_what_was_passed_over(machine):
    machine(('onnxruntime', 'torch'))
    assert 'openvino is not installed' in choose_backend().reason


def test_nothing_installed_names_the_command(machine):
    machine(())
    with pytest.raises(UserError, match=r"pip install 'spike_recon_ros\[openvino\]'"):
        choose_backend()


def test_a_backend_that_is_missing_names_its_command(machine):
    machine(('torch',))
    with pytest.raises(UserError, match=r"openvino.*pip install 'spike_recon_ros\[openvino\]'"):
        choose_backend('openvino')


def test_a_backend_that_is_asked_for_is_taken(machine):
    machine(('openvino', 'torch'))
    choice = choose_backend('torch')
    assert (choice.candidate.name, choice.device, choice.reason) == ('torch', 'cpu', 'asked for')


def test_a_gpu_passes_over_what_cannot_use_it(machine):
    machine(('openvino', 'onnxruntime', 'torch'), gpu=('torch',))
    choice = choose_backend(device='gpu')
    assert (choice.candidate.name, choice.device) == ('torch', 'gpu')
    assert 'openvino finds no GPU' in choice.reason


def test_a_gpu_that_is_not_there_names_the_cure(machine):
    machine(('openvino', 'onnxruntime', 'torch'))
    with pytest.raises(UserError, match='no GPU'):
        choose_backend(device='gpu')
    with pytest.raises(UserError, match='device:=cpu'):
        choose_backend('onnxruntime', 'gpu')


def test_a_device_that_is_left_open_is_the_gpu_where_there_is_one(machine):
    machine(('onnxruntime',), gpu=('onnxruntime',))
    assert choose_backend().device == 'gpu'
    assert choose_backend(device='cpu').device == 'cpu'


def test_an_unknown_backend_is_refused():
    with pytest.raises(UserError, match=r'tensorflow.*auto, openvino, onnxruntime, torch'):
        choose_backend('tensorflow')


def test_the_setting_offers_exactly_the_backends_there_are():
    choices = Settings.__dataclass_fields__['backend'].metadata['choices']
    assert choices == ('auto', *(candidate.name for candidate in CANDIDATES))


def test_a_broken_library_is_a_user_error():
    broken = Candidate('openvino', ('openvino',), 'spike_recon_ros.backends.nowhere', 'None')
    with pytest.raises(UserError, match='cannot be used'):
        broken.imported()
