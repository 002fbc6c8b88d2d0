# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon quantize` adds a second graph to a bundle, or says what to do."""

import json
import shutil

import pytest

from spike_recon_ros.bundles.bundle import INT8_ONNX, read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.cli import quantize
from spike_recon_ros.cli.main import main

pytest.importorskip('onnx', reason='onnx not installed')
pytest.importorskip('onnxruntime', reason='onnxruntime not installed')


@pytest.fixture
def bundle(tmp_path):
    """Return the folder of a bundle."""
    folder = tmp_path / 'mine'
    shutil.copytree(zoo_folder() / 'two_scale_gru_small', folder)
    return folder


def test_the_graph_is_part_of_the_bundle_afterwards(bundle, walk, capsys):
    assert main(['quantize', str(bundle), '-d', str(walk), '--windows', '5']) == 0
    said = json.loads(capsys.readouterr().out)
    assert said['recordings'] == ['walk']
    assert said['windows'] == 5
    assert 0 < said['off_by_share_of_contrast'] < 0.1
    read = read_bundle(bundle)
    assert read.int8_onnx == bundle / INT8_ONNX
    assert read.int8_onnx.stat().st_size == said['bytes']
    assert read.description['int8']['recordings'] == ['walk']


def test_a_graph_that_is_off_by_more_is_made_again_finely(bundle, walk, capsys, monkeypatch):
    asked = []
    for fine in (0.1, 1e-9):
        monkeypatch.setattr(quantize, 'FINE', fine)
        assert main(['quantize', str(bundle), '-d', str(walk), '--windows', '5']) == 0
        asked.append(json.loads(capsys.readouterr().out))
    assert [said['finely'] for said in asked] == [False, True]
    assert asked[1]['bytes'] > asked[0]['bytes']
    assert read_bundle(bundle).description['int8']['finely'] is True


def test_a_second_time_replaces_the_first(bundle, walk):
    for windows in ('5', '6'):
        assert main(['quantize', str(bundle), '-d', str(walk), '--windows', windows]) == 0
    card = (bundle / 'README.md').read_text()
    assert card.count('## Eight bits') == 1
    assert 'windows: 6' in card


def test_a_network_that_is_not_there_is_named(walk, capsys):
    assert main(['quantize', 'nothing', '-d', str(walk)]) == 1
    assert 'nothing is not a network; give the folder of a bundle' in capsys.readouterr().err


def test_a_recording_of_another_sensor_is_refused(tmp_path, bundle, capsys):
    planes = tmp_path / 'planes.dat'
    simulate = ['simulate', '--sensor', 'spike', '-o', str(planes), '--size', '64x48']
    assert main([*simulate, '--duration', '0.01']) == 0
    before = (bundle / 'model.yaml').read_bytes()
    capsys.readouterr()
    assert main(['quantize', str(bundle), '-d', str(planes)]) == 1
    assert 'the packets hold spike planes' in capsys.readouterr().err
    assert (bundle / 'model.yaml').read_bytes() == before


def test_no_window_is_too_few(bundle, walk, capsys):
    assert main(['quantize', str(bundle), '-d', str(walk), '--windows', '0']) == 1
    assert '--windows must be 1 or more' in capsys.readouterr().err
