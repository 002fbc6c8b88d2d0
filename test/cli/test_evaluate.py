# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The comparison of models, from the command line to the files."""

import csv
import importlib.util
import json
import sys

import cv2
import numpy as np
import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import GROUND_TRUTH


@pytest.fixture
def evaluate(capsys):
    """A function that evaluates and returns status, the JSON object, stderr."""

    def run(*words):
        status = main(['evaluate', *(str(word) for word in words)])
        out, err = capsys.readouterr()
        return status, json.loads(out.splitlines()[-1]) if out else None, err

    return run


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    """A small board of tags with ten truth images."""
    bag = tmp_path_factory.mktemp('simulated') / 'board'
    words = ('--duration', '0.2', '--size', '128x96', '--seed', '3')
    assert main(['simulate', '-o', str(bag), *words]) == 0
    return bag


def table(file):
    with file.open(encoding='utf-8') as rows:
        return list(csv.DictReader(rows))


def test_mse_is_that_of_the_frames_that_run_writes(evaluate, board, tmp_path):
    status, summary, err = evaluate('-m', 'fibar', '-d', board, '-q', 'mse', '-o', tmp_path / 'e')
    assert status == 0, err
    words = ['--sync-mode', 'camera_image', '--reference-topic', GROUND_TRUTH]
    words += ['--image-encoding', '32FC1', '--tone-time', '0', '-m', 'fibar']
    assert main(['run', str(board), '-o', str(tmp_path / 'run'), *words]) == 0
    truths = dict(read_images(board, GROUND_TRUTH))
    expected = []
    for row in table(tmp_path / 'run' / 'frames.csv'):
        file = tmp_path / 'run' / f'frame_{int(row["index"]):06d}.tiff'
        image = cv2.imread(str(file), cv2.IMREAD_UNCHANGED).astype(np.float64)
        expected.append(np.mean((image - truths[int(row['stamp_ns'])] / 255.0) ** 2))
    assert summary['datasets']['board']['frames'] == len(expected) == 9
    assert summary['mean']['fibar']['mse'] == pytest.approx(np.mean(expected), abs=1e-6)
    rows = table(tmp_path / 'e' / 'frames.csv')
    assert [float(row['mse']) for row in rows] == pytest.approx(expected, rel=1e-5)


@pytest.mark.training
def test_the_intensity_of_a_network_is_compared_as_it_is(evaluate, board, tmp_path):
    bundle = _bundle_with_random_weights(tmp_path)
    status, summary, err = evaluate('-m', bundle, '-d', board, '-q', 'mse', '-o', tmp_path / 'e')
    assert status == 0, err
    frames = _frames(board, Settings(model=str(bundle), sync_mode='camera_image'), GROUND_TRUTH)
    truths = dict(read_images(board, GROUND_TRUTH))
    expected = [
        np.mean((np.clip(frame.intensity, 0, 1) - truths[frame.stamp_ns] / 255.0) ** 2)
        for frame in frames
    ]
    assert summary['mean']['bundle']['mse'] == pytest.approx(np.mean(expected), abs=1e-5)


def _bundle_with_random_weights(folder):
    """Export FireNet from a file in the layout in which its authors publish it."""
    torch = pytest.importorskip('torch', reason='torch is not installed: there is no FireNet')
    for name in ('onnx', 'onnxscript', 'safetensors'):
        pytest.importorskip(name, reason=f'{name} is not installed: nothing can be exported')
    from spike_recon_models.networks import firenet  # noqa: PLC0415
    from spike_recon_training.published_weights import export_published  # noqa: PLC0415

    theirs = {}
    for name, value in firenet.FireNet(seed=5).state_dict().items():
        layer, kind = name.rsplit('.', 1)
        names = firenet._PUBLISHED[layer]
        for one, part in zip(names, value.chunk(len(names)), strict=True):
            theirs[f'{one}.{kind}'] = part.clone()
    torch.save({'state_dict': theirs}, folder / 'random.pth')
    export_published('firenet', folder / 'random.pth', folder / 'bundle')
    return folder / 'bundle'


def _frames(path, settings, reference_topic=None):
    reconstructor = Reconstructor(settings)
    with open_source(path, None, reference_topic) as source:
        for item in source:
            take = reconstructor.push if isinstance(item, Packet) else reconstructor.push_reference
            yield from take(item)


def test_a_comparison_leaves_tables_and_sheets(evaluate, board, tmp_path):
    out = tmp_path / 'out'
    status, summary, err = evaluate('-m', 'fibar', 'leaky_integrator', '-d', board, '-o', out)
    assert status == 0, err
    assert json.loads((out / 'summary.json').read_text(encoding='utf-8')) == summary
    assert set(summary['mean']) == {'fibar', 'leaky_integrator'}
    assert summary['mean']['fibar']['ssim'] is not None
    frames = table(out / 'frames.csv')
    assert len(frames) == 18
    times = [[row['t_s'] for row in frames if row['model'] == name] for name in summary['mean']]
    assert times[0] == times[1]
    lines = {(row['model'], row['dataset']): row for row in table(out / 'summary.csv')}
    assert set(lines) == {(m, d) for m in summary['mean'] for d in ('board', 'mean')}
    assert float(lines['fibar', 'mean']['mse']) == summary['mean']['fibar']['mse']
    page = cv2.imread(str(out / 'sheets' / 'board.png'))
    assert page.shape[0] > 4 * 96
    assert 'leaky_integrator' in err
    assert 'ssim' in err


def test_curves_are_drawn_for_each_metric(evaluate, board, tmp_path):
    pytest.importorskip('matplotlib', reason='matplotlib is not installed: there are no curves')
    status, _, err = evaluate(
        '-m', 'fibar', '-d', board, '-q', 'mse', 'first_tag_ms', '-o', tmp_path / 'out'
    )
    assert status == 0, err
    (curve,) = (tmp_path / 'out' / 'curves').iterdir()
    assert curve.name == 'board_mse.png'
    assert cv2.imread(str(curve)) is not None


def test_without_matplotlib_all_but_the_curves_is_written(evaluate, board, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    hidden = lambda name, *rest: None if name == 'matplotlib' else found(name, *rest)  # noqa: E731
    monkeypatch.setattr(importlib.util, 'find_spec', hidden)
    status, _, err = evaluate('-m', 'fibar', '-d', board, '-q', 'mse', '-o', tmp_path / 'out')
    assert status == 0, err
    assert 'pip install matplotlib' in err
    assert not (tmp_path / 'out' / 'curves').exists()
    assert (tmp_path / 'out' / 'summary.json').is_file()


def test_skipped_seconds_are_left_out_of_the_mean(evaluate, board, tmp_path):
    words = ('-m', 'fibar', '-d', board, '-q', 'mse', '--skip-s', '0.1', '-o', tmp_path / 'out')
    status, summary, err = evaluate(*words)
    assert status == 0, err
    late = [row for row in table(tmp_path / 'out' / 'frames.csv') if float(row['t_s']) >= 0.1]
    assert 0 < len(late) < 9
    expected = np.mean([float(row['mse']) for row in late])
    assert summary['mean']['fibar']['mse'] == pytest.approx(expected, abs=1e-6)


def test_a_recording_without_truth_gives_tags_and_flicker(evaluate, recordings, tmp_path):
    bag = recordings('event/davis346_apriltags')
    status, summary, err = evaluate('-m', 'fibar', '-d', bag, '--fps', 50, '-o', tmp_path / 'out')
    assert status == 0, err
    assert summary['datasets']['davis346_apriltags']['frames'] == 50
    figures = summary['mean']['fibar']
    assert figures['mse'] is None
    assert 1.5 < figures['tags'] < 3
    assert figures['flicker'] > 0
    assert figures['first_tag_ms'] % 20 == pytest.approx(0.0)


@pytest.mark.training
def test_published_firenet_is_one_command(evaluate, recordings, tmp_path):
    for name in ('torch', 'onnx', 'onnxscript', 'safetensors'):
        pytest.importorskip(name, reason=f'{name} is not installed: nothing can be exported')
    weights = recordings('event/firenet_peer_weights.pth')
    bag = recordings('event/davis346_apriltags')
    words = ('-m', f'firenet:{weights}', '-d', bag, '--fps', 50, '-q', 'tags', 'first_tag_ms')
    status, summary, err = evaluate(*words, '-o', tmp_path / 'out')
    assert status == 0, err
    assert summary['mean']['firenet']['tags'] == pytest.approx(7.72, abs=0.3)
    assert 80 <= summary['mean']['firenet']['first_tag_ms'] <= 133


@pytest.mark.parametrize(
    ('words', 'cure'),
    [
        (['-m', 'fiber', '-d', '{board}'], "no model 'fiber'; did you mean fibar"),
        (['-m', './nothing', '-d', '{board}'], 'nothing'),
        (['-m', 'fibar', '-d', '{missing}'], 'there is no file or folder'),
        (['-m', 'fibar', '-d', '{blind}', '-q', 'mse'], '--truth-topic'),
        (['-m', 'fibar', '-d', '{board}', '--truth-topic', '/nope'], '/nope'),
        (['-m', 'fibar', '-d', '{board}', '--topic', '/nope'], '/nope'),
        (['-m', 'fibar', '-d', '{board}', '--skip-s', '9'], '--skip-s is 9'),
        (['-m', 'fibar', '-d', '{board}', '--skip-s', 'nan'], '--skip-s is nan'),
        (['-m', 'fibar', '-d', '{board}', '--fps', '0'], 'fps is 0.0; its range is'),
    ],
)
def test_a_mistake_gets_one_sentence_before_anything_is_written(
    evaluate, board, blind, tmp_path, words, cure
):
    places = {'board': board, 'blind': blind, 'missing': tmp_path / 'missing'}
    words = [word.format(**places) for word in words]
    status, summary, err = evaluate(*words, '-o', tmp_path / 'out')
    assert (status, summary) == (1, None)
    (sentence,) = [line for line in err.splitlines() if line.startswith('spike-recon evaluate: ')]
    assert cure in sentence
    assert not (tmp_path / 'out').exists()


@pytest.fixture(scope='module')
def blind(tmp_path_factory):
    """A recording without images: Prophesee RAW, EVT2, with events over 0.2 s."""
    time_high = (8 << 28 | np.arange(1, 3126)).astype(np.uint32)
    event = (1 << 28 | np.arange(3125) % 64 << 11 | np.arange(3125) % 48).astype(np.uint32)
    raw = tmp_path_factory.mktemp('raw') / 'blind.raw'
    words = np.stack([time_high, event], axis=1).ravel().astype('<u4')
    raw.write_bytes(b'% evt 2.0\n% geometry 64x48\n% end\n' + words.tobytes())
    return raw


def test_a_file_without_topics_is_evaluated_free_running(evaluate, blind, tmp_path):
    status, summary, err = evaluate('-m', 'fibar', '-d', blind, '--fps', 100, '-o', tmp_path / 'o')
    assert status == 0, err
    assert summary['datasets']['blind']['frames'] == 20
    assert summary['mean']['fibar']['tags'] == 0.0


def test_a_folder_with_files_needs_overwrite(evaluate, blind, tmp_path):
    words = ('-m', 'fibar', '-d', blind, '-q', 'flicker', '-o', tmp_path)
    (tmp_path / 'mine.txt').write_text('mine', encoding='utf-8')
    status, _, err = evaluate(*words)
    assert status == 1
    assert '--overwrite' in err
    assert evaluate(*words, '--overwrite')[0] == 0
    assert (tmp_path / 'mine.txt').exists()


def test_images_that_may_be_the_truth_are_named(evaluate, board, tmp_path):
    bag, topic = tmp_path / 'davis', '/davis/image_raw'
    with open_source(board) as source, BagWriter(bag) as writer:
        for packet in source:
            writer.write_packet(packet)
        for stamp_ns, image in read_images(board, GROUND_TRUTH):
            writer.write_image(topic, image, stamp_ns)
    words = '-m', 'fibar', '-d', bag, '-o', tmp_path / 'out', '--overwrite'
    status, _, err = evaluate(*words, '-q', 'mse')
    assert (status, f'--truth-topic, which may be: {topic}' in err) == (1, True)
    status, summary, err = evaluate(*words)
    assert (status, summary['datasets']['davis']['truth_topic']) == (0, None)
    assert f'compared with no images; --truth-topic may be {topic}' in err
    assert topic not in evaluate(*words, '-q', 'flicker')[2]


def test_truth_of_another_size_is_a_user_error(evaluate, mixed, tmp_path):
    status, _, err = evaluate('-m', 'fibar', '-d', mixed, '-o', tmp_path / 'out')
    assert status == 1
    assert 'have 8x6 pixels and the sensor 64x48' in err


@pytest.mark.training
def test_lpips_without_its_library_says_what_to_install(evaluate, board, tmp_path, monkeypatch):
    pytest.importorskip('torch', reason='torch is not installed')
    monkeypatch.setitem(sys.modules, 'lpips', None)
    status, _, err = evaluate('-m', 'fibar', '-d', board, '-q', 'lpips', '-o', tmp_path / 'out')
    assert status == 1
    assert 'pip install lpips' in err


@pytest.mark.training
def test_published_weights_run_and_become_a_bundle_in_one_command(board, tmp_path):
    _bundle_with_random_weights(tmp_path)
    weights = f'firenet:{tmp_path / "random.pth"}'
    assert main(['export', weights, '-o', str(tmp_path / 'made')]) == 0
    for model, out in ((weights, 'direct'), (str(tmp_path / 'made'), 'bundled')):
        words = ['run', str(board), '-m', model, '-o', str(tmp_path / out), '--fps', '50']
        assert main(words) == 0
    pictures = [
        [file.read_bytes() for file in sorted((tmp_path / out).glob('*.png'))]
        for out in ('direct', 'bundled')
    ]
    assert len(pictures[0]) > 3
    assert pictures[0] == pictures[1]


def test_options_of_a_training_run_are_refused_for_published_weights(tmp_path, capsys):
    words = ['export', 'firenet:a.pth', '-o', str(tmp_path / 'made'), '--name', 'mine']
    assert main(words) == 1
    assert '--name is for a run of our training' in capsys.readouterr().err
    assert not (tmp_path / 'made').exists()
