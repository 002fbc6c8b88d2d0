# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon prune` writes a bundle of a narrower network, or says what to do."""

import json
import shutil

import pytest

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.cli.main import main

pytestmark = pytest.mark.training
for library in ('torch', 'onnx', 'onnxscript', 'safetensors'):
    pytest.importorskip(library, reason=f'{library} is not installed: nothing can be pruned')

WIDE = str(zoo_folder() / 'two_scale_gru_small')


def test_the_narrower_network_is_a_bundle_with_its_origin(tmp_path, walk, capsys):
    made = tmp_path / 'narrow'
    assert main(['prune', WIDE, '-d', str(walk), '-o', str(made), '--reduction', '2']) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    narrow, wide = read_bundle(made), read_bundle(zoo_folder() / 'two_scale_gru_small')
    assert narrow.network_arguments == wide.network_arguments | {'reduction': 2}
    assert narrow.onnx.stat().st_size < wide.onnx.stat().st_size
    assert narrow.description['metrics'] == {}
    pruned = narrow.description['recipe']['pruned']
    assert pruned['recordings'] == ['walk']
    assert pruned['lost'] == result['lost']
    assert pruned['lost']
    assert narrow.description['recipe']['steps'] == wide.description['recipe']['steps']


def test_nothing_is_written_over_what_is_there(tmp_path, walk, capsys):
    (tmp_path / 'mine').write_text('kept')
    assert main(['prune', WIDE, '-d', str(walk), '-o', str(tmp_path)]) == 1
    assert 'choose another name or add --overwrite' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'cure'),
    [
        (
            ['nothing'],
            'nothing is not a network; give a name of the zoo or the folder of a bundle',
        ),
        ([WIDE, '--reduction', '0'], '--reduction must be 1 or more'),
        ([WIDE, '--reduction', '1'], 'with --reduction 1: no block has more channels inside'),
    ],
)
def test_an_impossible_request_is_refused_in_one_sentence(tmp_path, walk, capsys, arguments, cure):
    assert main(['prune', *arguments, '-d', str(walk), '-o', str(tmp_path / 'narrow')]) == 1
    assert cure in capsys.readouterr().err
    assert not (tmp_path / 'narrow').exists()


def test_a_network_without_reduction_cannot_be_narrower(tmp_path, walk, exported, capsys):
    firenet = str(exported('firenet'))
    assert main(['prune', firenet, '-d', str(walk), '-o', str(tmp_path / 'narrow')]) == 1
    assert 'its network, firenet, takes no `reduction`' in capsys.readouterr().err


def test_weights_of_another_network_are_refused_in_one_sentence(
    tmp_path, walk, copied, approve, exported, capsys
):
    shutil.copy(exported('firenet') / 'weights.safetensors', copied)
    approve(copied)
    assert main(['prune', str(copied), '-d', str(walk), '-o', str(tmp_path / 'narrow')]) == 1
    assert 'weights.safetensors does not fit the network' in capsys.readouterr().err
