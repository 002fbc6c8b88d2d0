# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The Backend protocol: a network that is loaded for one tensor size on one device.

Each implementation is a module of its own that imports its library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events


class StepEvents(Protocol):
    """`Backend.step` from events, with the voxel grid computed by the backend."""

    def __call__(
        self, events: Events, t_start_ns: int, t_end_ns: int, commit: bool = True
    ) -> np.ndarray:
        """Run the network on the events of a window from `t_start_ns` to `t_end_ns`."""


class Backend(Protocol):
    """A loaded network together with its recurrent state, which stays on its device.

    Attributes:
        name: library, precision and device, for people: `openvino bf16 on CPU`.
        precision: number format of the computation: `fp32`, `fp16`, `bf16` or `int8`.
        tolerance: largest deviation from the golden output, see bundles/golden.py.
        step_events: `step` from events, with the voxel grid and its padding computed on the GPU,
            or in the layout of the network; None if the backend does not support it.
    """

    name: str
    precision: str
    tolerance: float
    step_events: StepEvents | None

    def step(self, x: np.ndarray, commit: bool = True) -> np.ndarray:
        """Run the network on one tensor.

        Args:
            x: float32 [bins, height, width] of the loaded size; not kept.
            commit: whether to update the state. If not, the next step starts from the same state
                as this one, which is neither changed nor copied to the host.

        Returns: float32 [height, width], both multiplied by the bundle's `output_scale`, or
            [channels, height, width] if the network has several output channels; freshly
            allocated.

        Raises:
            UserError: the tensor has another shape or type.
        """

    def state(self, name: str) -> np.ndarray:
        """Return a copy of a state tensor as the next step will read it, to inspect it.

        Args:
            name: of one of the bundle's state tensors.

        Returns: float32, in the tensor's shape.
        """

    def reset(self) -> None:
        """Zero the state."""

    def close(self) -> None:
        """Release memory and threads; no `step` may follow."""


AUTO, GPU = 'auto', 'gpu'
FULL_PRECISION, EIGHT_BITS = 'fp32', 'int8'
PRECISIONS = 'fp16', 'bf16', FULL_PRECISION
"""Precisions of engines, the fastest first."""


@dataclass(frozen=True, slots=True)
class Acceleration:
    """Options for speed; on a CPU only the precision and `parts` have an effect.

    Attributes:
        precision: number format; `auto` selects the fastest that the backend supports here.
        graphs: whether to record the step as CUDA graphs.
        parts: whether to step only the part of a large image in which something happens, see
            active_part.py.
        voxel_grid_on: where the voxel grid is computed, `cpu` or `gpu`; `auto` selects the GPU
            where that is possible.
    """

    precision: str = AUTO
    graphs: bool = True
    voxel_grid_on: str = AUTO
    parts: bool = False


FASTEST = Acceleration()


@dataclass(frozen=True, slots=True)
class Placement:
    """Tensor size and device to load a network for.

    Attributes:
        height: rows of the tensors, a multiple of the bundle's `pad_multiple`.
        width: columns of the tensors, a multiple of it as well.
        device: `cpu` or `gpu`.
        threads: number of CPU threads.
        acceleration: options for speed.
        sensor: rows and columns of the sensor in the top left of the tensor; None = all of it.
            For backends that compute the tensor on the device, see representations/padding.py.
    """

    height: int
    width: int
    device: str = 'cpu'
    threads: int = 1
    acceleration: Acceleration = FASTEST
    sensor: tuple[int, int] | None = None


def check_size(bundle: Network, placement: Placement) -> None:
    """Raise UserError if the network cannot run at this size."""
    height, width, multiple = placement.height, placement.width, bundle.pad_multiple
    if height <= 0 or width <= 0 or height % multiple or width % multiple:
        raise UserError(
            f'{bundle.name} needs sizes that are multiples of {multiple} and was loaded for '
            f'{width}x{height}; pad with representations.padding first'
        )


def chosen_precision(library: str, offered: Sequence[str], wanted: str) -> str:
    """Return the wanted precision, or the first one offered if `wanted` is `auto`.

    Raises:
        UserError: the wanted precision is not offered.
    """
    if wanted in (AUTO, *offered):
        return offered[0] if wanted == AUTO else wanted
    raise UserError(
        f'{library} does not compute in {wanted} here, but in {" or ".join(offered)}; set '
        'precision:=auto or one of them, or another backend'
    )


def check_input(bundle: Network, placement: Placement, x: np.ndarray) -> None:
    """Raise UserError if a tensor does not have the loaded size and type."""
    shape = bundle.bins, placement.height, placement.width
    if x.shape != shape or x.dtype != np.float32:
        raise UserError(
            f'{bundle.name} was loaded for float32 {shape} and got {x.dtype} {x.shape}; '
            'pad the tensor to this size, or load the bundle for the other one'
        )
