# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A bundle that is whole is read; one that is not says what to do."""

import numpy as np
import pytest
import yaml

from spike_recon_ros.bundles import bundle as bundle_module
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.network import StateTensor
from spike_recon_ros.errors import UserError

STATE = {'name': 'fine', 'channels': 4, 'stride': 2}


def test_a_bundle_describes_what_was_exported(exported):
    bundle = read_bundle(exported('two_scale_gru'))
    assert (bundle.name, bundle.bins, bundle.representation['normalisation']) == (
        'two_scale_gru',
        5,
        'nonzero',
    )
    assert bundle.window_ms == 20.0
    arguments = {'channels': 4, 'events': 1, 'middle': 2, 'feedback': True}
    assert (bundle.network, bundle.network_arguments) == ('two_scale_gru', arguments)
    states = {'fine': (4, 2), 'coarse': (8, 4), 'areas': (8, 4)}
    assert bundle.state == tuple(StateTensor(name, *size) for name, size in states.items())
    assert bundle.pad_multiple == 8
    assert bundle.description['licence'] == 'Apache-2.0'
    events, intensity = read_golden(bundle)
    assert events.shape == (6, 5, 48, 64)
    assert intensity.shape == (6, 48, 64)


def test_a_bundle_declares_whether_it_spikes(exported):
    assert read_bundle(exported('hybrid')).spiking
    assert not read_bundle(exported('firenet')).spiking


def test_a_bundle_declares_which_state_holds_membranes(exported):
    thresholds = {'fine_membrane': 1.0, 'coarse_membrane': 1.0}
    assert read_bundle(exported('hybrid')).thresholds == thresholds
    assert read_bundle(exported('firenet')).thresholds == {}
    assert 'fires_at' not in (exported('firenet') / 'model.yaml').read_text()


def test_a_bundle_without_the_entry_does_not_spike(copied):
    path = copied / 'model.yaml'
    content = yaml.safe_load(path.read_text())
    del content['spiking']
    path.write_text(yaml.safe_dump(content))
    assert not read_bundle(copied).spiking


def test_a_bundle_is_read_again_only_after_a_file_has_changed(copied, monkeypatch):
    times = []
    read = bundle_module._read
    monkeypatch.setattr(bundle_module, '_read', lambda folder: times.append(1) or read(folder))
    read_bundle(copied)
    read_bundle(copied)
    assert len(times) == 1
    path = copied / 'model.yaml'
    path.write_text(path.read_text() + '\n')
    read_bundle(copied)
    assert len(times) == 2
    (copied / 'golden.npz').write_bytes(b'other')
    with pytest.raises(UserError, match=r'golden\.npz'):
        read_bundle(copied)


def test_a_caller_that_changes_a_bundle_does_not_change_that_of_others(copied):
    read_bundle(copied).representation['kind'] = 'unknown'
    assert read_bundle(copied).representation['kind'] == 'voxel_grid'


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match=r'nothing does not exist.*give the folder'):
        read_bundle(tmp_path / 'nothing')


def test_a_folder_without_description_is_no_bundle(tmp_path):
    with pytest.raises(UserError, match=r'is no bundle.*model\.yaml'):
        read_bundle(tmp_path)


@pytest.mark.parametrize('name', ['model.onnx', 'weights.safetensors', 'golden.npz'])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(UserError, match=f'has no file {name}; fetch or export'):
        read_bundle(copied)


@pytest.mark.parametrize('name', ['model.onnx', 'weights.safetensors', 'golden.npz'])
def test_a_file_of_another_export_is_named(copied, name):
    with (copied / name).open('ab') as file:
        file.write(b' ')
    with pytest.raises(UserError, match=f'{name} is not the file.*sha256.*fetch or export'):
        read_bundle(copied)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'name': None}, 'name is missing'),
        ({'window_ms': 'short'}, "window_ms is 'short'"),
        ({'longest_window_ms': 0}, 'longest_window_ms is 0'),
        ({'pad_multiple': 0}, 'pad_multiple is 0'),
        ({'pad_multiple': True}, 'pad_multiple is True'),
        ({'pad_multiple': 3}, 'must divide'),
        ({'spiking': 'a little'}, "spiking is 'a little'"),
        ({'state': ['fine']}, "state holds 'fine'"),
        ({'state': [{'name': 'fine', 'channels': 4}]}, 'stride is missing'),
        ({'state': [{**STATE, 'fires_at': 'one'}]}, "fires_at is 'one'"),
        ({'state': [{**STATE, 'fires_at': True}]}, 'fires_at is True'),
        ({'state': [{**STATE, 'fires_at': float('nan')}]}, 'fires_at is nan'),
        ({'sensor': 'spike'}, 'update spike_recon_ros'),
        (
            {'representation': {'kind': 'histogram', 'bins': 5, 'normalisation': 'none'}},
            "representation 'histogram'.*update spike_recon_ros",
        ),
        (
            {'representation': {'kind': 'voxel_grid', 'bins': 5, 'normalisation': 'median'}},
            "normalisation 'median'.*update spike_recon_ros",
        ),
        ({'network': 'two_scale_gru'}, "network is 'two_scale_gru'"),
        ({'sha256': {}}, 'model.onnx is missing'),
    ],
)
def test_a_wrong_description_is_refused(copied, change, words):
    path = copied / 'model.yaml'
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(UserError, match=words):
        read_bundle(copied)


@pytest.mark.parametrize('text', ['{', '- a list', '', b'\xff\xfe\x00'])
def test_a_description_that_is_not_yaml_is_refused(copied, text):
    content = text if isinstance(text, bytes) else text.encode()
    (copied / 'model.yaml').write_bytes(content)
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        read_bundle(copied)


def test_a_golden_file_of_another_network_is_refused(copied, approve):
    np.savez(copied / 'golden.npz', events=np.zeros((2, 3, 8, 8)), intensity=np.zeros((2, 8, 8)))
    approve(copied)
    with pytest.raises(UserError, match='do not fit two_scale_gru_small with its 5 bins'):
        read_golden(read_bundle(copied))


def test_a_golden_file_that_is_not_an_archive_is_refused(copied, approve):
    (copied / 'golden.npz').write_bytes(b'no archive')
    approve(copied)
    with pytest.raises(UserError, match=r'golden\.npz cannot be read'):
        read_golden(read_bundle(copied))
