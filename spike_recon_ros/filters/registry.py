# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The filters by name.

Comes in: a name and the settings. Goes out: a Model. Knows nothing about how each one works, nor
about networks.
"""

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


def _lookahead(settings: Settings, usual: int = LOOKAHEAD_PLANES) -> int:
    return usual if settings.lookahead_planes < 0 else settings.lookahead_planes


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
"""Of events."""
SPIKE_FILTERS: Makers = {
    CompensatedTfi.name: _compensated_tfi,
    SpikeIntervals.name: _spike_intervals,
    Tfi.name: _tfi,
    Tfp.name: _tfp,
}
"""Of spike planes."""


def filter_for(name: str, width: int, height: int, settings: Settings) -> Model:
    """Return a new filter for a sensor of width x height pixels.

    Raises:
        KeyError: if no filter is called `name`; `FILTERS` and `SPIKE_FILTERS` have the names.
    """
    return (FILTERS | SPIKE_FILTERS)[name](width, height, settings)
