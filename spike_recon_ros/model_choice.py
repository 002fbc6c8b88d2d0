# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the name that a user typed to the model that runs.

Comes in: Settings and the sensor's size. Goes out: a Model. Knows nothing about packets, windows
or images. Everything behind asks for a Model and takes a filter or a network alike.
"""

import difflib

from spike_recon_ros.backends.bundle import read_bundle
from spike_recon_ros.backends.choice import choose_backend
from spike_recon_ros.backends.network_model import NetworkModel
from spike_recon_ros.backends.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.filters import FILTERS, filter_for
from spike_recon_ros.model import Model
from spike_recon_ros.settings import Settings
from spike_recon_ros.spare_cores import spare_cores

MOST_THREADS = 4
"""Of a network, unless the user sets more: beyond it each brings little at a sensor's size."""


def model_names() -> list[str]:
    """Return every name that `model` may have on this machine, sorted; paths come besides."""
    return sorted([*FILTERS, *zoo_names()])


def check_model_name(name: str) -> None:
    """Raise UserError, with the names that exist, if there is no such model."""
    if name in FILTERS or find_bundle(name) is not None:
        return
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f'did you mean {close[0]}? ' if close else ''
    raise UserError(
        f'there is no model {name!r}; {hint}available: {", ".join(model_names())}, or the path of '
        "a bundle's folder"
    )


def describe_model(settings: Settings) -> str:
    """Return what will run and why, for the log: `fibar`, or a network with its backend.

    Raises:
        UserError: there is no such model, or nothing here can run it.
    """
    check_model_name(settings.model)
    if settings.model in FILTERS:
        return f'filter {settings.model}'
    choice = choose_backend(settings.backend, settings.device)
    return (
        f'network {settings.model} with {choice.candidate.name} on {choice.device.upper()} '
        f'({choice.reason})'
    )


def load_model(settings: Settings, width: int, height: int) -> Model:
    """Make the model named in the settings, with its state zero.

    Raises:
        UserError: there is no such model, or it cannot run here.
    """
    check_model_name(settings.model)
    if settings.model in FILTERS:
        return filter_for(settings.model, width, height, settings)
    folder = find_bundle(settings.model)
    assert folder is not None
    choice = choose_backend(settings.backend, settings.device)
    threads = settings.threads or min(MOST_THREADS, spare_cores())
    return NetworkModel(read_bundle(folder), choice, width, height, threads)
