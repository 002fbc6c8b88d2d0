# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compile CUDA kernels with NVRTC for the GPU of this machine, and launch them.

NVRTC needs no GPU. It comes with the CUDA toolkit, with JetPack, or from pip.
"""

from collections.abc import Sequence
from typing import Any

from cuda.bindings import driver, nvrtc

from spike_recon_ros.backends.cuda.cuda_device import compute_capability
from spike_recon_ros.errors import UserError

NVRTC_CURE = (
    'install the CUDA toolkit, or run: pip install nvidia-cuda-nvrtc (nvidia-cuda-nvrtc-cu12 '
    'beside cuda-bindings 12)'
)
_THREADS_A_BLOCK = 256
# No fused multiply-add, which the kernels for the CPU do not use either.
_OPTIONS = '--std=c++17', '--fmad=false'


def nvrtc_version() -> str:
    """Return the version of the compiler, like `13.0`.

    Raises:
        UserError: it is not installed.
    """
    try:
        major, minor = _checked(nvrtc.nvrtcVersion(), nvrtc.nvrtcResult.NVRTC_SUCCESS)
    except (RuntimeError, OSError):  # cuda-python finds no library
        raise UserError(f'the CUDA compiler NVRTC is not installed; {NVRTC_CURE}') from None
    return f'{major}.{minor}'


def compiled(source: str, capability: str) -> bytes:
    """Compile CUDA source to a binary for one kind of GPU.

    Args:
        source: complete source; every kernel is `extern "C"`.
        capability: compute capability, like `8.7`.

    Raises:
        UserError: the compiler is missing, does not support the GPU, or rejects the source.
    """
    version = nvrtc_version()
    done = nvrtc.nvrtcResult.NVRTC_SUCCESS
    program = _checked(nvrtc.nvrtcCreateProgram(source.encode(), b'kernels.cu', 0, [], []), done)
    options = [f'--gpu-architecture=sm_{capability.replace(".", "")}', *_OPTIONS]
    try:
        (error,) = nvrtc.nvrtcCompileProgram(
            program, len(options), [option.encode() for option in options]
        )
        if error != done:
            raise UserError(
                f'NVRTC {version} does not compile for compute capability {capability} '
                f'({_log(program) or error.name}); install a newer one'
            )
        size = _checked(nvrtc.nvrtcGetCUBINSize(program), done)
        binary = bytes(size)
        _checked(nvrtc.nvrtcGetCUBIN(program, binary), done)
        return binary
    finally:
        nvrtc.nvrtcDestroyProgram(program)


class CudaKernels:
    """The kernels of one source, for one stream; see Kernels.

    The launching thread must have used the device before, which makes its context current.

    Raises:
        UserError: they cannot be compiled or loaded.
    """

    def __init__(self, source: str, stream: int) -> None:
        self._stream = driver.CUstream(stream)
        self._module = _of_driver(driver.cuModuleLoadData(compiled(source, compute_capability())))
        self._functions: dict[str, Any] = {}

    def launch(self, name: str, threads: int, arguments: Sequence[Any]) -> None:
        """See Kernels."""
        if name not in self._functions:
            function = driver.cuModuleGetFunction(self._module, name.encode())
            self._functions[name] = _of_driver(function)
        values = tuple(argument.value for argument in arguments)
        types = tuple(type(argument) for argument in arguments)
        blocks = -(-threads // _THREADS_A_BLOCK)
        launched = driver.cuLaunchKernel(
            self._functions[name],
            *(blocks, 1, 1),
            *(_THREADS_A_BLOCK, 1, 1),
            0,
            self._stream,
            (values, types),
            0,
        )
        _of_driver(launched)

    def close(self) -> None:
        """See Kernels."""
        _of_driver(driver.cuModuleUnload(self._module))


def _log(program: Any) -> str:
    """Return the messages of the compiler in one line."""
    done = nvrtc.nvrtcResult.NVRTC_SUCCESS
    text = bytes(_checked(nvrtc.nvrtcGetProgramLogSize(program), done))
    _checked(nvrtc.nvrtcGetProgramLog(program, text), done)
    return ' '.join(text.decode(errors='replace').strip('\0').split())


def _of_driver(result: tuple[Any, ...]) -> Any:
    return _checked(result, driver.CUresult.CUDA_SUCCESS)


def _checked(result: tuple[Any, ...], success: Any) -> Any:
    """Return the values of a call without its error code: none, one, or several."""
    error, *values = result
    if error != success:
        raise UserError(f'the GPU failed ({error.name}); set voxel_grid_on:=cpu, or device:=cpu')
    return values[0] if len(values) == 1 else values
