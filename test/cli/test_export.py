# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon export` and `prune` replace a bundle only when the new one is complete."""

import pytest

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.cli.main import main

for library in ('torch', 'onnx', 'onnxscript', 'safetensors'):
    pytest.importorskip(library, reason=f'{library} is not installed: nothing can be exported')


@pytest.fixture
def earlier(tmp_path):
    """A bundle that is in the place of the new one."""
    folder = tmp_path / 'out' / 'mine'
    folder.mkdir(parents=True)
    for file in (zoo_folder() / 'two_scale_gru_small').iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def disk_full(*arguments, **values):
    """Fail as an export does when the disk is full, after one file was written."""
    folder = next(one for one in arguments if hasattr(one, 'is_dir') and one.is_dir())
    (folder / 'model.onnx').write_bytes(b'half')
    raise OSError(28, 'No space left on device')


@pytest.mark.parametrize('command', ['export', 'prune'])
def test_a_disk_that_gets_full_leaves_the_earlier_bundle(
    command, earlier, walk, tmp_path, monkeypatch, capsys
):
    from spike_recon_training import export, prune_bundle  # noqa: PLC0415

    monkeypatch.setattr(export, 'export_run', lambda run, *rest: disk_full(*rest))
    monkeypatch.setattr(prune_bundle, 'export_bundle', disk_full)
    words = {
        'export': [str(tmp_path / 'run')],
        'prune': [str(zoo_folder() / 'two_scale_gru_small'), '-d', str(walk)],
    }[command]
    before = content(earlier)
    assert main([command, *words, '-o', str(earlier), '--overwrite']) == 1
    assert 'no space left on device; free disk space' in capsys.readouterr().err
    assert content(earlier) == before
    assert [one.name for one in earlier.parent.iterdir()] == ['mine']


def test_a_complete_bundle_takes_the_place_of_the_earlier_one(earlier, walk, capsys):
    wide = str(zoo_folder() / 'two_scale_gru_small')
    assert main(['prune', wide, '-d', str(walk), '-o', str(earlier), '--overwrite']) == 0
    assert read_bundle(earlier).network_arguments['reduction'] == 3
    assert [one.name for one in earlier.parent.iterdir()] == ['mine']


def test_a_folder_with_other_files_is_not_replaced(tmp_path, capsys):
    (tmp_path / 'mine.txt').write_text('mine')
    assert main(['export', 'run', '-o', str(tmp_path), '--overwrite']) == 1
    assert 'holds files that are no bundle; choose another name' in capsys.readouterr().err
    assert (tmp_path / 'mine.txt').read_text() == 'mine'


def test_a_missing_run_leaves_nothing(tmp_path, capsys):
    assert main(['export', str(tmp_path), '-o', str(tmp_path / 'out')]) == 1
    assert (
        'holds no last.ckpt; give the folder of `spike-recon train -o`' in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())
    assert main(['export', str(tmp_path / 'run'), '-o', str(tmp_path / 'out')]) == 1
    assert f'{tmp_path / "run"} does not exist; give the folder' in capsys.readouterr().err


def test_an_export_of_published_weights_names_each_phase(tmp_path, monkeypatch):
    published = pytest.importorskip('spike_recon_training.published_weights')

    def export_bundle(network, folder, card, progress):
        progress(f'exporting {card["name"]}')

    monkeypatch.setattr(published, 'export_bundle', export_bundle)
    phases = []
    published.export_published('firenet', None, tmp_path, phases.append)
    assert phases == ['reading the weights', 'exporting firenet']
