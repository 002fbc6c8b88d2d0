# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The command line of the simulation."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from spike_recon_ros.cli import simulate
from spike_recon_ros.errors import UserError


def run(*words):
    parser = argparse.ArgumentParser(description=simulate.DESCRIPTION)
    simulate.add_arguments(parser)
    return simulate.run(parser.parse_args(list(words)))


def test_bag_and_figures_agree(tmp_path):
    bag = tmp_path / 'bag'
    figures = run('-o', str(bag), '--size', '64x48', '--duration', '0.1', '--fps-truth', '100')
    assert figures['bag'] == str(bag)
    assert (figures['width'], figures['height']) == (64, 48)
    assert figures['truth_images'] == 10
    assert figures['mega_events_per_s'] == pytest.approx(figures['events'] / 0.1 / 1e6, abs=1e-3)
    with AnyReader([bag]) as reader:
        assert reader.message_count == figures['packets'] + 2 * figures['truth_images']


def test_higher_contrast_threshold_gives_fewer_events(tmp_path):
    few, many = (
        run('-o', str(tmp_path / c), '--size', '64x48', '--duration', '.05', '--contrast', c)
        for c in ('0.4', '0.15')
    )
    assert few['events'] < many['events']


@pytest.mark.parametrize(
    ('option', 'value', 'cure'),
    [
        ('--duration', '0', 'above 0'),
        ('--duration', 'nan', 'above 0'),
        ('--fps-truth', '-3', 'above 0'),
        ('--contrast', '0', 'between'),
        ('--noise', '-1', 'between'),
        ('--response', '-1', 'between'),
        ('--seed', '-1', '0 or above'),
        ('--speed', '0', 'above 0'),
        ('--duration', 'inf', 'at most 86400'),
        ('--fps-truth', 'inf', 'at most 100000'),
        ('--speed', 'inf', 'at most 1000'),
        ('--stop-after', '0', 'above 0'),
    ],
)
def test_an_option_out_of_range_is_refused_in_one_sentence(tmp_path, option, value, cure):
    with pytest.raises(UserError, match=cure):
        run('-o', str(tmp_path / 'bag'), option, value)
    assert not (tmp_path / 'bag').exists()


@pytest.mark.parametrize('size', ['big', '346', '346x', '346x260x3', '8x8', '99999x260', '-64x48'])
def test_bad_size_is_refused_with_an_example(tmp_path, capsys, size):
    with pytest.raises(SystemExit):
        run('-o', str(tmp_path / 'bag'), f'--size={size}')
    assert size in capsys.readouterr().err


def test_a_faster_scene_makes_more_events(tmp_path):
    made = [
        run('-o', str(tmp_path / t), '--size', '64x48', '--duration', '.05', '--speed', t)
        for t in ('1', '4')
    ]
    assert made[1]['events'] > 2 * made[0]['events']


def test_a_scene_that_has_stopped_makes_no_more_events(tmp_path):
    words = ('--size', '64x48', '--duration', '.1', '--noise', '0')
    moving = run('-o', str(tmp_path / 'moving'), *words)
    half = run('-o', str(tmp_path / 'half'), *words, '--stop-after', '.05')
    assert 0.2 * moving['events'] < half['events'] < 0.8 * moving['events']


def test_existing_bag_needs_overwrite(tmp_path):
    words = ('-o', str(tmp_path / 'bag'), '--size', '64x48', '--duration', '.01')
    run(*words)
    with pytest.raises(UserError, match='--overwrite'):
        run(*words)
    run(*words, '--overwrite')


@pytest.mark.training
def test_held_back_photographs_are_those_that_no_training_reads(tmp_path):
    pytest.importorskip('torch', reason='torch is not installed: no photograph can be moved')
    from spike_recon_training.recipe import PhotographChoice  # noqa: PLC0415
    from spike_recon_training.simulation.photographs import split_photographs  # noqa: PLC0415

    names = [Path(f'photo{number}.png') for number in range(60)]
    _, held = split_photographs(names, PhotographChoice().held_share)
    assert len(held) >= 3
    for name in names:
        _write_photograph(tmp_path / 'all' / name)
    for name in held:
        _write_photograph(tmp_path / 'held' / name)
    words = ('--size', '64x48', '--duration', '.1', '-o')
    chosen = run(str(tmp_path / 'all'), '--held-back', *words, str(tmp_path / 'a'))
    alone = run(str(tmp_path / 'held'), *words, str(tmp_path / 'b'))
    every = run(str(tmp_path / 'all'), *words, str(tmp_path / 'c'))
    assert chosen['events'] == alone['events'] != every['events']
    for name in held[2:]:
        (tmp_path / 'all' / name).unlink()
    with pytest.raises(UserError, match=r'holds back 2 of the .* but 3 are needed'):
        run(str(tmp_path / 'all'), '--held-back', *words, str(tmp_path / 'd'))


def _write_photograph(file):
    """Write noise that is the same for the same name."""
    file.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(list(file.name.encode())).integers(0, 256, (8, 8), np.uint8)
    cv2.imwrite(str(file), cv2.resize(noise, (64, 64), interpolation=cv2.INTER_CUBIC))


def test_spike_camera_writes_a_bag_or_a_dat(tmp_path):
    words = ('--sensor', 'spike', '--size', '64x48', '--duration', '.01', '-o')
    bag = run(*words, str(tmp_path / 'bag'))
    dat = run(*words, str(tmp_path / 'a.dat'))
    assert (bag['bag'], dat['dat']) == (str(tmp_path / 'bag'), str(tmp_path / 'a.dat'))
    assert bag['planes'] == dat['planes'] == 200
    assert bag['spikes'] == dat['spikes'] > 0
    sharp = run(*words, str(tmp_path / 'sharp.dat'), '--truth-scale', '2')
    assert (sharp['width'], sharp['truth_scale']) == (64, 2)
    truth = cv2.imread(str(next((tmp_path / 'sharp_truth').glob('*.png'))))
    assert truth.shape[:2] == (96, 128)
    with pytest.raises(UserError, match='too large'):
        run(*words[:2], '--size', '640x480', '-o', str(tmp_path / 'b.dat'), '--truth-scale', '4')
    with pytest.raises(UserError, match='--truth-scale is for --sensor spike'):
        run('--truth-scale', '4', '-o', str(tmp_path / 'events'))
    dark = run(*words, str(tmp_path / 'dark'), '--light-scale', '.1')
    assert dark['rate_mean_spikes_plane'] < 0.3 * bag['rate_mean_spikes_plane']
    leaking = run(*words, str(tmp_path / 'leaking'), '--light-scale', '.1', '--dark-rate', '.054')
    more = leaking['rate_mean_spikes_plane'] - dark['rate_mean_spikes_plane']
    assert more == pytest.approx(0.05, rel=0.1)


@pytest.mark.training
def test_spike_camera_looks_at_photographs_as_well(tmp_path):
    pytest.importorskip('torch', reason='torch is not installed: no photograph can be moved')
    for number in range(3):
        _write_photograph(tmp_path / 'photos' / f'photo{number}.png')
    figures = run(
        str(tmp_path / 'photos'), '--sensor', 'spike', '--size', '64x48', '--duration', '.01',
        '-o', str(tmp_path / 'bag'),
    )  # fmt: skip
    assert 0.1 < figures['rate_mean_spikes_plane'] < 0.6


@pytest.mark.parametrize(
    ('words', 'cure'),
    [
        (['--sensor', 'spike', '--contrast', '.3'], '--contrast is for --sensor event'),
        (['--light-scale', '.3'], '--light-scale is for --sensor spike'),
        (['--photons-per-spike', '9'], '--photons-per-spike is for --sensor spike'),
        (['--sensor', 'spike', '--light-scale', '0'], 'must lie above 0'),
        (['--sensor', 'spike', '--photons-per-spike', '-1'], 'must lie between 0'),
        (['--sensor', 'spike', '--aperture', '-1'], 'between 0 and 5'),
        (['--sensor', 'spike', '--dark-rate', '1'], 'at least 0 and below 1'),
        (['--aperture', '1'], '--aperture is for --sensor spike'),
        (['--sensor', 'spike', '--fps-truth', '30000'], 'at most the plane rate'),
        (['--sensor', 'spike', '--calibration', 'none.npz'], 'none.npz is not a calibration'),
    ],
)
def test_option_that_does_not_fit_the_sensor_is_refused(tmp_path, words, cure):
    with pytest.raises(UserError, match=cure):
        run('-o', str(tmp_path / 'bag'), '--size', '64x48', *words)
    assert not (tmp_path / 'bag').exists()


def test_a_dat_of_events_is_refused(tmp_path):
    with pytest.raises(UserError, match='add --sensor spike'):
        run('-o', str(tmp_path / 'a.dat'))


def test_held_back_without_photographs_is_one_clear_sentence(tmp_path):
    with pytest.raises(UserError, match='give the folder PHOTOS'):
        run('--held-back', '-o', str(tmp_path / 'bag'))
