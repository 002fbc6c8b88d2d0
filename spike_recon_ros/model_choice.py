# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the name that a user typed to the model that runs.

Comes in: Settings and the sensor's size. Goes out: a Model. Knows nothing about packets, windows
or images. Everything behind asks for a Model and takes a filter or a network alike.
"""

import difflib

from spike_recon_ros.backends.backend import Acceleration
from spike_recon_ros.backends.bundle import read_bundle
from spike_recon_ros.backends.choice import Choice, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.backends.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.filters import FILTERS, SPIKE_FILTERS, filter_for
from spike_recon_ros.model import Model
from spike_recon_ros.settings import Settings
from spike_recon_ros.spare_cores import spare_cores

MOST_THREADS = 4
"""Of a network, unless the user sets more: beyond it each brings little at a sensor's size."""


def model_names() -> list[str]:
    """Return every name that `model` may have on this machine, sorted; paths come besides."""
    return sorted([*FILTERS, *SPIKE_FILTERS, *zoo_names()])


def check_model_name(name: str) -> None:
    """Raise UserError, with the names that exist, if there is no such model."""
    if name in (*FILTERS, *SPIKE_FILTERS) or find_bundle(name) is not None:
        return
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f'did you mean {close[0]}? ' if close else ''
    raise UserError(
        f'there is no model {name!r}; {hint}available: {", ".join(model_names())}, or the path of '
        "a bundle's folder"
    )


def describe_model(settings: Settings) -> str:
    """Return what is to run and why, for the log: `fibar`, or a network with its backend.

    Whether that can load the network shows when the sensor's size is known: `describe_running`.

    Raises:
        UserError: there is no such model, or nothing here can run it.
    """
    check_model_name(settings.model)
    if settings.model in (*FILTERS, *SPIKE_FILTERS):
        return f'filter {settings.model}'
    choice = _choice(settings)
    return (
        f'network {settings.model} with {choice.candidate.name} on {choice.device.upper()} '
        f'({choice.reason})'
    )


def describe_running(model: Model) -> str:
    """Return what runs, after all that was tried, for the log."""
    return model.description if isinstance(model, NetworkModel) else f'filter {model.name}'


def _choice(settings: Settings) -> Choice:
    graphs = settings.cuda_graphs != 'off'
    acceleration = Acceleration(settings.precision, graphs, settings.front_end)
    return choose_backend(settings.backend, settings.device, acceleration)


def takes_planes(name: str) -> bool:
    """Whether a model reads the planes of a spike camera; all others read events."""
    return name in SPIKE_FILTERS


def load_model(settings: Settings, width: int, height: int, *, planes: bool = False) -> Model:
    """Make the model named in the settings, with its state zero.

    Args:
        settings: with the model's name and parameters.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        planes: whether the sensor sends spike planes, not events.

    Raises:
        UserError: there is no such model, it cannot run here, or it is for another kind of sensor.
    """
    check_model_name(settings.model)
    _check_sensor(settings, planes)
    if settings.model in (*FILTERS, *SPIKE_FILTERS):
        return filter_for(settings.model, width, height, settings)
    folder = find_bundle(settings.model)
    assert folder is not None
    choice = _choice(settings)
    threads = settings.threads or min(MOST_THREADS, spare_cores())
    return NetworkModel(read_bundle(folder), choice, width, height, threads)


def _check_sensor(settings: Settings, planes: bool) -> None:
    if takes_planes(settings.model) and not planes:
        raise UserError(
            f'{settings.model} is for spike cameras, but events came; choose a model of events: '
            f'{", ".join(sorted([*FILTERS, *zoo_names()]))}'
        )
    if not planes:
        return
    if not takes_planes(settings.model):
        raise UserError(
            f'spike planes came, but {settings.model} is for events; set the model to one of: '
            f'{", ".join(SPIKE_FILTERS)}'
        )
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
