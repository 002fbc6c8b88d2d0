# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon mirror` writes a bundle of a mirrored network, or says what to do."""

import json

import pytest

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.cli.main import main

pytestmark = pytest.mark.training
for library in ('torch', 'onnx', 'onnxscript', 'safetensors'):
    pytest.importorskip(library, reason=f'{library} is not installed: nothing can be mirrored')

from spike_recon_models.networks.mirrored import Mirrored  # noqa: E402
from spike_recon_models.trained_network import trained_network  # noqa: E402


def test_the_mirrored_network_is_a_bundle_with_the_same_weights(tmp_path, capsys):
    made = tmp_path / 'mine'
    assert main(['mirror', 'two_scale_gru_small', '-o', str(made)]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result == {'bundle': str(made), 'network': 'two_scale_gru_small'}
    mirrored, own = read_bundle(made), read_bundle(zoo_folder() / 'two_scale_gru_small')
    assert (mirrored.name, mirrored.representation) == ('mine', own.representation)
    assert mirrored.network_arguments == own.network_arguments | {'mirrored': True}
    assert mirrored.description['metrics'] == {}
    recipe = mirrored.description['recipe']
    assert (recipe['mirrored'], recipe['steps']) == (own.name, own.description['recipe']['steps'])
    assert isinstance(trained_network(mirrored), Mirrored)
    assert mirrored.weights.read_bytes() == own.weights.read_bytes()


def test_a_recording_is_reconstructed_with_it(tmp_path, walk, capsys):
    made, images = tmp_path / 'mine', tmp_path / 'images'
    assert main(['mirror', 'two_scale_gru_small', '-o', str(made)]) == 0
    assert main(['run', str(walk), '-o', str(images), '-m', str(made)]) == 0
    capsys.readouterr()
    assert len(list(images.glob('*.png'))) > 1


@pytest.mark.parametrize(
    ('arguments', 'cure'),
    [
        (['nothing'], 'nothing is not a network; give a name of the zoo'),
        (['spk2vid'], 'spk2vid cannot be mirrored: only networks for events without frames can'),
        (['two_scale_gru_frames'], 'cannot be mirrored: only networks for events without frames'),
    ],
)
def test_an_impossible_request_is_refused_in_one_sentence(tmp_path, capsys, arguments, cure):
    assert main(['mirror', *arguments, '-o', str(tmp_path / 'mirrored')]) == 1
    assert cure in capsys.readouterr().err
    assert not (tmp_path / 'mirrored').exists()


def test_nothing_is_written_over_what_is_there(tmp_path, capsys):
    (tmp_path / 'mine').write_text('kept')
    assert main(['mirror', 'two_scale_gru_small', '-o', str(tmp_path)]) == 1
    assert 'choose another name or add --overwrite' in capsys.readouterr().err
