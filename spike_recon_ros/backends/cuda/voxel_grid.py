# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compute the voxel grid and its padding on the device, so that only events are copied to it.

The kernels of voxel_grid.cu write into the input tensor of the network.
"""

import importlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from ctypes import c_double, c_int, c_longlong, c_void_p
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from spike_recon_ros.backends.backend import AUTO, GPU, Placement
from spike_recon_ros.backends.cuda.device import Device
from spike_recon_ros.backends.cuda.voxel_grid_check import compare_with_cpu
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.representations.voxel_grid import bin_rate

SOURCE = Path(__file__).with_name('voxel_grid.cu')
_EVENT_BYTES = 8 + 2 + 2 + 1  # t_ns, x, y, p
_FIRST_CAPACITY = 1 << 16
_SUMS_BYTES = 3 * 32 * 8  # three times SLOTS doubles, see the source
_MOST_THREADS = 1 << 16  # in the passes over the grid, in which each takes several entries


class Kernels(Protocol):
    """Compiled functions of the device."""

    def launch(self, name: str, threads: int, arguments: Sequence[Any]) -> None:
        """Enqueue a kernel.

        Args:
            name: name of the kernel.
            threads: smallest number of threads.
            arguments: ctypes values; pointers are c_void_p.
        """

    def close(self) -> None:
        """Unload them."""


class DeviceVoxelGrid:
    """The voxel grid of representations/voxel_grid.py, computed on the device.

    Args:
        device: device whose stream the work is enqueued on.
        kernels: compiled SOURCE; closed with this object.
        shape: bins, rows and columns of the tensor including its padding.
        normalisation: see representations/voxel_grid.py.
        sensor: rows and columns of the sensor, see Placement.
        owned: whether to close the device with this object.

    Raises:
        UserError: the device is out of memory.
    """

    def __init__(
        self,
        device: Device,
        kernels: Kernels,
        shape: tuple[int, int, int],
        normalisation: str,
        sensor: tuple[int, int] | None = None,
        owned: bool = False,
    ) -> None:
        self._device, self._kernels = device, kernels
        self._shape, self._normalisation = shape, normalisation
        self._size = int(np.prod(shape))
        self._sensor = sensor or shape[1:]
        self._memory = ExitStack()
        self._capacity = 0
        with ExitStack() as held:
            if owned:
                held.callback(device.close)
            held.callback(kernels.close)
            self._sums = device.malloc(_SUMS_BYTES)
            held.callback(device.free, self._sums)
            held.callback(self._memory.close)
            self._reserve(_FIRST_CAPACITY)
            self._close = held.pop_all().close

    def put(self, events: Events, t_start_ns: int, t_end_ns: int, address: int) -> None:
        """Enqueue the computation of a voxel grid.

        The events are copied to a staging buffer before this returns. The work of the last call,
        which reads the same buffer, must be complete.

        Args:
            events: events of the window, all on the sensor; may be empty.
            t_start_ns: sensor time of the first bin.
            t_end_ns: sensor time of the last bin.
            address: device address of the tensor, which is overwritten completely.

        Raises:
            UserError: a call of the device failed.
        """
        bins, height, width = self._shape
        self._device.zero(address, 4 * self._size)
        if count := len(events):
            arguments = (
                c_void_p(address),
                *map(c_void_p, self._upload(events)),
                c_longlong(count),
                c_longlong(t_start_ns),
                c_double(bin_rate(bins, t_start_ns, t_end_ns)),
                *map(c_int, (bins, height, width)),
            )
            self._kernels.launch('accumulate', count, arguments)
            if self._normalisation == 'nonzero':
                self._normalise(address)
            if self._sensor != (height, width):
                sizes = map(c_int, (*self._shape, *self._sensor))
                self._kernels.launch('mirror', self._threads, (c_void_p(address), *sizes))

    def write(self, events: Events, t_start_ns: int, t_end_ns: int, address: int) -> None:
        """Call `put` and wait for the result."""
        self.put(events, t_start_ns, t_end_ns, address)
        self._device.synchronize()

    def close(self) -> None:
        """Release memory and kernels, and the device if it is owned."""
        self._close()

    @property
    def _threads(self) -> int:
        """Number of threads of a pass over the grid."""
        return min(self._size, _MOST_THREADS)

    def _normalise(self, address: int) -> None:
        self._device.zero(self._sums, _SUMS_BYTES)
        arguments = c_void_p(address), c_longlong(self._size), c_void_p(self._sums)
        for name in ('sum_nonzero', 'sum_squares', 'normalise'):
            self._kernels.launch(name, self._threads, arguments)

    def _upload(self, events: Events) -> list[int]:
        """Copy the events in one transfer; return the addresses of t_ns, x, y and p."""
        count = len(events)
        if count > self._capacity:
            self._reserve(1 << (count - 1).bit_length())
        addresses, begin = [], 0
        for array, dtype in (
            (events.t_ns, np.int64),
            (events.x, np.uint16),
            (events.y, np.uint16),
            (events.p, np.uint8),
        ):
            end = begin + count * np.dtype(dtype).itemsize
            self._staging[begin:end].view(dtype)[:] = array
            addresses.append(self._events_at + begin)
            begin = end
        self._device.upload(self._events_at, self._staging[:begin])
        return addresses

    def _reserve(self, capacity: int) -> None:
        """Allocate buffers for `capacity` events."""
        self._memory.close()
        self._capacity = 0
        self._staging = self._device.pinned((capacity * _EVENT_BYTES,), np.uint8)
        self._memory.callback(self._device.free_pinned, self._staging)
        self._events_at = self._device.malloc(capacity * _EVENT_BYTES)
        self._memory.callback(self._device.free, self._events_at)
        self._capacity = capacity


class Loaded(NamedTuple):
    """A device voxel grid, or None, and a description with the reason, for people."""

    voxel_grid: DeviceVoxelGrid | None
    description: str


def load_device_voxel_grid(
    bundle: Network,
    placement: Placement,
    device: Device | None = None,
    kernels: Callable[[str, int], Kernels] | None = None,
) -> Loaded:
    """Return a device voxel grid that passed a comparison with the CPU's, if wanted and possible.

    Args:
        bundle: bundle of the network that reads the tensor.
        placement: size of the tensor and the setting `voxel_grid_on`.
        device: device of the tensor, whose stream is used; None = open the first GPU with a stream
            of its own, closed with the voxel grid.
        kernels: function that compiles source for a stream; None = NVRTC.

    Raises:
        UserError: the setting is `gpu`, but the voxel grid cannot be computed there.
    """
    wanted = placement.acceleration.voxel_grid_on
    if wanted not in (AUTO, GPU):
        return Loaded(None, 'voxel grid on the CPU')
    try:
        return Loaded(_voxel_grid(bundle, placement, device, kernels), 'voxel grid on the GPU')
    except UserError as error:
        if wanted == GPU:
            raise
        return Loaded(None, f'voxel grid on the CPU: {error}')


def _voxel_grid(
    bundle: Network,
    placement: Placement,
    given: Device | None,
    kernels: Callable[[str, int], Kernels] | None,
) -> DeviceVoxelGrid:
    if isinstance(bundle, Bundle) and bundle.reads_frames:
        raise UserError(
            f'{bundle.name} also reads frames, so its voxel grid is computed on the CPU; set '
            'voxel_grid_on:=cpu'
        )
    representation = bundle.description.get('representation', {'kind': 'images'})
    if (kind := representation['kind']) != 'voxel_grid':
        raise UserError(
            f'{bundle.name} reads {kind}, which is computed on the CPU; set voxel_grid_on:=cpu'
        )
    normalisation = representation['normalisation']
    shape = bundle.bins, placement.height, placement.width
    device: Device = given or _cuda('cuda_device').CudaDevice()
    try:
        make = kernels or _cuda('kernels').CudaKernels
        made: Kernels = make(SOURCE.read_text(encoding='utf-8'), device.stream)
    except UserError:
        if given is None:
            device.close()
        raise
    sensor = placement.sensor or shape[1:]
    on_device = DeviceVoxelGrid(device, made, shape, normalisation, sensor, owned=given is None)
    try:
        compare_with_cpu(on_device.put, device, shape, normalisation, sensor)
    except UserError:
        on_device.close()
        raise
    return on_device


def _cuda(name: str) -> Any:
    """Import and return a module that needs cuda-python.

    Raises:
        UserError: cuda-python is not installed.
    """
    try:
        return importlib.import_module(f'{__package__}.{name}')
    except ImportError as error:
        raise UserError(
            f'cuda-python cannot be used ({error}); run: pip install cuda-bindings'
        ) from None
