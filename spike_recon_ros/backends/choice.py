# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Choose the backend that runs a network on this machine, and load it with its self-test.

Each library is imported only when its backend is considered.
"""

import importlib
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from spike_recon_ros.backends.backend import (
    AUTO,
    FASTEST,
    GPU,
    Acceleration,
    Backend,
    Placement,
)
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError

OR = ' or '
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend of this version, installed or not.

    Attributes:
        name: value of the setting `backend`, and name of the extra that installs it.
        libraries: modules that must be importable; `one or other` requires one of them.
        module: module with its class.
        loader: name of the class.
    """

    name: str
    libraries: tuple[str, ...]
    module: str
    loader: str

    def missing(self) -> list[str]:
        """Return the required libraries that are not installed."""
        return [names for names in self.libraries if not any(map(_installed, names.split(OR)))]

    def imported(self) -> Any:
        """Import and return the module.

        Raises:
            UserError: its library is installed but broken.
        """
        try:
            return importlib.import_module(self.module)
        except ImportError as error:
            raise UserError(
                f'backend {self.name} cannot be used ({error}); {self.cure()}'
            ) from None

    def cure(self) -> str:
        """Return the command that installs it."""
        return f'run: {pip_install(self.name)}'


_HERE = 'spike_recon_ros.backends'
CANDIDATES = (
    Candidate(
        'tensorrt',
        ('tensorrt or tensorrt_rtx or tensorrt_rtx_bindings', 'cuda.bindings'),
        f'{_HERE}.tensorrt.tensorrt_backend',
        'TensorRtBackend',
    ),
    Candidate('openvino', ('openvino',), f'{_HERE}.openvino_backend', 'OpenVinoBackend'),
    Candidate(
        'onnxruntime', ('onnxruntime',), f'{_HERE}.onnxruntime_backend', 'OnnxRuntimeBackend'
    ),
    Candidate('torch', ('torch', 'safetensors'), f'{_HERE}.torch_backend', 'TorchBackend'),
)
"""All backends in the order that `auto` tries them, the fastest first."""
_EVERYWHERE = CANDIDATES[1]  # supports every machine


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen backend and the reason for the choice.

    Attributes:
        candidate: the backend.
        device: `cpu` or `gpu`.
        reason: reason for the choice, for the log.
        auto_device: the requested device if the backend was `auto`, else None.
        given_up: backends that could not load the network, with the reasons.
        acceleration: options for speed.
    """

    candidate: Candidate
    device: str
    reason: str
    auto_device: str | None = None
    given_up: tuple[tuple[str, str], ...] = ()
    acceleration: Acceleration = FASTEST

    @property
    def load(self) -> Callable[[Network, Placement], Backend]:
        """The class of the backend."""
        return getattr(self.candidate.imported(), self.candidate.loader)


def choose_backend(
    backend: str = AUTO, device: str = AUTO, acceleration: Acceleration = FASTEST
) -> Choice:
    """Choose among the installed backends.

    Args:
        backend: a name, or `auto` for the first of `CANDIDATES` that is installed and supports
            the device.
        device: `cpu`, `gpu`, or `auto` for a GPU where the backend prefers one.
        acceleration: options for speed.

    Raises:
        UserError: the backend is not installed, or does not support the device here.
    """
    if backend != AUTO:
        candidate = _named(backend)
        if missing := candidate.missing():
            raise UserError(
                f'backend {backend} needs {" and ".join(missing)}, which is not installed; '
                f'{candidate.cure()}, or set backend:=auto'
            )
        found = _device(candidate, device)
        return Choice(candidate, found, 'asked for', acceleration=acceleration)
    return _first(device, (), acceleration)


def load_backend(choice: Choice, bundle: Network, placement: Placement) -> tuple[Backend, Choice]:
    """Load a bundle with its self-test; the backend is warm and its state zero.

    If the backend was `auto` and the chosen one cannot load the bundle or fails the self-test, a
    warning is logged and the next backend is tried.

    Args:
        choice: backend to start with.
        bundle: network to load.
        placement: tensor size; its device and acceleration are replaced by those of the choice.

    Returns: the backend and the choice that it belongs to.

    Raises:
        UserError: the bundle cannot be loaded, or deviates from its golden output.
    """
    while True:
        try:
            here = replace(placement, device=choice.device, acceleration=choice.acceleration)
            backend = load_checked(choice.load, bundle, here)
        except UserError as error:
            if choice.auto_device is None:
                raise
            given_up = *choice.given_up, (choice.candidate.name, str(error))
            try:
                following = _first(choice.auto_device, given_up, choice.acceleration)
            except UserError:
                raise error from None
            _log.warning(
                'backend %s cannot be used: %s. Trying %s on %s, which may be slower.',
                choice.candidate.name,
                error,
                following.candidate.name,
                following.device.upper(),
            )
            choice = following
        else:
            if choice.acceleration.voxel_grid_on == GPU != choice.device:
                _log.warning(
                    'voxel_grid_on gpu has no effect: %s runs on the CPU', choice.candidate.name
                )
            return backend, choice


def _first(
    device: str, given_up: tuple[tuple[str, str], ...], acceleration: Acceleration
) -> Choice:
    """Return the first backend that is installed, supports the device and is not given up."""
    passed_over, failed = [], dict(given_up)
    for candidate in CANDIDATES:
        if candidate.name in failed:
            passed_over.append(f'{candidate.name} failed: {failed[candidate.name]}')
            continue
        if candidate.missing():
            passed_over.append(f'{candidate.name} is not installed')
            continue
        try:
            found = _device(candidate, device)
        except UserError as error:
            passed_over.append(str(error).partition(';')[0])
            continue
        reason = '; '.join([*passed_over, f'{candidate.name} is the fastest of the rest'])
        reason = reason if passed_over else 'the fastest that there is'
        return Choice(candidate, found, reason, device, given_up, acceleration)
    raise UserError(
        f'no backend can run a network here ({"; ".join(passed_over)}); {_EVERYWHERE.cure()}'
    )


def _installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def _named(name: str) -> Candidate:
    for candidate in CANDIDATES:
        if candidate.name == name:
            return candidate
    names = ', '.join(candidate.name for candidate in CANDIDATES)
    raise UserError(f'there is no backend {name!r}; it must be one of: auto, {names}')


def _device(candidate: Candidate, device: str) -> str:
    if device == 'cpu' and candidate.name != 'tensorrt':
        return device
    available = candidate.imported().devices()
    # OpenVINO drives integrated GPUs; for single frames the CPU is as fast.
    preferred = ('cpu', 'gpu') if candidate.name == 'openvino' else ('gpu', 'cpu')
    for wanted in preferred if device == AUTO else (device,):
        if wanted in available:
            return wanted
    if device == 'cpu':
        raise UserError(f'{candidate.name} runs on GPUs only; set another backend or device:=gpu')
    raise UserError(
        f'{candidate.name} finds no GPU that it can use; install its driver and libraries, or set '
        'device:=cpu with backend:=auto'
    )
