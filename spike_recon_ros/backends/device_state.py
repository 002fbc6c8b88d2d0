# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A recurrent network on a device, its state in two sets of buffers that never leave it.

Comes in: a device, an execution context and the sizes of its tensors. Goes out: intensity, step by
step. Knows nothing about CUDA or TensorRT: both come through two small protocols, so that the
order of bindings, copies and resets can be tested without a GPU.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Protocol

import numpy as np

from spike_recon_ros.errors import UserError


class Device(Protocol):
    """Memory and one stream of an accelerator; all but `synchronize` may return before it is done.

    Attributes:
        stream: handle of the stream, as the execution context takes it.
    """

    stream: int

    def malloc(self, nbytes: int) -> int:
        """Return the address of device memory."""

    def free(self, address: int) -> None:
        """Give device memory back."""

    def pinned(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return a page-locked float32 array of the host."""

    def free_pinned(self, array: np.ndarray) -> None:
        """Give a page-locked array back."""

    def zero(self, address: int, nbytes: int) -> None:
        """Set device memory to zero."""

    def upload(self, address: int, array: np.ndarray) -> None:
        """Copy a page-locked array to the device."""

    def download(self, array: np.ndarray, address: int) -> None:
        """Copy from the device to a page-locked array."""

    def synchronize(self) -> None:
        """Wait until everything on the stream is done."""

    def close(self) -> None:
        """Give the stream back."""


class Context(Protocol):
    """What runs one step, with the names that TensorRT gives to it."""

    def set_tensor_address(self, name: str, address: int) -> bool:
        """Bind device memory to an input or output of the next step; False is an error."""

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Put one step on the stream; False is an error."""


class DeviceState:
    """The step of a network whose state changes places between two sets of buffers.

    One buffer bound as input and output of a state would be read while it is written, which is
    right with some graphs and wrong with others, without an error. So the step reads one set and
    writes the other, and every address is set anew before each step.

    Args:
        device: owned from here on.
        context: its inputs are `events` and `NAME_in`, its outputs `intensity` and `NAME_out`.
        events_shape: of the input, float32.
        intensity_shape: of the output, float32.
        state_bytes: size of each state tensor, by its name.
    """

    def __init__(
        self,
        device: Device,
        context: Context,
        events_shape: tuple[int, ...],
        intensity_shape: tuple[int, ...],
        state_bytes: Mapping[str, int],
    ) -> None:
        self._device, self._context = device, context
        self._state_bytes = dict(state_bytes)
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
            self.reset()
            self._close: Callable[[], None] = owned.pop_all().close

    def step(self, events: np.ndarray) -> np.ndarray:
        """Move the state on by one step; return the intensity, freshly allocated.

        Raises:
            UserError: the device refused.
        """
        device = self._device
        np.copyto(self._events, events)
        device.upload(self._events_at, self._events)
        self._bind()
        if not self._context.execute_async_v3(device.stream):
            raise UserError('the GPU did not run the network; see the messages above, or set '
                            'backend:=auto with device:=cpu')  # fmt: skip
        device.download(self._intensity, self._intensity_at)
        device.synchronize()
        self._read = 1 - self._read
        return self._intensity.copy()

    def reset(self) -> None:
        """Zero the state that the next step reads."""
        for name, address in self._states[self._read].items():
            self._device.zero(address, self._state_bytes[name])

    def close(self) -> None:
        """Give all memory back; a second call does nothing."""
        close, self._close = self._close, _nothing
        close()

    def _bind(self) -> None:
        read, write = self._states[self._read], self._states[1 - self._read]
        addresses = {'events': self._events_at, 'intensity': self._intensity_at}
        for name in self._state_bytes:
            addresses |= {f'{name}_in': read[name], f'{name}_out': write[name]}
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


def _nothing() -> None:
    """There is nothing left to give back."""
