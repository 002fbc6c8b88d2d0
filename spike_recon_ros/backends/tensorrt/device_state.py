# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Step a recurrent network on a device, with its state in two sets of buffers on it.

CUDA and TensorRT are used through two small protocols, so that the order of bindings, copies and
resets is tested without a GPU.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from spike_recon_ros.backends.cuda.device import Device, Graph
from spike_recon_ros.errors import UserError


class Context(Protocol):
    """The methods of TensorRT's execution context that are used here."""

    def set_tensor_address(self, name: str, address: int) -> bool:
        """Bind device memory to an input or output of the next step; False is an error."""

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Enqueue one step; False is an error."""


class DeviceState:
    """A network with its recurrent state, double-buffered on the device.

    One buffer bound as both input and output of a state would be read while it is written, which
    gives wrong results with some graphs, without an error. So each step reads one set of buffers
    and writes the other. Both directions are recorded once as CUDA graphs, which contain their
    addresses; without graphs, all addresses are set before each step.

    Args:
        device: device to use; closed with this object.
        context: execution context with inputs `events` and `NAME_in`, outputs `intensity` and
            `NAME_out`.
        events_shape: shape of the input, float32.
        intensity_shape: shape of the output, float32.
        state_bytes: size of each state tensor by name.
        graphs: whether to record CUDA graphs.

    Attributes:
        no_graphs: why no graphs are used, for people; empty if they are.
    """

    def __init__(
        self,
        device: Device,
        context: Context,
        events_shape: tuple[int, ...],
        intensity_shape: tuple[int, ...],
        state_bytes: Mapping[str, int],
        graphs: bool = True,
    ) -> None:
        self._device, self._context = device, context
        self._state_bytes = dict(state_bytes)
        self._graphs: list[Graph] = []
        self.no_graphs = '' if graphs else 'switched off'
        with ExitStack() as owned:
            owned.callback(device.close)
            self._events = self._pinned(owned, events_shape)
            self._intensity = self._pinned(owned, intensity_shape)
            self._events_at = self._malloc(owned, self._events.nbytes)
            self._intensity_at = self._malloc(owned, self._intensity.nbytes)
            self._states = [
                {name: self._malloc(owned, nbytes) for name, nbytes in state_bytes.items()}
                for _ in range(2)
            ]
            self._read = 0
            if graphs:
                self._record(owned)
            self.reset()
            self._owned = owned.pop_all()

    def step(self, events: np.ndarray, commit: bool = True) -> np.ndarray:
        """Run one step; return the intensity, freshly allocated.

        Args:
            events: the input.
            commit: whether the next step reads the state that this one writes. If not, it reads
                the same set of buffers again and overwrites the other.

        Raises:
            UserError: a call of the device failed.
        """
        np.copyto(self._events, events)
        return self.step_with(lambda address: self._device.upload(address, self._events), commit)

    def step_with(self, put: Callable[[int], None], commit: bool = True) -> np.ndarray:
        """Run one step whose input is computed on the device.

        Args:
            put: function that enqueues the computation of the input, given its address.
            commit: see `step`.

        Raises:
            UserError: a call of the device failed.
        """
        put(self._events_at)
        if self._graphs:
            self._graphs[self._read].launch()
        else:
            self._enqueue(self._read)
        self._device.synchronize()
        if commit:
            self._read = 1 - self._read
        return self._intensity.copy()

    def read(self, name: str, dtype: DTypeLike) -> np.ndarray:
        """Return the elements of a state tensor as the next step will read it, flat.

        Args:
            name: of the tensor.
            dtype: type of its elements.
        """
        count = self._state_bytes[name] // np.dtype(dtype).itemsize
        found = self._device.pinned((count,), dtype)
        try:
            self._device.download(found, self._states[self._read][name])
            self._device.synchronize()
            return found.copy()
        finally:
            self._device.free_pinned(found)

    def reset(self) -> None:
        """Zero the state that the next step reads."""
        for name, address in self._states[self._read].items():
            self._device.zero(address, self._state_bytes[name])

    def close(self) -> None:
        """Free all memory; a second call does nothing."""
        self._owned.close()

    def _record(self, owned: ExitStack) -> None:
        """Record a step in both directions; each must run once before, which changes the state."""
        for read in (0, 1):
            self._enqueue(read)
        self._device.synchronize()
        graphs = []
        try:
            for read in (0, 1):
                graphs.append(self._device.captured(partial(self._enqueue, read)))
                owned.callback(graphs[-1].close)
        except UserError as error:
            self.no_graphs = str(error)
        else:
            self._graphs = graphs

    def _enqueue(self, read: int) -> None:
        """Enqueue one step without its input."""
        self._bind(read)
        if not self._context.execute_async_v3(self._device.stream):
            raise UserError('the GPU did not run the network; see the messages above, or set '
                            'backend:=auto with device:=cpu')  # fmt: skip
        self._device.download(self._intensity, self._intensity_at)

    def _bind(self, read: int) -> None:
        before, after = self._states[read], self._states[1 - read]
        addresses = {'events': self._events_at, 'intensity': self._intensity_at}
        for name in self._state_bytes:
            addresses |= {f'{name}_in': before[name], f'{name}_out': after[name]}
        for name, address in addresses.items():
            if not self._context.set_tensor_address(name, address):
                raise UserError(f'the engine has no tensor {name}; build it again')

    def _malloc(self, owned: ExitStack, nbytes: int) -> int:
        address = self._device.malloc(nbytes)
        owned.callback(self._device.free, address)
        return address

    def _pinned(self, owned: ExitStack, shape: tuple[int, ...]) -> np.ndarray:
        array = self._device.pinned(shape)
        owned.callback(self._device.free_pinned, array)
        return array
