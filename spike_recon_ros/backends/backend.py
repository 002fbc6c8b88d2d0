# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What runs a network on a machine.

Comes in: tensors of one size. Goes out: intensity. Knows nothing about events or windows, nor
about which libraries there are; each backend is a file of its own that imports its library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events

StepEvents = Callable[[Events, int, int], np.ndarray]
"""The events of a window, its start and its end (sensor time, ns), to intensity."""


class Backend(Protocol):
    """A loaded network together with its recurrent state, which never leaves the backend.

    Attributes:
        name: library, precision and device, for people: `openvino bf16 on CPU`.
        precision: that it computes in: `fp32`, `fp16`, `bf16` or `int8`.
        tolerance: how far its precision may lead it away from the golden output, see golden.py.
        step_events: `step` from events, with the voxel grid made on the GPU; None where it is not.
    """

    name: str
    precision: str
    tolerance: float
    step_events: 'StepEvents | None'

    def step(self, x: np.ndarray) -> np.ndarray:
        """Take one tensor in and move the state on.

        Args:
            x: float32 [bins, height, width], of the size that was loaded; not kept.

        Returns: float32 [height, width], each times the bundle's `output_scale`, freshly
            allocated.

        Raises:
            UserError: the tensor has another shape or type.
        """

    def reset(self) -> None:
        """Zero the state."""

    def close(self) -> None:
        """Give back memory and threads; no `step` may follow."""


AUTO, GPU = 'auto', 'gpu'
FULL_PRECISION, EIGHT_BITS = 'fp32', 'int8'
PRECISIONS = 'fp16', 'bf16', FULL_PRECISION
"""Of an engine, the fastest first."""


@dataclass(frozen=True, slots=True)
class Acceleration:
    """How much is given for speed, where that can be chosen; on a CPU only the precision can.

    Attributes:
        precision: to compute in; `auto` is the fastest that the backend has here.
        graphs: whether the step is recorded as CUDA graphs.
        voxel_grid_on: where the tensor is made of the events, `cpu` or GPU; `auto` is the GPU
            where that is possible.
    """

    precision: str = AUTO
    graphs: bool = True
    voxel_grid_on: str = AUTO


FASTEST = Acceleration()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where to run.

    Attributes:
        height: rows of the tensors, a multiple of the bundle's `pad_multiple`.
        width: columns, likewise.
        device: `cpu` or `gpu`.
        threads: CPU threads to use.
        acceleration: how much to give for speed.
    """

    height: int
    width: int
    device: str = 'cpu'
    threads: int = 1
    acceleration: Acceleration = FASTEST


def check_size(bundle: Bundle, placement: Placement) -> None:
    """Raise UserError if the network cannot work at this size."""
    height, width, multiple = placement.height, placement.width, bundle.pad_multiple
    if height <= 0 or width <= 0 or height % multiple or width % multiple:
        raise UserError(
            f'{bundle.name} needs sizes that are multiples of {multiple} and was loaded for '
            f'{width}x{height}; pad with representations.padding first'
        )


def chosen_precision(library: str, offered: Sequence[str], wanted: str) -> str:
    """Return the precision to compute in: the first that is offered, or the one that is wanted.

    Raises:
        UserError: it is not offered.
    """
    if wanted in (AUTO, *offered):
        return offered[0] if wanted == AUTO else wanted
    raise UserError(
        f'{library} does not compute in {wanted} here, but in {" or ".join(offered)}; set '
        'precision:=auto or one of them, or another backend'
    )


def check_input(bundle: Bundle, placement: Placement, x: np.ndarray) -> None:
    """Raise UserError if a tensor is not what was loaded for."""
    shape = bundle.bins, placement.height, placement.width
    if x.shape != shape or x.dtype != np.float32:
        raise UserError(
            f'{bundle.name} was loaded for float32 {shape} and got {x.dtype} {x.shape}; '
            'pad the tensor to this size, or load the bundle for the other one'
        )
