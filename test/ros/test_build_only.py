# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`build_only` builds what was asked for and ends, without a packet."""

from pathlib import Path

import pytest

from spike_recon_ros.backends.tensorrt import engine_request
from spike_recon_ros.nodes import build_only
from spike_recon_ros.nodes.recon_process import main

ONLY = ['--ros-args', '-p', 'build_only:=true', '-p', 'model:=two_scale_gru_small']


@pytest.fixture
def built(monkeypatch):
    """Return what was asked for; nothing is built."""
    asked = []

    def build(name, size, precision, say):
        say('building')
        asked.append((name, size, precision))
        return [Path('an.engine')]

    monkeypatch.setattr(build_only, 'build_requested', build)
    return asked


def test_every_size_is_built_and_the_node_exits(built):
    sizes = ['-p', 'build_sizes:=346x260, 640x480', '-p', 'precision:=fp16']
    assert main([*ONLY, *sizes]) == 0
    assert built == [
        ('two_scale_gru_small', '346x260', 'fp16'),
        ('two_scale_gru_small', '640x480', 'fp16'),
    ]


def test_precision_auto_builds_the_precision_of_the_graph(built):
    assert main([*ONLY, '-p', 'build_sizes:=346x260']) == 0
    assert built == [('two_scale_gru_small', '346x260', 'fp32')]


def test_a_missing_size_is_named_in_one_sentence(built, capfd):
    assert main(ONLY) == 1
    assert 'set build_sizes, for example to 346x260' in capfd.readouterr().err
    assert built == []


def test_without_tensorrt_the_node_exits_and_names_the_cure(monkeypatch, capfd):
    monkeypatch.setattr(engine_request.CANDIDATES[0].__class__, 'missing', lambda self: ['it'])
    assert main([*ONLY, '-p', 'build_sizes:=346x260']) == 1
    assert 'pip install tensorrt' in capfd.readouterr().err
