# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From photographs to a bundle, small."""

import argparse
import dataclasses
import json

import numpy as np
import pytest
import yaml
from small_recipes import SMALL, request

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')
pytest.importorskip('safetensors', reason='safetensors is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_ros.cli import export as export_command  # noqa: E402
from spike_recon_ros.cli import train as command  # noqa: E402
from spike_recon_ros.errors import UserError  # noqa: E402
from spike_recon_training.budget import LAST, learning_rate_share  # noqa: E402
from spike_recon_training.checkpoint import CHECKPOINT  # noqa: E402
from spike_recon_training.datasets.simulated import SimulatedSegments  # noqa: E402
from spike_recon_training.recipe import read_recipe  # noqa: E402
from spike_recon_training.train import SUMMARY, train  # noqa: E402


@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    file = tmp_path_factory.mktemp('recipe') / 'small.yaml'
    file.write_text(yaml.safe_dump(SMALL), encoding='utf-8')
    return file


@pytest.fixture(scope='module')
def finished(tmp_path_factory, recipe_file, photo_folder):
    """Return the folder and the figures of a run of a second."""
    run = tmp_path_factory.mktemp('runs') / 'small'
    return run, train(request(recipe_file, photo_folder, run, 1 / 60))


def test_a_run_writes_its_figures_and_a_checkpoint(finished):
    run, figures = finished
    names = {path.name for path in run.iterdir()}
    assert {CHECKPOINT, 'recipe.yaml', 'run.json', 'validation.json', 'sheets'} <= names
    assert json.loads((run / 'run.json').read_text()) == figures
    assert figures['steps'] > 0
    assert figures['frames'] == figures['steps'] * 2 * 4
    assert 0 < figures['held_back']['mse'] < 1
    assert {'ssim', 'cold_mse', 'cold_ssim'} <= set(figures['held_back'])
    assert read_recipe(run / 'recipe.yaml').network.name == 'two_scale_gru'


def test_a_run_ends_in_its_time_with_the_lowest_learning_rate(finished):
    run, figures = finished
    checkpoint = torch.load(run / CHECKPOINT, weights_only=True)
    group = checkpoint['optimizer_states'][0]['param_groups'][0]
    steps_rise = min(1.0, figures['steps'] / 20)
    assert group['lr'] == pytest.approx(LAST * 1e-3 * steps_rise, rel=1e-3)
    assert figures['steps'] >= 1


def test_only_the_first_of_several_processes_writes_the_recipe(
    tmp_path, recipe_file, photo_folder, monkeypatch
):
    monkeypatch.setenv('RANK', '1')
    train(request(recipe_file, photo_folder, tmp_path / 'run', 0.005))
    assert not (tmp_path / 'run' / 'recipe.yaml').exists()


def test_a_resumed_run_continues_steps_and_time(tmp_path, recipe_file, photo_folder):
    first = train(request(recipe_file, photo_folder, tmp_path / 'run', 0.01))
    with pytest.raises(UserError, match='--resume'):
        train(request(recipe_file, photo_folder, tmp_path / 'run', 0.02))
    with pytest.raises(UserError, match='larger'):
        train(request(recipe_file, photo_folder, tmp_path / 'run', 1e-6, resume=True))
    longer = first['minutes'] + 0.02
    again = train(request(recipe_file, photo_folder, tmp_path / 'run', longer, resume=True))
    assert again['steps'] > first['steps']
    assert again['minutes'] >= first['minutes']
    assert len(json.loads((tmp_path / 'run' / 'validation.json').read_text())) == 2


def test_nothing_to_resume_is_one_clear_sentence(tmp_path, recipe_file, photo_folder):
    with pytest.raises(UserError, match='leave out --resume'):
        train(request(recipe_file, photo_folder, tmp_path / 'none', 0.01, resume=True))


def test_exported_bundle_has_the_averaged_weights(finished, tmp_path):
    pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from safetensors.torch import load_file  # noqa: PLC0415

    from spike_recon_ros.bundles.bundle import read_bundle  # noqa: PLC0415
    from spike_recon_training.export import export_run  # noqa: PLC0415

    run, figures = finished
    result = export_run(run, tmp_path / 'bundle', 'mine')
    assert result['steps'] == figures['steps']
    assert read_bundle(tmp_path / 'bundle').name == 'mine'
    state = torch.load(run / CHECKPOINT, weights_only=True)['state_dict']
    for name, value in load_file(tmp_path / 'bundle' / 'weights.safetensors').items():
        assert torch.equal(value, state[f'average.{name}'])
        assert not name.startswith('average')


def test_exported_bundle_may_be_the_mean_of_two(finished, recipe_file, tmp_path):
    pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    from spike_recon_training.export import export_run  # noqa: PLC0415

    (run, _), first = finished, bundle_of_first_weights(tmp_path, recipe_file)
    export_run(run, tmp_path / 'last')
    export_run(run, tmp_path / 'mean', average_with=first)
    last, mean = (load_file(tmp_path / name / 'weights.safetensors') for name in ('last', 'mean'))
    for name, value in load_file(first / 'weights.safetensors').items():
        torch.testing.assert_close(mean[name], (last[name] + value) / 2)
    card = yaml.safe_load((tmp_path / 'mean' / 'model.yaml').read_text(encoding='utf-8'))
    assert card['recipe']['averaged_with'] == 'first'
    save_file({'another': torch.zeros(1)}, first / 'weights.safetensors')
    with pytest.raises(UserError, match='cannot be averaged with the run: '):
        export_run(run, tmp_path / 'none', average_with=first)


def bundle_of_first_weights(tmp_path, recipe_file):
    from safetensors.torch import save_file  # noqa: PLC0415

    recipe = read_recipe(recipe_file)
    bundle = tmp_path / 'first'
    bundle.mkdir()
    network = make_network(recipe.network.name, **recipe.network.arguments)
    save_file(network.state_dict(), bundle / 'weights.safetensors')
    return bundle


def test_the_card_of_an_interrupted_run_has_its_time_and_its_start(
    tmp_path, recipe_file, photo_folder
):
    pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from spike_recon_training.export import export_run  # noqa: PLC0415

    first, run = bundle_of_first_weights(tmp_path, recipe_file), tmp_path / 'run'
    figures = train(request(recipe_file, photo_folder, run, 0.02, start_from=first))
    (run / SUMMARY).unlink()
    export_run(run, tmp_path / 'bundle')
    card = yaml.safe_load((tmp_path / 'bundle' / 'model.yaml').read_text(encoding='utf-8'))
    assert card['longest_window_ms'] == 60
    assert card['recipe']['minutes'] == pytest.approx(figures['minutes'], abs=0.05)
    assert card['recipe']['started_from'] == {'bundle': 'first'}


def test_training_may_start_from_a_bundle(tmp_path, recipe_file, photo_folder):
    from safetensors.torch import save_file  # noqa: PLC0415

    other = make_network('two_scale_gru', channels=5)
    save_file(other.state_dict(), tmp_path / 'weights.safetensors')
    with pytest.raises(UserError, match='does not fit'):
        train(request(recipe_file, photo_folder, tmp_path / 'run', 0.01, start_from=tmp_path))


def test_a_resumed_run_remembers_the_bundle_that_it_started_from(
    tmp_path, recipe_file, photo_folder
):
    bundle, run = bundle_of_first_weights(tmp_path, recipe_file), tmp_path / 'run'
    first = train(request(recipe_file, photo_folder, run, 0.005, start_from=bundle))
    assert first['started_from'] == {'bundle': 'first'}
    again = train(request(recipe_file, photo_folder, run, first['minutes'] + 0.02, resume=True))
    assert again['started_from'] == first['started_from']


STIR = {
    'name': 'stir',
    'sensor': 'spike',
    'representation': {'kind': 'spike_stack', 'planes': 61, 'lookahead_planes': 30},
    'window_ms': 1.0,
    'network': {'name': 'stir', 'arguments': {}},
}


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({**SMALL, 'optimisation': {'crop': 18}}, 'crop draws sensors of 18 .* a multiple of 8'),
        (
            {**STIR, 'optimisation': {'crop': 64, 'small_share': 0.1}},
            'small_share draws sensors of all multiples of 8 .* stir needs a multiple of 16',
        ),
    ],
)
def test_a_crop_that_does_not_suit_the_network_is_an_error(tmp_path, photo_folder, wrong, message):
    (tmp_path / 'wrong.yaml').write_text(yaml.safe_dump(wrong))
    with pytest.raises(UserError, match=message):
        train(request(tmp_path / 'wrong.yaml', photo_folder, tmp_path / 'run', 0.01))


@pytest.mark.parametrize(
    ('words', 'cure'),
    [
        (['--budget-minutes', '0'], 'above 0'),
        (['--budget-minutes', 'nan'], 'above 0'),
        (['--threads', '-1'], '0 or above'),
    ],
)
def test_an_option_out_of_range_is_refused_in_one_sentence(tmp_path, words, cure):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = ['toy', '--photos', str(tmp_path), '-o', str(tmp_path / 'run'), *words]
    with pytest.raises(UserError, match=cure):
        command.run(parser.parse_args(arguments))


def test_learning_rate_rises_and_then_falls_to_its_end():
    progress = np.linspace(0, 1, 201)
    shares = np.array([learning_rate_share(p, 0.1) for p in progress])
    assert shares.max() == pytest.approx(1)
    assert (np.diff(shares[progress <= 0.1]) >= 0).all()
    assert (np.diff(shares[progress >= 0.1]) <= 0).all()
    assert shares[-1] == pytest.approx(LAST)
    assert learning_rate_share(0.5, 0.0) == pytest.approx(0.505, abs=0.001)


def segments_of(photographs, recipe_file, **options):
    return iter(SimulatedSegments(photographs, read_recipe(recipe_file), 5, **options))


def test_sequences_begin_cold_and_have_as_many_segments_as_asked(photographs, recipe_file):
    stream = segments_of(photographs, recipe_file)
    cold = [next(stream).cold for _ in range(30)]
    assert cold[0]
    lengths = np.diff(np.flatnonzero([*cold, True]))
    assert set(lengths) == {1, 2}


def test_small_sensors_come_in_larger_batches(photographs, recipe_file):
    recipe = read_recipe(recipe_file)
    asked = dataclasses.replace(recipe.optimisation, crop=64, batch=1, small_share=0.5)
    recipe = dataclasses.replace(recipe, optimisation=asked)
    stream = iter(SimulatedSegments(photographs, recipe, 5))
    shapes = {tuple(next(stream).truths.shape[1:]) for _ in range(30)}
    assert shapes == {(1, 1, 64, 64), (4, 1, 24, 24), (4, 1, 32, 32)}


def test_processes_and_resumed_runs_draw_different_sequences(photographs, recipe_file):
    starts = [(0, 0), (0, 0), (1, 0), (0, 50)]
    first, same, other, later = (
        next(segments_of(photographs, recipe_file, start=lambda s=start: s)).truths
        for start in starts
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert not torch.equal(first, later)


def test_model_card_of_a_spiking_network_has_its_spike_rate(tmp_path, photo_folder):
    pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
    pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing is exported')
    from spike_recon_training.export import export_run  # noqa: PLC0415

    spiking = {**SMALL, 'network': {'name': 'hybrid', 'arguments': {'channels': 4}}}
    (tmp_path / 'spiking.yaml').write_text(yaml.safe_dump(spiking))
    run = tmp_path / 'run'
    figures = train(request(tmp_path / 'spiking.yaml', photo_folder, run, 0.01))
    assert 0 < figures['held_back']['spike_rate'] < 1
    export_run(run, tmp_path / 'bundle')
    card = (tmp_path / 'bundle' / 'README.md').read_text()
    assert f'| spike_rate | {figures["held_back"]["spike_rate"]:.6g} |' in card


def test_export_does_not_replace_without_overwrite(tmp_path):
    (tmp_path / 'thesis.tex').write_text('dear')
    parser = argparse.ArgumentParser()
    export_command.add_arguments(parser)
    with pytest.raises(UserError, match='--overwrite'):
        export_command.run(parser.parse_args([str(tmp_path), '-o', str(tmp_path)]))
    with pytest.raises(UserError, match='train -o'):
        export_command.run(parser.parse_args([str(tmp_path), '-o', str(tmp_path / 'new')]))
