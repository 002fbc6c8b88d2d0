# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Headers for which NumPy raises other errors than ValueError: one sentence in every reader."""

import dataclasses

import numpy as np
import pytest
from damaged_npy import DAMAGED_HEADERS, damaged_npy, npz_with_damage
from one_sentence import refused

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.sources.open_source import open_source

TABLE = np.column_stack([np.arange(8) * 1e-3, np.arange(8), np.arange(8) % 5, np.arange(8) % 2])


@pytest.fixture(params=DAMAGED_HEADERS)
def kind(request):
    return request.param


def test_a_golden_array_is_refused(tmp_path, kind):
    bundle = read_bundle(zoo_folder() / 'two_scale_gru_small')
    (tmp_path / 'golden.npz').write_bytes(npz_with_damage(kind, 'events'))
    sentence = refused(read_golden, dataclasses.replace(bundle, folder=tmp_path))
    assert 'golden.npz cannot be read' in sentence


@pytest.mark.parametrize('name', ['events.npy', 'clip.npz'])
def test_a_recording_is_refused(tmp_path, kind, name):
    path = tmp_path / name
    path.write_bytes(damaged_npy(kind) if path.suffix == '.npy' else npz_with_damage(kind, 'spk'))
    sentence = refused(open_source, path)
    assert name in sentence
    assert 'damaged:)' not in sentence  # a MemoryError has no text


def test_an_array_beside_a_table_of_events_does_not_matter(tmp_path, kind):
    path = tmp_path / 'a.npz'
    path.write_bytes(npz_with_damage(kind, 'notes', events=TABLE))
    with open_source(path) as source:
        assert sum(len(packet.data) for packet in source) > 0
