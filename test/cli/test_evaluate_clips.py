# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import argparse
import json

import cv2
import numpy as np
import pytest

from spike_recon_ros.cli import evaluate
from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation import cold_start
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.settings import Settings

HEIGHT, WIDTH, PLANES = 12, 16, 120


def write_clip(folder, name, ids, period=2, planes=PLANES):
    """Write a clip whose pixels all fire each `period` planes, with noise, and its truths."""
    (folder / 'test/input').mkdir(parents=True, exist_ok=True)
    (folder / 'test/gt').mkdir(exist_ok=True)
    random = np.random.default_rng(period)
    spikes = (np.arange(planes)[:, None, None] % period == 0) ^ (
        random.random((planes, HEIGHT, WIDTH)) < 0.02
    )
    np.packbits(spikes, axis=-1, bitorder='little').tofile(
        folder / f'test/input/{name}_key_id{ids[0]}.dat'
    )
    grey = np.full((HEIGHT, WIDTH), round(255 / period / 0.6), np.uint8)
    for number in ids:
        cv2.imwrite(str(folder / f'test/gt/{name}_key_id{number}.png'), grey)


@pytest.fixture
def dataset(tmp_path):
    write_clip(tmp_path, 'a', [51])
    write_clip(tmp_path, 'b', [41, 61, 115], period=3)
    return tmp_path


def run(*arguments):
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    return evaluate.run(parser.parse_args([str(one) for one in arguments]))


def write_size(dataset, name):
    (dataset / f'test/input/{name}.dat.yaml').write_text(f'width: {WIDTH}\nheight: {HEIGHT}\n')


@pytest.mark.parametrize('model', ['tfp', 'spike_intervals'])
def test_figures_are_those_of_the_command_for_one_instant(dataset, model):
    result = run('-d', dataset, '-m', model)
    assert json.dumps(result)
    for name, clip in result['clips'].items():
        write_size(dataset, name)
        for instant in clip['instants']:
            number, plane = instant['plane'] + 1, instant['plane']
            truth = dataset / f'test/gt/{name[0]}_key_id{number}.png'
            path = dataset / f'test/input/{name}.dat'
            alone = run('-d', path, '-m', model, '--truth', truth, '--truth-plane', plane)
            assert (alone['psnr'], alone['ssim']) == (instant['psnr'], instant['ssim'])


def test_the_mean_is_over_clips_and_within_them_over_instants(dataset, capsys):
    result = run('-d', dataset, '-m', 'tfp')
    a, b = (result['clips'][name] for name in ('a_key_id51', 'b_key_id41'))
    assert [len(clip['instants']) for clip in (a, b)] == [1, 2]
    assert b['psnr'] == pytest.approx(np.mean([one['psnr'] for one in b['instants']]))
    assert result['mean']['psnr'] == pytest.approx((a['psnr'] + b['psnr']) / 2)
    assert result['mean']['ssim'] == pytest.approx((a['ssim'] + b['ssim']) / 2)
    assert a['psnr'] != b['psnr']
    printed = capsys.readouterr().err
    assert f'{result["mean"]["psnr"]:.2f}' in printed


def test_images_too_near_to_the_end_are_left_out_and_counted(dataset, capsys):
    assert run('-d', dataset, '-m', 'tfp')['skipped'] == 1
    assert '1 image left out' in capsys.readouterr().err


@pytest.mark.parametrize('options', [(), ('-o', 'out')])
def test_clips_without_truth_beside_others_are_counted(dataset, tmp_path, options, capsys):
    for truth in (dataset / 'test/gt').glob('b_*.png'):
        truth.unlink()
    options = [tmp_path / one if one == 'out' else one for one in options]
    result = run('-d', dataset, '-m', 'tfp', *options)
    assert result['without_truth'] == 1
    assert len(result['clips']) == (2 if options else 1)
    assert '1 clip without ground truth' in capsys.readouterr().err


def test_the_white_rate_can_be_given(dataset):
    assert run('-d', dataset, '-m', 'tfp', '--white-rate', 1.0)['mean']['psnr'] < 15
    assert run('-d', dataset, '-m', 'tfp')['mean']['psnr'] > 20


@pytest.mark.parametrize(
    ('options', 'cure'),
    [
        (['-m', 'tfi', 'tfp'], 'give one -d and one -m'),
        (['-q', 'mse'], 'can be measured by psnr, ssim, lpips, niqe, brisque; leave out mse'),
        (['--size', '16x12'], '--size is for recordings of event cameras'),
        (['--truth-topic', '/a'], '--truth-topic is for recordings of event cameras'),
        (['--plane-size', '16x12'], 'the layout of a data set is known; leave out width, height'),
        (['--white-rate', 0], 'must be above 0'),
        (['-m', 'fibar'], 'but fibar is a model for events'),
    ],
)
def test_option_that_does_not_fit_says_what_does(dataset, options, cure):
    with pytest.raises(UserError, match=cure):
        run('-d', dataset, *options)


def test_images_are_saved_as_they_are_scored(dataset, tmp_path):
    out = tmp_path / 'out'
    result = run('-d', dataset, '-m', 'tfp', '-o', out)
    assert json.loads((out / 'summary.json').read_text()) == result
    image = cv2.imread(str(out / 'b_key_id41' / 'plane_000040.png'), cv2.IMREAD_GRAYSCALE)
    truth = cv2.imread(str(dataset / 'test/gt/b_key_id41.png'), cv2.IMREAD_GRAYSCALE)
    error = np.square(image / 255 - truth / 255).mean()
    assert -10 * np.log10(error) == pytest.approx(
        result['clips']['b_key_id41']['instants'][0]['psnr']
    )
    with pytest.raises(UserError, match='is not empty'):
        run('-d', dataset, '-m', 'tfp', '-o', out)


def test_the_middle_of_a_clip_without_truth_is_saved(tmp_path):
    (tmp_path / 'classA').mkdir()
    (tmp_path / 'classA/car.dat').write_bytes(bytes(12_500 * 60))
    result = run('-d', tmp_path, '-m', 'tfp', '-o', tmp_path / 'out')
    assert result['clips']['classA/car']['instants'] == [{'plane': 30}]
    assert (tmp_path / 'out/classA/car/plane_000030.png').is_file()
    assert result['mean'] == {}


def test_every_clip_of_a_data_set_is_run_and_inspected(dataset, tmp_path, capsys):
    out = tmp_path / 'out'
    assert main(['run', str(dataset), '-m', 'tfp', '-o', str(out)]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(result['clips']) == {'a_key_id51', 'b_key_id41'}
    frames = [one['frames'] for one in result['clips'].values()]
    assert result['frames'] == sum(frames)
    assert len(list((out / 'a_key_id51').glob('*.png'))) == frames[0] > 0
    assert main(['inspect', str(dataset)]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one['planes'] for one in result['clips'].values()] == [PLANES, PLANES]
    assert main(['inspect', str(dataset), '--plane-size', '16x12']) == 1
    assert 'leave out planes' in capsys.readouterr().err
    assert main(['run', str(dataset), '-o', str(tmp_path / 'x.mp4')]) == 1
    assert 'name a folder' in capsys.readouterr().err


def test_clips_without_truth_cannot_be_scored(tmp_path):
    (tmp_path / 'classA').mkdir()
    (tmp_path / 'classA/car.dat').write_bytes(bytes(12_500))
    with pytest.raises(UserError, match='no images to compare with'):
        run('-d', tmp_path)


def test_clips_that_are_too_short_are_an_error(tmp_path):
    write_clip(tmp_path, 'a', [21], planes=25)
    with pytest.raises(UserError, match=r'no clip of .* is long enough for spike_intervals'):
        run('-d', tmp_path, '-m', 'spike_intervals')


def test_truth_of_another_size_is_refused(dataset):
    cv2.imwrite(str(dataset / 'test/gt/b_key_id61.png'), np.zeros((20, 30), np.uint8))
    with pytest.raises(UserError, match=r'30x20 pixels .* 16x12; they must be equal'):
        run('-d', dataset, '-m', 'tfp')


class Recording:
    """A spike model that records which planes it gets."""

    name, lookahead_planes, longest_window_ns = 'recording', 10, 0

    def __init__(self, hop_planes):
        self.hop_planes, self.windows, self.resets = hop_planes, [], 0

    def step(self, window):
        self.windows.append(window.samples.t_ns.tolist())
        return np.full((HEIGHT, WIDTH), len(self.windows), np.float32)

    def reset(self):
        self.windows = []

    def close(self):
        pass


@pytest.mark.parametrize(
    ('hop', 'expected'), [(0, [3, 20, 20]), (20, [20, 20]), (43, [43]), (10, [10] * 4)]
)
@pytest.mark.parametrize('per_packet', [1, 7, 60])
def test_windows_end_with_the_last_plane_that_the_model_needs(
    monkeypatch, hop, expected, per_packet
):
    period_ns = 50_000
    plane_bytes = HEIGHT * WIDTH // 8
    packets = [
        Packet(
            spike_encoding(period_ns), WIDTH, HEIGHT, seq, first * period_ns, 0,
            np.zeros(min(per_packet, 60 - first) * plane_bytes, np.uint8),
        )
        for seq, first in enumerate(range(0, 60, per_packet))
    ]  # fmt: skip
    model = Recording(hop)
    monkeypatch.setattr(cold_start, 'load_model', lambda *_, **__: model)
    start = ColdStart(Settings(model='tfp'))
    for plane in (45, 32):  # the second one as if it was the first
        image = start.intensity(packets, plane)
    assert [len(window) for window in model.windows] == expected
    planes = [t_ns // period_ns for window in model.windows for t_ns in window]
    assert planes == list(range(43 - sum(expected), 43))
    assert (image == len(expected)).all()
    assert start.intensity(packets, 50) is None


def test_a_window_longer_than_the_stream_before_the_plane_gives_no_image(monkeypatch):
    plane = np.zeros(HEIGHT * WIDTH // 8, np.uint8)
    packets = [Packet(spike_encoding(9), WIDTH, HEIGHT, n, 9 * n, 0, plane) for n in range(60)]
    monkeypatch.setattr(cold_start, 'load_model', lambda *_, **__: Recording(43))
    start = ColdStart(Settings(model='tfp'))
    assert start.intensity(packets, 31) is None
    assert start.intensity(packets, 32) is not None


def test_the_white_rate_of_a_simulation_is_read_from_its_sidecar(tmp_path, capsys):
    out = tmp_path / 'dim.dat'
    words = ['simulate', '--sensor', 'spike', '--size', '64x48', '--duration', '0.02']
    assert main([*words, '--fps-truth', '200', '--light-scale', '0.3', '-o', str(out)]) == 0
    capsys.readouterr()
    assert main(['evaluate', '-d', str(tmp_path)]) == 0
    whole = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert whole['clips']['dim']['white_rate'] == 0.3
    assert whole['mean']['psnr'] > 22
    truth = tmp_path / 'dim_truth' / 'plane_000200.png'
    assert main(['evaluate', '-d', str(out), '--truth', str(truth), '--truth-plane', '200']) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])['white_rate'] == 0.3
