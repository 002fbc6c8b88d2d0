# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Turn the setting `model` into a loaded Model, a filter or a network."""

import contextlib
import difflib
import logging
from typing import Any, Protocol, cast

from spike_recon_ros.backends.backend import Acceleration
from spike_recon_ros.backends.choice import Choice, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.bundles.bundle import Bundle, read_bundle
from spike_recon_ros.bundles.description import short
from spike_recon_ros.bundles.zoo import find_bundle, find_network, zoo_names
from spike_recon_ros.cpu_threads import default_threads
from spike_recon_ros.errors import UserError
from spike_recon_ros.filters.registry import ALL_FILTERS, SPIKE_FILTERS, filter_for
from spike_recon_ros.free_memory import return_free_memory
from spike_recon_ros.model import Model, SpikeModel, WithoutDarkCurrent
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sensor_settings import check_sensor
from spike_recon_ros.settings import AUTO, EVENT_MODEL, FRAME_MODEL, SPIKE_MODELS, Settings

MOST_THREADS = 4
"""Threads of a network unless the user sets more: further ones bring little at sensor size."""
EVENT_FALLBACK = 'fibar'
"""Filter that `auto` selects for events if no network can run."""
_log = logging.getLogger(__name__)


class LoadModel(Protocol):
    """Signature of `load_model`."""

    def __call__(self, settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
        """Load the model that the settings select, with its state zero."""


def model_names() -> list[str]:
    """Return the model names on this machine, sorted; `model` may be a path as well."""
    return sorted([*ALL_FILTERS, *zoo_names()])


def check_model_name(name: str) -> None:
    """Raise UserError with the existing names if there is no such model."""
    if name in (AUTO, *ALL_FILTERS) or find_bundle(name) is not None:
        return
    if find_network(name) is not None:
        raise UserError(
            f'{name} turns images into images and is no model for a camera; choose one of: '
            f'{", ".join(model_names())}'
        )
    close = difflib.get_close_matches(name, model_names(), n=1)
    hint = f'did you mean {close[0]}? ' if close else ''
    raise UserError(
        f'there is no model {short(name)}; {hint}available: {", ".join(model_names())}, or the '
        "path of a bundle's folder"
    )


def describe_model(settings: Settings) -> str:
    """Return what is going to run and why, for the log.

    Whether the backend can load the network is known only with the sensor's size; see
    `describe_running`.

    Raises:
        UserError: there is no such model, or no backend here can run it.
    """
    check_model_name(settings.model)
    if settings.model in ALL_FILTERS:
        return f'filter {settings.model}'
    if settings.model != AUTO:
        return f'network {settings.model} {_where(settings)}'
    parts, has_network = [], False
    for kind in kinds_expected(settings):
        name, reason = _auto_model(settings, kind)
        is_network = name not in ALL_FILTERS
        because = f' ({reason})' if reason else ''
        parts.append(f'{"network" if is_network else "filter"} {name}{because} for {kind.samples}')
        has_network |= is_network
    text = ', '.join(parts)
    return f'{text}; networks {_where(settings)}' if has_network else text


def _where(settings: Settings) -> str:
    """Return which backend runs networks and why, once for all of them."""
    choice = _choice(settings)
    return f'with {choice.candidate.name} on {choice.device.upper()} ({choice.reason})'


def describe_running(model: Model) -> str:
    """Return what runs and, for networks and fallbacks, why; for log and diagnostics."""
    return getattr(model, 'description', f'filter {model.name}')


def _choice(settings: Settings) -> Choice:
    graphs = settings.cuda_graphs != 'off'
    parts = settings.active_part == 'on'
    acceleration = Acceleration(settings.precision, graphs, settings.voxel_grid_on, parts)
    return choose_backend(settings.backend, settings.device, acceleration)


def default_model(kind: SensorKind) -> str:
    """Return the model that `auto` selects where networks can run."""
    if kind is SensorKind.EVENT:
        return EVENT_MODEL
    installed = {*SPIKE_FILTERS, *zoo_names()}
    return next(name for name in SPIKE_MODELS if name in installed)


def _auto_model(settings: Settings, kind: SensorKind) -> tuple[str, str]:
    """Return the model that `auto` selects here, and the reason if it is only a fallback."""
    wanted = default_model(kind)
    if kind is SensorKind.EVENT and settings.frames == 'anchor':
        if FRAME_MODEL not in zoo_names():
            raise UserError(
                f'frames:=anchor needs the network {FRAME_MODEL}, which is not installed; install '
                'spike_recon_ros again, or set frames:=off'
            )
        return FRAME_MODEL, ''  # no filter reads frames: an error must say what is missing
    if wanted in SPIKE_FILTERS:
        return wanted, ''
    fallback = EVENT_FALLBACK
    if kind is SensorKind.SPIKE:
        fallback = next(name for name in SPIKE_MODELS if name in SPIKE_FILTERS)
    if wanted not in zoo_names():
        return fallback, f'the network {wanted} is not installed'
    if settings.backend != AUTO or settings.device != AUTO:
        return wanted, ''  # asked for: an error must say what is missing
    try:
        _choice(settings)
    except UserError as error:
        return fallback, f'instead of the network {wanted}: {error}'
    return wanted, ''


def kinds_expected(settings: Settings) -> list[SensorKind]:
    """Return the kinds of camera that the settings allow.

    Raises:
        UserError: there is no such model, or the settings allow no camera.
    """
    kinds = []
    for kind in SensorKind:
        with contextlib.suppress(UserError):
            choose_model(settings, kind)
            kinds.append(kind)
    if not kinds:  # raises
        of_model = sensor_kind_of_model(settings.model)
        choose_model(
            settings, of_model if settings.sensor == AUTO else SensorKind(settings.sensor)
        )
    return kinds


def sensor_kind_of_model(name: str) -> SensorKind:
    """Return the kind of camera that a model is made for."""
    if name in SPIKE_FILTERS:
        return SensorKind.SPIKE
    bundle = bundle_of(name)
    return SensorKind.EVENT if bundle is None else bundle.sensor


def bundle_of(name: str) -> Bundle | None:
    """Return the bundle of a network by its name or path; None for filters and unknown names.

    Raises:
        UserError: the bundle is damaged.
    """
    folder = None if name in ALL_FILTERS else find_bundle(name)
    return None if folder is None else read_bundle(folder)


def network_of(name: str) -> Bundle:
    """Return the bundle of a network by its name or path.

    Raises:
        UserError: there is no such network, or its bundle is damaged.
    """
    bundle = bundle_of(name)
    if bundle is None:
        raise UserError(
            f'{name} is not a network; give a name of the zoo or the folder of a bundle'
        )
    return bundle


def choose_model(settings: Settings, kind: SensorKind) -> str:
    """Return the name of the model for one kind of camera.

    Raises:
        UserError: there is no such model, or the settings are for another kind of sensor.
    """
    check_sensor(settings, kind)
    name = _auto_model(settings, kind)[0] if settings.model == AUTO else settings.model
    check_model_name(name)
    _check_model_fits(name, kind)
    if settings.frames == 'anchor' and not reads_frames(name):
        raise UserError(
            f'frames:=anchor is set, but {name} does not read frames; set model to {FRAME_MODEL} '
            'or auto, or set frames:=off'
        )
    return name


def reads_frames(name: str) -> bool:
    """Return whether a model reads the frames of an aligned camera."""
    bundle = bundle_of(name)
    return bundle is not None and bundle.reads_frames


def load_model(
    settings: Settings, width: int, height: int, *, kind: SensorKind = SensorKind.EVENT
) -> Model:
    """Make the model that the settings choose, with its state zero.

    Args:
        settings: the model's name and parameters.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        kind: kind of camera.

    Raises:
        UserError: there is no such model, it cannot run here, or it is for another kind of sensor.
    """
    model = _load_as_measured(settings, width, height, kind)
    if not settings.dark_rate or kind is SensorKind.EVENT:
        return model
    return cast(Model, WithoutDarkCurrent(cast(SpikeModel, model), settings.dark_rate))


def _load_as_measured(settings: Settings, width: int, height: int, kind: SensorKind) -> Model:
    name = choose_model(settings, kind)
    bundle = bundle_of(name)
    if bundle is None:
        made: Any = filter_for(name, width, height, settings)
        reason = _auto_model(settings, kind)[1] if settings.model == AUTO else ''
        if reason:
            made.description = f'filter {name} ({reason})'
            _log.warning('runs the filter %s, with lower quality: %s', name, reason)
        return made
    options = NetworkOptions(
        threads=settings.threads or min(MOST_THREADS, default_threads()),
        lookahead_planes=None if settings.lookahead_planes < 0 else settings.lookahead_planes,
        state_step_ns=round(1e9 * settings.state_step_time),
        noise_gate=settings.noise_gate == 'on',
        lamp_averaging=settings.lamp_averaging == 'on',
    )
    network = NetworkModel(bundle, _choice(settings), width, height, options)
    return_free_memory()
    return network


def load_spike_model(settings: Settings, width: int, height: int) -> SpikeModel:
    """Make the model that the settings choose, for a spike camera; see `load_model`."""
    return cast(SpikeModel, load_model(settings, width, height, kind=SensorKind.SPIKE))


def _check_model_fits(name: str, kind: SensorKind) -> None:
    made_for = sensor_kind_of_model(name)
    if made_for is not kind:
        fitting = [other for other in model_names() if sensor_kind_of_model(other) is kind]
        raise UserError(
            f'the packets hold {kind.samples}, but {name} is a model for {made_for.samples}; '
            f'choose one for {kind.samples}: {", ".join(fitting)}'
        )
