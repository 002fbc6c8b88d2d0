# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike rate of a network is counted in the membranes of its state."""

import numpy as np
import pytest

from spike_recon_ros.backends import network_model
from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.bundles import zoo
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.window import Window

WINDOW_NS = 20_000_000

if all(candidate.missing() for candidate in CANDIDATES):
    pytest.skip('no backend is installed', allow_module_level=True)


def step(model, t_start_ns, t_end_ns, count=9):
    places, times = np.ones(count, np.uint16), np.full(count, t_start_ns, np.int64)
    events = Events(places, places, places.astype(np.uint8), times, Triggers.empty())
    model.step(Window(t_start_ns, t_end_ns, events))


class Membranes:
    """A backend whose state is known: 150 of 240 neurons of the fine scale, 1 of 60 others."""

    name, step_events = 'known', None

    def __init__(self, size):
        self._image = np.zeros(size, np.float32)
        fine, coarse = np.full(240, 0.999, np.float32), np.full(60, -1.0, np.float32)
        fine[:150] = coarse[0] = 1.0
        self._states = {'fine_membrane': fine, 'coarse_membrane': coarse}

    def state(self, name):
        return self._states[name]

    def step(self, x, commit=True):
        return self._image

    def reset(self):
        self._states = {name: np.zeros_like(one) for name, one in self._states.items()}


@pytest.mark.skipif('hybrid' not in zoo.zoo_names(), reason='no spiking network here')
def test_the_spike_rate_is_the_share_of_neurons_that_fired_in_the_last_update(monkeypatch):
    loaded = Membranes((24, 32))
    monkeypatch.setattr(network_model, 'load_backend', lambda choice, *_: (loaded, choice))
    bundle = read_bundle(zoo.zoo_folder() / 'hybrid')
    model = NetworkModel(
        bundle, choose_backend(), 32, 24, NetworkOptions(state_step_ns=15_000_000)
    )

    assert model.spike_rate is None
    step(model, 0, WINDOW_NS)
    assert model.spike_rate == pytest.approx(151 / 300)
    step(model, WINDOW_NS, 2 * WINDOW_NS, count=0)
    assert model.spike_rate is None  # the network did not run
    step(model, 2 * WINDOW_NS, 2 * WINDOW_NS + 5_000_000)
    assert model.spike_rate is None  # too short to update the state
    step(model, 2 * WINDOW_NS + 5_000_000, 3 * WINDOW_NS)
    assert model.spike_rate == pytest.approx(151 / 300)
    model.reset()
    assert model.spike_rate is None


def test_a_network_without_spiking_neurons_has_no_spike_rate(shipped):
    model = NetworkModel(read_bundle(shipped), choose_backend(), 32, 24)
    step(model, 0, WINDOW_NS)
    assert model.spike_rate is None
    model.close()
