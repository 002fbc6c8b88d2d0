# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make filters by name, with their parameters from the settings."""

from collections.abc import Callable

from spike_recon_ros.filters.compensated_tfi import CompensatedTfi
from spike_recon_ros.filters.fibar import Fibar
from spike_recon_ros.filters.leaky_integrator import LeakyIntegrator
from spike_recon_ros.filters.spike_filter import LOOKAHEAD_PLANES
from spike_recon_ros.filters.spike_intervals import SpikeIntervals
from spike_recon_ros.filters.tfi import Tfi
from spike_recon_ros.filters.tfp import Tfp
from spike_recon_ros.model import Model
from spike_recon_ros.settings import Settings
from spike_recon_ros.spike_history.motion_compensated_rates import REACH


def _fibar(width: int, height: int, settings: Settings) -> Model:
    return Fibar(width, height, settings.cutoff_num_events)


def _leaky_integrator(width: int, height: int, settings: Settings) -> Model:
    return LeakyIntegrator(width, height, settings.leak_time)


def _lookahead(settings: Settings, default: int = LOOKAHEAD_PLANES) -> int:
    return default if settings.lookahead_planes < 0 else settings.lookahead_planes


def _compensated_tfi(width: int, height: int, settings: Settings) -> Model:
    return CompensatedTfi(width, height, _lookahead(settings, REACH))


def _spike_intervals(width: int, height: int, settings: Settings) -> Model:
    return SpikeIntervals(width, height, _lookahead(settings))


def _tfi(width: int, height: int, settings: Settings) -> Model:
    return Tfi(width, height, _lookahead(settings))


def _tfp(width: int, height: int, settings: Settings) -> Model:
    return Tfp(width, height, settings.tfp_planes)


Makers = dict[str, Callable[[int, int, Settings], Model]]
FILTERS: Makers = {
    Fibar.name: _fibar,
    LeakyIntegrator.name: _leaky_integrator,
}
"""Filters for event cameras."""
SPIKE_FILTERS: Makers = {
    CompensatedTfi.name: _compensated_tfi,
    SpikeIntervals.name: _spike_intervals,
    Tfi.name: _tfi,
    Tfp.name: _tfp,
}
"""Filters for spike cameras."""
ALL_FILTERS: Makers = FILTERS | SPIKE_FILTERS


def filter_for(name: str, width: int, height: int, settings: Settings) -> Model:
    """Return a new filter for a sensor of width x height pixels.

    Raises:
        KeyError: there is no such filter; `ALL_FILTERS` holds the names.
    """
    return ALL_FILTERS[name](width, height, settings)
