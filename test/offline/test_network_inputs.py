# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tensors that a network reads from recordings, for quantisation."""

import pytest
from rich.console import Console

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.network_inputs import tensors_of
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.settings import EVENT_MODEL, FRAME_MODEL

QUIET = Console(quiet=True)


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    bag = tmp_path_factory.mktemp('inputs') / 'rig'
    simulate(bag, Simulation(EventSensor(), size=(64, 48), duration_s=0.1, frames_hz=25.0))
    return bag


def test_a_network_with_frames_reads_those_of_the_recording(rig):
    (sequence,) = tensors_of(read_bundle(find_bundle(FRAME_MODEL)), [rig], QUIET)
    grey, is_new, recency = (
        [float(window[channel].max()) for window in sequence] for channel in (5, 6, 7)
    )
    assert max(grey) > 0.3
    assert max(recency) > 0.5
    assert is_new == [1, 0, 1, 0, 1]  # frames at 0, 40 and 80 ms, windows of 20 ms


def test_recordings_of_different_sizes_are_one_sentence(rig, tmp_path):
    simulate(tmp_path / 'other', Simulation(EventSensor(), size=(80, 48), duration_s=0.06))
    with pytest.raises(UserError, match='differ in size'):
        tensors_of(read_bundle(find_bundle(EVENT_MODEL)), [rig, tmp_path / 'other'], QUIET)
