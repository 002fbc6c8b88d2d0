# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A GPU that is none: memory with addresses, and a stream on which nothing runs until it must.

It is as unkind as a real one is allowed to be. Fresh memory holds rubbish. Work is done when
somebody waits for it and not before. A step spoils its outputs before it reads its inputs, so one
buffer bound as both is found. Addresses stay bound until they are set anew. What is recorded as a
graph keeps the addresses and arrays of that moment, and is not run by being recorded.
"""

import numpy as np
import pytest

RUBBISH = 0x42  # as float32: 48.6, which spoils sums but stays finite
FIRST_ADDRESS, GAP = 0x1000, 0x100


class SimulatedDevice:
    stream = 77

    def __init__(self):
        self.memory = {}
        self.page_locked = []
        self.waiting = []
        self.graphs = []
        self.closed = False
        self._recording = None
        self._next = FIRST_ADDRESS

    def malloc(self, nbytes):
        assert self._recording is None, 'memory is taken while a graph is recorded'
        address, self._next = self._next, self._next + nbytes + GAP
        self.memory[address] = np.full(nbytes, RUBBISH, np.uint8)
        return address

    def free(self, address):
        del self.memory[address]

    def pinned(self, shape, dtype=np.float32):
        array = np.empty(shape, dtype)
        array.view(np.uint8).fill(0xFF)  # of floats: not a number
        self.page_locked.append(array)
        return array

    def free_pinned(self, array):
        self.page_locked = [one for one in self.page_locked if one is not array]

    def zero(self, address, nbytes):
        self.put(lambda: self.memory[address][:nbytes].fill(0))

    def upload(self, address, array):
        self._check(address, array)
        nbytes = array.nbytes
        self.put(
            lambda: np.copyto(self.memory[address][:nbytes], array.reshape(-1).view(np.uint8))
        )

    def download(self, array, address):
        self._check(address, array)
        self.put(lambda: np.copyto(array, self.floats(address, array.shape)))

    def put(self, work):
        """Put work on the stream, or in the graph that is being recorded."""
        (self.waiting if self._recording is None else self._recording).append(work)

    def captured(self, work):
        assert self._recording is None, 'one graph at a time is recorded'
        self._recording = []
        try:
            work()
            self.graphs.append(SimulatedGraph(self, self._recording))
        finally:
            self._recording = None
        return self.graphs[-1]

    def synchronize(self):
        assert self._recording is None, 'nobody waits while a graph is recorded'
        while self.waiting:
            self.waiting.pop(0)()

    def close(self):
        self.closed = True

    def floats(self, address, shape):
        return self.memory[address].view(np.float32).reshape(shape)

    def pointer(self, address):
        """Return where the memory of an address, which may be inside of a piece, really is."""
        for begin, memory in self.memory.items():
            if begin <= address < begin + memory.nbytes:
                return memory.ctypes.data + address - begin
        raise AssertionError(f'{address:#x} is no memory of the device')

    def _check(self, address, array):
        locked = any(array is one or array.base is one for one in self.page_locked)
        assert locked, 'only page-locked memory is copied'
        assert self.memory[address].nbytes >= array.nbytes


class SimulatedGraph:
    def __init__(self, device, work):
        self._device, self._work = device, work
        self.launches = 0

    def launch(self):
        assert self in self._device.graphs, 'the graph was given back'
        self.launches += 1
        for one in self._work:
            self._device.put(one)

    def close(self):
        self._device.graphs.remove(self)


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
        self._device.put(lambda: self._step(bound))
        return True

    def _step(self, bound):
        self.steps.append(bound)
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


def skip_misfit(bundle, where):
    """Leave out a network that cannot have the size."""
    if where.height % bundle.pad_multiple or where.width % bundle.pad_multiple:
        pytest.skip(f'{bundle.name} cannot have {where.width}x{where.height} pixels')
