# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An NVIDIA GPU through cuda-python: memory, one stream, and what it is.

Comes in: sizes and addresses. Goes out: a Device, see device.py. Knows nothing about networks.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import runtime as cudart
from numpy.typing import DTypeLike

from spike_recon_ros.errors import UserError


def problem() -> str:
    """Return why no GPU can be used, as half a sentence; empty if one can."""
    try:
        error, count = cudart.cudaGetDeviceCount()
    except RuntimeError:  # of cuda-python before 12.9
        return 'there is no NVIDIA driver'
    if error == cudart.cudaError_t.cudaErrorInsufficientDriver:
        found = cudart.cudaDriverGetVersion()[1]
        if not found:
            return 'there is no NVIDIA driver'
        needed = cudart.cudaRuntimeGetVersion()[1]
        return f'the NVIDIA driver is for CUDA {_version(found)} and {_version(needed)} is needed'
    if error != cudart.cudaError_t.cudaSuccess:
        return _words(error)
    return '' if count else 'there is no NVIDIA GPU'


def compute_capability() -> str:
    """Return the compute capability of the GPU that is used, as `8.7`.

    Raises:
        UserError: there is no GPU.
    """
    attribute = cudart.cudaDeviceAttr
    major = _checked(cudart.cudaDeviceGetAttribute(attribute.cudaDevAttrComputeCapabilityMajor, 0))
    minor = _checked(cudart.cudaDeviceGetAttribute(attribute.cudaDevAttrComputeCapabilityMinor, 0))
    return f'{major}.{minor}'


def versions() -> dict[str, str]:
    """Return the GPU's name and the versions of driver and runtime, for reports.

    Raises:
        UserError: there is no GPU.
    """
    return {
        'gpu': _checked(cudart.cudaGetDeviceProperties(0)).name.decode(),
        'cuda_of_driver': _version(_checked(cudart.cudaDriverGetVersion())),
        'cuda_of_runtime': _version(_checked(cudart.cudaRuntimeGetVersion())),
    }


class CudaDevice:
    """The first GPU, with a stream of its own; see Device.

    Raises:
        UserError: any call failed; the sentence holds CUDA's words.
    """

    def __init__(self) -> None:
        self.stream = int(_checked(cudart.cudaStreamCreateWithFlags(cudart.cudaStreamNonBlocking)))

    def malloc(self, nbytes: int) -> int:
        """See Device."""
        return int(_checked(cudart.cudaMalloc(nbytes)))

    def free(self, address: int) -> None:
        """See Device."""
        _checked(cudart.cudaFree(address))

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> np.ndarray:
        """See Device."""
        nbytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
        address = int(_checked(cudart.cudaMallocHost(nbytes)))
        memory = (ctypes.c_uint8 * nbytes).from_address(address)
        return np.frombuffer(memory, dtype).reshape(shape)

    def free_pinned(self, array: np.ndarray) -> None:
        """See Device."""
        _checked(cudart.cudaFreeHost(array.ctypes.data))

    def zero(self, address: int, nbytes: int) -> None:
        """See Device."""
        _checked(cudart.cudaMemsetAsync(address, 0, nbytes, self.stream))

    def upload(self, address: int, array: np.ndarray) -> None:
        """See Device."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        _checked(
            cudart.cudaMemcpyAsync(address, array.ctypes.data, array.nbytes, kind, self.stream)
        )

    def download(self, array: np.ndarray, address: int) -> None:
        """See Device."""
        kind = cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        _checked(
            cudart.cudaMemcpyAsync(array.ctypes.data, address, array.nbytes, kind, self.stream)
        )

    def captured(self, work: Callable[[], None]) -> 'CudaGraph':
        """See Device."""
        # Only this thread's calls: others, of ROS for example, may allocate meanwhile.
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _checked(cudart.cudaStreamBeginCapture(self.stream, mode))
        try:
            work()
        except BaseException:
            cudart.cudaStreamEndCapture(self.stream)
            cudart.cudaGetLastError()  # else a later call would report it as its own
            raise
        recorded = cudart.cudaStreamEndCapture(self.stream)
        cudart.cudaGetLastError()
        return CudaGraph(_checked(recorded), self.stream)

    def synchronize(self) -> None:
        """See Device."""
        _checked(cudart.cudaStreamSynchronize(self.stream))

    def close(self) -> None:
        """See Device."""
        _checked(cudart.cudaStreamDestroy(self.stream))


class CudaGraph:
    """A recorded graph, made ready for one stream; see Graph.

    Raises:
        UserError: it cannot be made ready.
    """

    def __init__(self, recorded: Any, stream: int) -> None:
        self._stream = stream
        try:
            self._ready = _checked(cudart.cudaGraphInstantiate(recorded, 0))
        finally:
            cudart.cudaGraphDestroy(recorded)

    def launch(self) -> None:
        """See Graph."""
        _checked(cudart.cudaGraphLaunch(self._ready, self._stream))

    def close(self) -> None:
        """See Graph."""
        _checked(cudart.cudaGraphExecDestroy(self._ready))


def _checked(result: tuple[Any, ...]) -> Any:
    """Return what a call returned after its error code."""
    error, *values = result
    if error != cudart.cudaError_t.cudaSuccess:
        raise UserError(
            f'the GPU failed ({_words(error)}); close what else uses it, or set device:=cpu'
        )
    return values[0] if values else None


def _words(error: Any) -> str:
    return cudart.cudaGetErrorString(error)[1].decode()


def _version(number: int) -> str:
    """Return CUDA's number of a version for people: 12060 is 12.6."""
    return f'{number // 1000}.{number % 1000 // 10}'
