# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The voxel grid kernels, compiled for the CPU and run on a simulated GPU."""

import ctypes
import shutil
import subprocess
from pathlib import Path

COMPILERS = 'g++', 'clang++', 'c++'
HERE = Path(__file__).parent
THREADS_A_BLOCK = 64


def compiler():
    """Return a C++ compiler; None if there is none."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def compiled(source, folder):
    """Return the library that a file of CUDA source becomes on the CPU."""
    library = folder / 'host_kernels.so'
    command = [
        *(compiler(), '-std=c++17', '-O2', '-ffp-contract=off', '-shared', '-fPIC'),
        *('-Wall', '-Wextra', '-Werror', f'-DSOURCE="{source}"'),
        *(HERE / 'host_kernels.cpp', '-o', library),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))


class HostKernels:
    """What CudaKernels is on a GPU. `backwards` lets the last thread come first."""

    def __init__(self, library, device, backwards=False):
        self._library, self._device, self._backwards = library, device, backwards
        self.launched = []
        self.closed = False

    def launch(self, name, threads, arguments):
        blocks = -(-threads // THREADS_A_BLOCK)
        self.launched.append(name)
        kinds = [type(argument) for argument in arguments]
        runner = ctypes.c_void_p.in_dll(self._library, f'run_{name}').value
        function = ctypes.CFUNCTYPE(None, *[ctypes.c_int] * 3, *kinds)(runner)

        def work():
            values = [
                self._device.pointer(argument.value) if kind is ctypes.c_void_p else argument
                for kind, argument in zip(kinds, arguments, strict=True)
            ]
            function(blocks, THREADS_A_BLOCK, self._backwards, *values)

        self._device.put(work)

    def close(self):
        self.closed = True
