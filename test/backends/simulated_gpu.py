# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A GPU that is none: memory with addresses, and a stream on which nothing runs until it must.

It is as unkind as a real one is allowed to be. Fresh memory holds rubbish. Work is done when
somebody waits for it and not before. A step spoils its outputs before it reads its inputs, so one
buffer bound as both is found. Addresses stay bound until they are set anew.
"""

import numpy as np

RUBBISH = 0x42  # as float32: 48.6, which spoils sums but stays finite
FIRST_ADDRESS, GAP = 0x1000, 0x100


class SimulatedDevice:
    stream = 77

    def __init__(self):
        self.memory = {}
        self.page_locked = []
        self.waiting = []
        self.closed = False
        self._next = FIRST_ADDRESS

    def malloc(self, nbytes):
        address, self._next = self._next, self._next + nbytes + GAP
        self.memory[address] = np.full(nbytes, RUBBISH, np.uint8)
        return address

    def free(self, address):
        del self.memory[address]

    def pinned(self, shape):
        self.page_locked.append(np.full(shape, np.nan, np.float32))
        return self.page_locked[-1]

    def free_pinned(self, array):
        self.page_locked = [one for one in self.page_locked if one is not array]

    def zero(self, address, nbytes):
        self.waiting.append(lambda: self.memory[address][:nbytes].fill(0))

    def upload(self, address, array):
        self._check(address, array)
        self.waiting.append(lambda: np.copyto(self.floats(address, array.shape), array))

    def download(self, array, address):
        self._check(address, array)
        self.waiting.append(lambda: np.copyto(array, self.floats(address, array.shape)))

    def synchronize(self):
        while self.waiting:
            self.waiting.pop(0)()

    def close(self):
        self.closed = True

    def floats(self, address, shape):
        return self.memory[address].view(np.float32).reshape(shape)

    def _check(self, address, array):
        assert any(array is one for one in self.page_locked), 'only page-locked memory is copied'
        assert self.memory[address].nbytes == array.nbytes


class SimulatedContext:
    """Args: device; shapes of all tensors by name; run(inputs) -> outputs, arrays by name."""

    def __init__(self, device, shapes, run):
        self._device, self._shapes, self._run = device, shapes, run
        self.bound = {}
        self.steps = []

    def set_tensor_address(self, name, address):
        self.bound[name] = address
        return name in self._shapes

    def execute_async_v3(self, stream_handle):
        assert stream_handle == self._device.stream
        assert set(self.bound) == set(self._shapes), 'a tensor has no address'
        bound = dict(self.bound)
        self.steps.append(bound)
        self._device.waiting.append(lambda: self._step(bound))
        return True

    def _step(self, bound):
        arrays = {
            name: self._device.floats(address, self._shapes[name])
            for name, address in bound.items()
        }
        outputs = [name for name in arrays if name == 'intensity' or name.endswith('_out')]
        for name in outputs:
            arrays[name].fill(np.nan)
        results = self._run({n: a.copy() for n, a in arrays.items() if n not in outputs})
        for name in outputs:
            np.copyto(arrays[name], results[name])
