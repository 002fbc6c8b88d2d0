# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import argparse
import json

import cv2
import numpy as np
import pytest

from spike_recon_ros.cli import evaluate
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.sources.spike_file import write_dat
from spike_recon_ros.sources.spike_layout import SpikeLayout

HEIGHT, WIDTH, PLANES = 12, 16, 100


@pytest.fixture
def clip(tmp_path):
    """A clip in which every pixel fires every other plane, and its truth: 0.5 spikes a plane."""
    spikes = np.zeros((PLANES, HEIGHT, WIDTH), np.uint8)
    spikes[::2] = 1
    planes = SpikePlanes(pack_planes(spikes), np.arange(PLANES) * 50_000)
    write_dat(tmp_path / 'a.dat', [planes], SpikeLayout(width=WIDTH, height=HEIGHT))
    grey = np.full((HEIGHT, WIDTH), round(255 * 0.5 / 0.6), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), grey)
    return ['-d', tmp_path / 'a.dat', '--truth', tmp_path / 'a.png']


def run(*arguments):
    parser = argparse.ArgumentParser()
    evaluate.add_arguments(parser)
    return evaluate.run(parser.parse_args([str(one) for one in arguments]))


def test_perfect_image_scores_as_one(clip, capsys):
    result = run(*clip, '--truth-plane', 50, '-m', 'spike_intervals')
    assert (result['model'], result['psnr']) == ('spike_intervals', 100)
    assert result['ssim'] == pytest.approx(1)
    assert json.dumps(result)
    assert 'PSNR 100.00 dB' in capsys.readouterr().err


def test_what_is_left_out_of_the_planes_is_printed(clip, tmp_path, capsys):
    with (tmp_path / 'a.dat').open('ab') as file:
        file.write(b'\xff' * 3)
    run(*clip, '--truth-plane', 50)
    assert 'ends with 3 bytes that are no whole plane' in capsys.readouterr().err


def test_settings_without_effect_on_a_single_image_are_named(clip, capsys):
    more = '--fps', 100, '--color', 'guess', '--leak-time', 0.5, '--lookahead-planes', 5
    run(*clip, '--truth-plane', 50, '-m', 'spike_intervals', *more)
    printed = capsys.readouterr().err
    assert 'fps has no effect: single grey images are scored' in printed
    assert 'color has no effect: single grey images are scored' in printed
    assert 'leak_time has no effect: it is for leaky_integrator' in printed
    assert 'lookahead_planes' not in printed


def test_image_twice_as_bright_scores_less(clip):
    assert run(*clip, '--truth-plane', 50, '--white-rate', 1.0)['psnr'] < 12


def test_plane_without_enough_planes_after_it_is_named(clip):
    assert run(*clip, '--truth-plane', PLANES - 11, '-m', 'tfp')['psnr'] > 20
    with pytest.raises(UserError, match=r'has 100 planes; tfp needs 101 for plane 90'):
        run(*clip, '--truth-plane', PLANES - 10, '-m', 'tfp')
    late = *clip, '--truth-plane', PLANES - 10, '-m', 'spike_intervals'
    with pytest.raises(UserError, match='lower lookahead_planes'):
        run(*late)
    assert run(*late, '--lookahead-planes', 9)['psnr'] == 100


@pytest.mark.parametrize(
    ('options', 'cure'),
    [
        ([], '--truth needs --truth-plane'),
        (['--truth-plane', -1], 'count planes from 0'),
        (['--truth-plane', 50, '--white-rate', 0], 'must be above 0'),
        (['--truth-plane', 50, '-m', 'tfi', 'tfp'], 'give one -d and one -m'),
        (['--truth-plane', 50, '-m', 'fibar'], 'but fibar is a model for events'),
        (['--truth-plane', 50, '-m', 'tfy'], 'there is no model'),
        (['--truth-plane', 50, '-q', 'mse'], 'leave out mse'),
    ],
)
def test_option_that_does_not_fit_says_what_does(clip, options, cure):
    with pytest.raises(UserError, match=cure):
        run(*clip, *options)


def test_the_image_can_be_saved(clip, tmp_path):
    run(*clip, '--truth-plane', 50, '-m', 'tfp', '-o', tmp_path / 'saved')
    assert cv2.imread(str(tmp_path / 'saved/plane_000050.png')).shape[:2] == (HEIGHT, WIDTH)


def test_truth_of_another_size_is_refused(clip, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((20, 30), np.uint8))
    with pytest.raises(UserError, match=r'30x20 pixels .* 16x12; they must be equal'):
        run(*clip, '--truth-plane', 50)


@pytest.mark.parametrize(
    ('options', 'missing'),
    [
        ([], r'the models \(-m\) and a folder to write \(-o\)$'),
        (['-m', 'fibar'], r'needs a folder to write \(-o\)$'),
        (['-o', 'out'], r'needs the models \(-m\)$'),
    ],
)
def test_without_a_truth_what_is_missing_is_named(clip, options, missing):
    with pytest.raises(UserError, match=missing):
        run(*clip[:2], *options)


def test_a_plane_without_a_truth_is_refused(clip):
    with pytest.raises(UserError, match='--truth-plane needs --truth'):
        run(*clip[:2], '--truth-plane', 50)


def test_planes_without_a_truth_say_how_they_are_scored(clip, tmp_path):
    with pytest.raises(UserError, match='add --truth and --truth-plane'):
        run(*clip[:2], '-m', 'tfp', '-o', tmp_path / 'out')


def test_models_of_spike_planes_are_refused_for_events_in_a_sentence(clip, tmp_path):
    path = tmp_path / 'events.raw'
    words = np.array([0x8000_0000, *(0x1000_0000 | i << 22 for i in range(50))], np.uint32)
    path.write_bytes(b'% evt 2.0\n% end\n' + words.tobytes())
    with pytest.raises(UserError, match='tfp is a model for spike planes'):
        run('-d', path, '-m', 'tfp', '-o', tmp_path / 'out')


def test_a_larger_truth_is_compared_with_the_enlarged_image(clip, tmp_path):
    grey = np.full((4 * HEIGHT, 4 * WIDTH), round(255 * 0.5 / 0.6), np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), grey)
    result = run(*clip, '--truth-plane', 50, '-m', 'tfi')
    assert (result['enlarged_by'], result['psnr']) == ('bicubic', 100)
    grey[:, ::2] -= 60
    cv2.imwrite(str(tmp_path / 'a.png'), grey)
    result = run(*clip, '--truth-plane', 50, '-m', 'tfi', '--enlarge', 'lanczos')
    assert result['enlarged_by'] == 'lanczos'
    assert result['psnr'] < 20


def test_a_truth_that_is_no_multiple_of_the_sensor_is_refused(clip, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((2 * HEIGHT, 3 * WIDTH), np.uint8))
    with pytest.raises(UserError, match='or for super-resolution a whole multiple'):
        run(*clip, '--truth-plane', 50)
