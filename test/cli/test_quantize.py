# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon quantize` writes a new bundle with a second graph, or says what to do."""

import json
import shutil

import pytest
from full_disk import full_after

from spike_recon_ros.bundles import zoo
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.network import INT8_ONNX
from spike_recon_ros.cli.main import main

pytest.importorskip('onnx', reason='onnx not installed')
pytest.importorskip('onnxruntime', reason='onnxruntime not installed')
from spike_recon_ros.bundles import quantise


@pytest.fixture
def bundle(copied):
    """Return the folder of a bundle without an int8 graph."""
    return copied


@pytest.fixture
def output(tmp_path):
    return tmp_path / 'made' / 'int8'


def content_of(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob('*') if path.is_file()
    }


def test_a_new_bundle_holds_the_graph_and_the_given_one_stays(bundle, output, walk, capsys):
    before = content_of(bundle)
    (bundle / 'notes.txt').write_text('mine')
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--windows', '5']
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['bundle'] == str(output)
    assert report['recordings'] == ['walk']
    assert report['windows'] == 5
    assert 0 < report['off_by_share_of_contrast'] < 0.1
    made = read_bundle(output)
    assert made.int8_onnx == output / INT8_ONNX
    assert made.int8_onnx.stat().st_size == report['bytes']
    assert made.description['int8']['recordings'] == ['walk']
    assert 'on 5 windows of: walk.' in (output / 'README.md').read_text()
    assert not (output / 'notes.txt').exists()
    (bundle / 'notes.txt').unlink()
    assert content_of(bundle) == before
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_a_full_temporary_folder_is_one_sentence(bundle, output, walk, capsys):
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--windows', '5']
    with full_after(10_000):
        assert main(arguments) == 1
    assert 'is full; set TMPDIR to a folder with more room' in capsys.readouterr().err
    assert not output.exists()


def test_a_graph_that_deviates_too_much_is_made_again_finely(
    bundle, tmp_path, walk, capsys, monkeypatch
):
    reports = []
    for number, fine in enumerate((0.1, 1e-9)):
        monkeypatch.setattr(quantise, 'FINE', fine)
        made = tmp_path / f'made{number}'
        arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(made), '--windows', '5']
        assert main(arguments) == 0
        reports.append(json.loads(capsys.readouterr().out))
    assert [report['finely'] for report in reports] == [False, True]
    assert reports[1]['bytes'] > reports[0]['bytes']
    assert read_bundle(made).description['int8']['finely'] is True


def test_a_quantised_bundle_can_be_quantised_again(bundle, tmp_path, walk):
    first, second = tmp_path / 'first', tmp_path / 'second'
    for source, made, windows in ((bundle, first, '5'), (first, second, '6')):
        arguments = ['quantize', str(source), '-d', str(walk), '-o', str(made)]
        assert main([*arguments, '--windows', windows]) == 0
    card = (second / 'README.md').read_text()
    assert card.count('## Eight bits') == 1
    assert 'on 6 windows' in card


def test_existing_files_are_replaced_only_on_request(bundle, output, walk, capsys):
    shutil.copytree(bundle, output)
    before = content_of(output)
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--windows', '5']
    assert main(arguments) == 1
    assert 'choose another name or add --overwrite' in capsys.readouterr().err
    assert content_of(output) == before
    assert main([*arguments, '--overwrite']) == 0
    assert read_bundle(output).description['int8']['windows'] == 5


def test_a_failure_leaves_the_earlier_bundle_and_no_other_files(
    bundle, output, walk, capsys, monkeypatch
):
    shutil.copytree(bundle, output)
    before = content_of(output)
    monkeypatch.setattr(quantise, 'COARSEST', 1e-9)
    monkeypatch.setattr(quantise, 'FINE', 1e-9)
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--windows', '5']
    assert main([*arguments, '--overwrite']) == 1
    assert 'give longer recordings' in capsys.readouterr().err
    assert content_of(output) == before
    assert [path.name for path in output.parent.iterdir()] == [output.name]


def test_the_given_bundle_and_the_zoo_are_never_written_to(
    bundle, tmp_path, walk, capsys, monkeypatch
):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: tmp_path / 'zoo')
    monkeypatch.setattr('spike_recon_ros.bundles.new_bundle.zoo_folder', zoo.zoo_folder)
    link = tmp_path / 'link'
    link.symlink_to(bundle)
    before = content_of(bundle)
    outputs = {
        bundle: 'is the bundle to quantise',
        link: 'is not a folder',
        tmp_path / 'zoo' / 'new': 'lies in the zoo of the installation',
    }
    for output, words in outputs.items():
        arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--overwrite']
        assert main(arguments) == 1
        assert words in capsys.readouterr().err
    assert content_of(bundle) == before
    assert not (tmp_path / 'zoo').exists()


def test_a_folder_of_other_files_is_not_replaced(bundle, tmp_path, walk, capsys):
    output = tmp_path / 'photos'
    output.mkdir()
    (output / 'photo.png').write_bytes(b'dear')
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--overwrite']
    assert main(arguments) == 1
    assert 'holds files that are no bundle' in capsys.readouterr().err
    assert (output / 'photo.png').read_bytes() == b'dear'


def test_progress_counts_the_windows_of_each_phase(copied, tmp_path, inputs):
    bundle, calls = read_bundle(copied), []
    quantise.quantise_bundle(
        bundle,
        [list(inputs(bundle, 3)), list(inputs(bundle, 2))],
        tmp_path / 'made',
        windows=4,
        recordings=['noise'],
        progress=lambda *call: calls.append(call),
    )
    phases = list(dict.fromkeys(phase for phase, _, _ in calls))
    assert phases[:3] == ['float32 images', 'measuring ranges', 'int8 images']
    counts = [(done, total) for phase, done, total in calls if phase == 'float32 images']
    assert counts == [(done, 5) for done in range(1, 6)]


def test_a_network_that_does_not_exist_is_named(walk, output, capsys):
    assert main(['quantize', 'nothing', '-d', str(walk), '-o', str(output)]) == 1
    assert (
        'nothing is not a network; give a name of the zoo or the folder of a bundle'
        in capsys.readouterr().err
    )


def test_a_recording_of_another_sensor_is_refused(tmp_path, bundle, output, capsys):
    planes = tmp_path / 'planes.dat'
    simulate = ['simulate', '--sensor', 'spike', '-o', str(planes), '--size', '64x48']
    assert main([*simulate, '--duration', '0.01']) == 0
    capsys.readouterr()
    assert main(['quantize', str(bundle), '-d', str(planes), '-o', str(output)]) == 1
    assert 'the packets hold spike planes' in capsys.readouterr().err
    assert not output.exists()


def test_at_least_one_window_is_needed(bundle, output, walk, capsys):
    arguments = ['quantize', str(bundle), '-d', str(walk), '-o', str(output), '--windows', '0']
    assert main(arguments) == 1
    assert '--windows must be 1 or more' in capsys.readouterr().err
