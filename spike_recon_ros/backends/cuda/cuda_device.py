# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The protocol of device.py for NVIDIA GPUs, through cuda-python."""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda.bindings import runtime as cudart
from numpy.typing import DTypeLike

from spike_recon_ros.errors import UserError


def problem() -> str:
    """Return why no GPU can be used, as part of a sentence; empty if one can."""
    try:
        error, count = cudart.cudaGetDeviceCount()
    except RuntimeError:  # raised by cuda-python before 12.9
        return 'there is no NVIDIA driver'
    if error == cudart.cudaError_t.cudaErrorInsufficientDriver:
        found = cudart.cudaDriverGetVersion()[1]
        if not found:
            return 'there is no NVIDIA driver'
        needed = cudart.cudaRuntimeGetVersion()[1]
        return f'the NVIDIA driver is for CUDA {_version(found)} and {_version(needed)} is needed'
    if error != cudart.cudaError_t.cudaSuccess:
        return _error_text(error)
    return '' if count else 'there is no NVIDIA GPU'


def compute_capability() -> str:
    """Return the compute capability of the first GPU, like `8.7`.

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
        UserError: a CUDA call failed; the message holds its error text.
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
        # Captures this thread's calls only: other threads, of ROS for example, may allocate.
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _checked(cudart.cudaStreamBeginCapture(self.stream, mode))
        try:
            work()
        except BaseException:
            cudart.cudaStreamEndCapture(self.stream)
            cudart.cudaGetLastError()  # clears the error, which a later call would report
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
    """An instantiated graph for one stream; see Graph.

    Raises:
        UserError: the graph cannot be instantiated.
    """

    def __init__(self, recorded: Any, stream: int) -> None:
        self._stream = stream
        try:
            self._executable = _checked(cudart.cudaGraphInstantiate(recorded, 0))
        finally:
            cudart.cudaGraphDestroy(recorded)

    def launch(self) -> None:
        """See Graph."""
        _checked(cudart.cudaGraphLaunch(self._executable, self._stream))

    def close(self) -> None:
        """See Graph."""
        _checked(cudart.cudaGraphExecDestroy(self._executable))


def _checked(result: tuple[Any, ...]) -> Any:
    """Return the values of a call without its error code."""
    error, *values = result
    if error != cudart.cudaError_t.cudaSuccess:
        raise UserError(
            f'the GPU failed ({_error_text(error)}); close what else uses it, or set device:=cpu'
        )
    return values[0] if values else None


def _error_text(error: Any) -> str:
    return cudart.cudaGetErrorString(error)[1].decode()


def _version(number: int) -> str:
    """Return a version number of CUDA for people: 12060 is 12.6."""
    return f'{number // 1000}.{number % 1000 // 10}'
