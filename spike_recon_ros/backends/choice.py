# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which backend runs a network here.

Comes in: what the user asked for and a bundle. Goes out: a Backend that was checked, and the
reason for the choice. Knows which libraries there are, not how they work; imports each only when
it is used.
"""

import importlib
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from spike_recon_ros.backends.backend import AUTO, FASTEST, Acceleration, Backend, Placement
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError

OR = ' or '
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend that this version knows.

    Attributes:
        name: as in the setting `backend`, and as the extra of the package that brings it.
        libraries: what must be importable; `one or other` asks for one of them.
        module: where its class is.
        loader: name of the class.
    """

    name: str
    libraries: tuple[str, ...]
    module: str
    loader: str

    def missing(self) -> list[str]:
        """Return the libraries that are not installed."""
        return [names for names in self.libraries if not any(map(_installed, names.split(OR)))]

    def imported(self) -> Any:
        """Return the module.

        Raises:
            UserError: its library is installed, but broken.
        """
        try:
            return importlib.import_module(self.module)
        except ImportError as error:
            raise UserError(
                f'backend {self.name} cannot be used ({error}); {self.cure()}'
            ) from None

    def cure(self) -> str:
        """Return the command that brings it."""
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
"""In the order in which `auto` tries them, the fastest first."""
_EVERYWHERE = CANDIDATES[1]  # runs on every machine


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs the network, and why.

    Attributes:
        candidate: the backend.
        device: `cpu` or `gpu`.
        reason: for the log.
        auto_device: the device that was asked for, if the backend was left open.
        given_up: backends that could not load the network, with the reasons.
        acceleration: how to use a GPU.
    """

    candidate: Candidate
    device: str
    reason: str
    auto_device: str | None = None
    given_up: tuple[tuple[str, str], ...] = ()
    acceleration: Acceleration = FASTEST

    @property
    def load(self) -> Callable[[Bundle, Placement], Backend]:
        """The class of the backend."""
        return getattr(self.candidate.imported(), self.candidate.loader)


def choose_backend(
    backend: str = AUTO, device: str = AUTO, acceleration: Acceleration = FASTEST
) -> Choice:
    """Choose by what is installed.

    Args:
        backend: a name, or `auto`: the first of `CANDIDATES` that is installed and has the device.
        device: `cpu`, `gpu`, or `auto`: a GPU where the backend has one that it is made for.
        acceleration: how to use a GPU.

    Raises:
        UserError: it is not installed, or does not have the device.
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


def load_backend(choice: Choice, bundle: Bundle, placement: Placement) -> tuple[Backend, Choice]:
    """Load a bundle, with its golden output compared, warm and with its state zero.

    Where the backend was left open and the chosen one cannot load the bundle or fails the
    comparison, a warning says so and the next one is tried.

    Args:
        choice: what with.
        bundle: what to run.
        placement: where; its device and acceleration are replaced by those of the choice.

    Returns: the backend, and the choice that it came from.

    Raises:
        UserError: the bundle cannot be loaded or does not give what it should.
    """
    while True:
        try:
            here = replace(placement, device=choice.device, acceleration=choice.acceleration)
            return load_checked(choice.load, bundle, here), choice
        except UserError as error:
            if choice.auto_device is None:
                raise
            given_up = *choice.given_up, (choice.candidate.name, str(error))
            try:
                following = _first(choice.auto_device, given_up, choice.acceleration)
            except UserError:
                raise error from None
            _log.warning(
                'backend %s is not used: %s. Goes on with %s on %s, which may be slower.',
                choice.candidate.name,
                error,
                following.candidate.name,
                following.device.upper(),
            )
            choice = following


def _first(
    device: str, given_up: tuple[tuple[str, str], ...], acceleration: Acceleration
) -> Choice:
    """Return the first candidate that is installed, has the device and was not given up."""
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
    except ModuleNotFoundError:  # not even the package that it would be in
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
    # OpenVINO's GPUs are those beside the CPU, which is as fast with one frame at a time.
    preferred = ('cpu', 'gpu') if candidate.name == 'openvino' else ('gpu', 'cpu')
    for wanted in preferred if device == AUTO else (device,):
        if wanted in available:
            return wanted
    if device == 'cpu':
        raise UserError(f'{candidate.name} runs on GPUs alone; set another backend or device:=gpu')
    raise UserError(
        f'{candidate.name} finds no GPU that it can use; install its driver and libraries, or set '
        'device:=cpu with backend:=auto'
    )
