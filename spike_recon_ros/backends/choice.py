# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which backend runs a network here.

Comes in: what the user asked for and a bundle. Goes out: a Backend that was checked, and the
reason for the choice. Knows which libraries there are, not how they work; imports each only when
it is used.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spike_recon_ros.backends.backend import Backend, Placement
from spike_recon_ros.backends.bundle import Bundle
from spike_recon_ros.backends.golden import load_checked
from spike_recon_ros.errors import UserError


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend that this version knows.

    Attributes:
        name: as in the setting `backend`, and as the extra of the package that brings it.
        libraries: what must be importable.
        module: where its class is.
        loader: name of the class.
    """

    name: str
    libraries: tuple[str, ...]
    module: str
    loader: str

    def missing(self) -> list[str]:
        """Return the libraries that are not installed."""
        return [name for name in self.libraries if importlib.util.find_spec(name) is None]

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
        return f"run: pip install 'spike_recon_ros[{self.name}]'"


_HERE = 'spike_recon_ros.backends'
CANDIDATES = (
    Candidate('openvino', ('openvino',), f'{_HERE}.openvino_backend', 'OpenVinoBackend'),
    Candidate(
        'onnxruntime', ('onnxruntime',), f'{_HERE}.onnxruntime_backend', 'OnnxRuntimeBackend'
    ),
    Candidate('torch', ('torch', 'safetensors'), f'{_HERE}.torch_backend', 'TorchBackend'),
)
"""In the order in which `auto` tries them, the fastest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What runs the network, and why.

    Attributes:
        candidate: the backend.
        device: `cpu` or `gpu`.
        reason: for the log.
    """

    candidate: Candidate
    device: str
    reason: str

    @property
    def load(self) -> Callable[[Bundle, Placement], Backend]:
        """The class of the backend."""
        return getattr(self.candidate.imported(), self.candidate.loader)


def choose_backend(backend: str = 'auto', device: str = 'auto') -> Choice:
    """Choose by what is installed.

    Args:
        backend: a name, or `auto`: the first of `CANDIDATES` that is installed and has the device.
        device: `cpu`, `gpu`, or `auto`: a GPU where the backend has one that it is made for.

    Raises:
        UserError: it is not installed, or does not have the device.
    """
    if backend != 'auto':
        candidate = _named(backend)
        if missing := candidate.missing():
            raise UserError(
                f'backend {backend} needs {" and ".join(missing)}, which is not installed; '
                f'{candidate.cure()}, or set backend:=auto'
            )
        return Choice(candidate, _device(candidate, device), 'asked for')
    passed_over = []
    for candidate in CANDIDATES:
        if candidate.missing():
            passed_over.append(f'{candidate.name} is not installed')
            continue
        try:
            found = _device(candidate, device)
        except UserError as error:
            passed_over.append(str(error).partition(';')[0])
            continue
        reason = '; '.join([*passed_over, f'{candidate.name} is the fastest of the rest'])
        return Choice(candidate, found, reason if passed_over else 'the fastest that there is')
    raise UserError(
        f'no backend can run a network here ({"; ".join(passed_over)}); {CANDIDATES[0].cure()}'
    )


def load_backend(choice: Choice, bundle: Bundle, placement: Placement) -> Backend:
    """Load a bundle, with its golden output compared, warm and with its state zero.

    Raises:
        UserError: the bundle cannot be loaded or does not give what it should.
    """
    return load_checked(choice.load, bundle, placement)


def _named(name: str) -> Candidate:
    for candidate in CANDIDATES:
        if candidate.name == name:
            return candidate
    names = ', '.join(candidate.name for candidate in CANDIDATES)
    raise UserError(f'there is no backend {name!r}; it must be one of: auto, {names}')


def _device(candidate: Candidate, device: str) -> str:
    if device == 'cpu':
        return device
    available = candidate.imported().devices()
    if device == 'gpu':
        if 'gpu' not in available:
            raise UserError(
                f'{candidate.name} finds no GPU that it can use; install its driver and libraries,'
                ' or set device:=cpu'
            )
        return device
    # OpenVINO's GPUs are those beside the CPU, which is as fast with one frame at a time.
    return 'gpu' if 'gpu' in available and candidate.name != 'openvino' else 'cpu'
