# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the name that a user typed to the model that runs.

Comes in: Settings and the sensor's size. Goes out: a Model. Knows nothing about packets, windows
or images. Everything behind asks for a Model and takes a filter or a network alike.
"""

import contextlib
import difflib
from typing import Protocol

from spike_recon_ros.backends.backend import Acceleration
from spike_recon_ros.backends.choice import Choice, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle, zoo_names
from spike_recon_ros.cpu_threads import default_threads
from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.registry import FILTERS, SPIKE_FILTERS, filter_for
from spike_recon_ros.model import Model
from spike_recon_ros.settings import AUTO, EVENT, EVENT_MODEL, SPIKE, SPIKE_MODELS, Settings

MOST_THREADS = 4
"""Of a network, unless the user sets more: beyond it each brings little at a sensor's size."""


class LoadModel(Protocol):
    """What `load_model` is."""

    def __call__(self, settings: Settings, width: int, height: int, *, planes: bool) -> Model:
        """Make the model that the settings choose, with its state zero."""


def model_names() -> list[str]:
    """Return every name that `model` may have on this machine, sorted; paths come besides."""
    return sorted([*FILTERS, *SPIKE_FILTERS, *zoo_names()])


def check_model_name(name: str) -> None:
    """Raise UserError, with the names that exist, if there is no such model."""
    if name in (AUTO, *FILTERS, *SPIKE_FILTERS) or find_bundle(name) is not None:
        return
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f'did you mean {close[0]}? ' if close else ''
    raise UserError(
        f'there is no model {name!r}; {hint}available: {", ".join(model_names())}, or the path of '
        "a bundle's folder"
    )


def describe_model(settings: Settings) -> str:
    """Return what is to run and why, for the log: `filter fibar`, or a network with its backend.

    Whether that can load the network shows when the sensor's size is known: `describe_running`.

    Raises:
        UserError: there is no such model, or nothing here can run it.
    """
    check_model_name(settings.model)
    if settings.model != AUTO:
        return _described(settings.model, settings)
    return ', '.join(
        f'{_described(default_model(planes), settings)} for {_kind(planes)}'
        for planes in kinds_expected(settings)
    )


def _described(name: str, settings: Settings) -> str:
    if name in (*FILTERS, *SPIKE_FILTERS):
        return f'filter {name}'
    choice = _choice(settings)
    where = f'{choice.candidate.name} on {choice.device.upper()}'
    return f'network {name} with {where} ({choice.reason})'


def describe_running(model: Model) -> str:
    """Return what runs, after all that was tried, for the log."""
    return model.description if isinstance(model, NetworkModel) else f'filter {model.name}'


def _choice(settings: Settings) -> Choice:
    graphs = settings.cuda_graphs != 'off'
    acceleration = Acceleration(settings.precision, graphs, settings.front_end)
    return choose_backend(settings.backend, settings.device, acceleration)


def default_model(planes: bool) -> str:
    """Return the name that the model `auto` stands for, for spike planes or for events."""
    installed = {*SPIKE_FILTERS, *zoo_names()}
    return next(name for name in SPIKE_MODELS if name in installed) if planes else EVENT_MODEL


def kinds_expected(settings: Settings) -> list[bool]:
    """Return what the settings are made for: False = events, True = spike planes, or both.

    Raises:
        UserError: there is no such model, or the settings are for neither.
    """
    kinds = []
    for planes in (False, True):
        with contextlib.suppress(UserError):
            choose_model(settings, planes)
            kinds.append(planes)
    if not kinds:  # raises
        choose_model(settings, settings.sensor == SPIKE or takes_planes(settings.model))
    return kinds


def takes_planes(name: str) -> bool:
    """Whether a model reads the planes of a spike camera; all others read events."""
    if name in (*FILTERS, *SPIKE_FILTERS):
        return name in SPIKE_FILTERS
    folder = find_bundle(name)
    return folder is not None and read_bundle(folder).sensor == 'spike'


def choose_model(settings: Settings, planes: bool) -> str:
    """Return the name of the model for what comes, spike planes or events.

    Raises:
        UserError: there is no such model, or the settings are for another kind of sensor.
    """
    _check_sensor(settings, planes)
    name = default_model(planes) if settings.model == AUTO else settings.model
    check_model_name(name)
    _check_model_fits(name, planes)
    return name


def load_model(settings: Settings, width: int, height: int, *, planes: bool = False) -> Model:
    """Make the model that the settings choose, with its state zero.

    Args:
        settings: with the model's name and parameters.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        planes: whether the sensor sends spike planes, not events.

    Raises:
        UserError: there is no such model, it cannot run here, or it is for another kind of sensor.
    """
    name = choose_model(settings, planes)
    if name in (*FILTERS, *SPIKE_FILTERS):
        return filter_for(name, width, height, settings)
    folder = find_bundle(name)
    assert folder is not None
    choice = _choice(settings)
    threads = settings.threads or min(MOST_THREADS, default_threads())
    lookahead = None if settings.lookahead_planes < 0 else settings.lookahead_planes
    return NetworkModel(read_bundle(folder), choice, width, height, threads, lookahead)


def _kind(planes: bool) -> str:
    return 'spike planes' if planes else 'events'


def _check_sensor(settings: Settings, planes: bool) -> None:
    if settings.sensor != AUTO and (settings.sensor == SPIKE) != planes:
        raise UserError(
            f'{_kind(planes)} came, but sensor is {settings.sensor}; set it to auto or '
            f'{SPIKE if planes else EVENT}, or listen to another topic'
        )
    if not planes:
        return
    if settings.sync_mode != 'free_running':
        raise UserError(
            f'sync_mode {settings.sync_mode} is for events; set it to free_running for a spike '
            'camera'
        )
    if settings.hot_pixel_time or settings.hot_pixel_file:
        raise UserError(
            'hot pixels are masked in events only; leave hot_pixel_time and hot_pixel_file out '
            'for a spike camera'
        )


def _check_model_fits(name: str, planes: bool) -> None:
    if takes_planes(name) and not planes:
        raise UserError(
            f'{name} is for spike cameras, but events came; choose a model of events: '
            f'{", ".join(other for other in model_names() if not takes_planes(other))}'
        )
    if planes and not takes_planes(name):
        raise UserError(
            f'spike planes came, but {name} is for events; set the model to one of: '
            f'{", ".join(other for other in model_names() if takes_planes(other))}'
        )
