# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from spike_recon_ros.filters.fibar import Fibar
from spike_recon_ros.filters.leaky_integrator import LeakyIntegrator
from spike_recon_ros.filters.registry import FILTERS, filter_for
from spike_recon_ros.settings import Settings


@pytest.mark.parametrize('name', FILTERS)
def test_every_filter_is_found_under_its_own_name(events_of, window_of, name):
    model = filter_for(name, 5, 3, Settings())
    assert model.name == name
    assert model.step(window_of(events_of([]))).shape == (3, 5)
    model.close()


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match='fibur'):
        filter_for('fibur', 5, 3, Settings())


def test_settings_reach_the_filters(events_of, window_of):
    window = window_of(events_of([(0, 0, 1, 0)] * 9 + [(1, 1, 0, 0)]), 50_000_000)
    for given, expected in (
        (filter_for('fibar', 2, 2, Settings(cutoff_num_events=8.0)), Fibar(2, 2, 8.0)),
        (
            filter_for('leaky_integrator', 2, 2, Settings(leak_time=0.02)),
            LeakyIntegrator(2, 2, 0.02),
        ),
    ):
        np.testing.assert_array_equal(given.step(window), expected.step(window))
