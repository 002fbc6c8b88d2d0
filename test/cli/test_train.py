# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of `spike-recon train`."""

import argparse

import pytest

pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')
pytest.importorskip('tensorboard', reason='tensorboard is not installed: nothing can be trained')

from spike_recon_ros.cli import train as command

pytestmark = pytest.mark.training


def test_training_may_start_from_a_network_of_the_zoo_by_its_name(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr('spike_recon_training.train.train', asked.append)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = ['toy', '--photos', str(tmp_path), '-o', str(tmp_path / 'run')]
    command.run(parser.parse_args([*words, '--start-from', 'spk2vid']))
    command.run(parser.parse_args([*words, '--start-from', str(tmp_path)]))
    command.run(parser.parse_args(words))
    zoo, own, none = (request.start_from for request in asked)
    assert (zoo / 'weights.safetensors').is_file()
    assert own == tmp_path
    assert none is None
