# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The command line of the simulation."""

import argparse

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
        ('--seed', '-1', '0 or above'),
    ],
)
def test_senseless_option_is_one_clear_sentence(tmp_path, option, value, cure):
    with pytest.raises(UserError, match=cure):
        run('-o', str(tmp_path / 'bag'), option, value)
    assert not (tmp_path / 'bag').exists()


@pytest.mark.parametrize('size', ['big', '346', '346x', '346x260x3', '8x8', '99999x260', '-64x48'])
def test_bad_size_is_refused_with_an_example(tmp_path, capsys, size):
    with pytest.raises(SystemExit):
        run('-o', str(tmp_path / 'bag'), f'--size={size}')
    assert size in capsys.readouterr().err


def test_existing_bag_needs_overwrite(tmp_path):
    words = ('-o', str(tmp_path / 'bag'), '--size', '64x48', '--duration', '.01')
    run(*words)
    with pytest.raises(UserError, match='--overwrite'):
        run(*words)
    run(*words, '--overwrite')
