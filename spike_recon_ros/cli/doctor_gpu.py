# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The findings of `spike-recon doctor` about an NVIDIA GPU: driver, compiler, engines."""

import importlib
from typing import Any

from spike_recon_ros.backends.tensorrt.engine_cache import (
    EngineKey,
    build_command,
    engine_folder,
    engine_path,
    engines_there,
    onnx_sha256,
)
from spike_recon_ros.bundles.zoo import zoo_names
from spike_recon_ros.cli.doctor_checks import OPTIONAL, Finding
from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import network_of

_BACKENDS = 'spike_recon_ros.backends'
_RUNS, _VOXEL_GRID = 'backend tensorrt', 'voxel grid on the GPU'
_DRIVER = "install NVIDIA's driver (Ubuntu: sudo ubuntu-drivers install; a Jetson: JetPack 6)"


def gpu_findings() -> list[Finding]:
    """Return what is installed and what is missing, each with its cure."""
    try:
        cuda_device = importlib.import_module(f'{_BACKENDS}.cuda.cuda_device')
    except ImportError:
        cure = (
            f'cuda-bindings is not installed; run: {pip_install("tensorrt")}, or on a '
            "Jetson: pip install 'cuda-bindings>=12.9,<13'"
        )
        return [Finding('NVIDIA GPU', OPTIONAL, '', cure, _RUNS)]
    why_not = cuda_device.problem()
    found = '' if why_not else f'compute capability {cuda_device.compute_capability()}'
    cure = f'{why_not}; {_DRIVER}'
    return [
        Finding('NVIDIA GPU', OPTIONAL, found, cure, f'{_RUNS}, torch and onnxruntime on a GPU'),
        _compiler(),
        *(
            _engines(cuda_device)
            if found
            else [_no_engines('they are built on the GPU that runs them, and there is none here')]
        ),
    ]


def _compiler() -> Finding:
    try:
        found, cure = importlib.import_module(f'{_BACKENDS}.cuda.kernels').nvrtc_version(), ''
    except (ImportError, UserError) as error:
        found, cure = '', str(error)
    return Finding('CUDA compiler NVRTC', OPTIONAL, found, cure, _VOXEL_GRID)


def _engines(cuda_device: Any) -> list[Finding]:
    """Return one finding for all usable engines, and one for each that is not usable."""
    try:
        library = importlib.import_module(f'{_BACKENDS}.tensorrt.library').library_version()
    except UserError as error:
        return [_no_engines(str(error))]
    capability = cuda_device.compute_capability()
    bundles = [network_of(name) for name in zoo_names()]
    fit, findings = [], []
    for path, key in engines_there():
        bundle = next((one for one in bundles if engine_path(one, key) == path), None)
        graph = key.onnx_sha256 if bundle is None else onnx_sha256(bundle)
        here = EngineKey(graph, library, capability, key.size, key.precision)
        why_not = key.difference(here)
        if not why_not:
            fit.append(path.stem)
            continue
        command = 'build it again' if bundle is None else f'run: {build_command(bundle, key)}'
        findings.append(Finding(path.name, OPTIONAL, '', f'it {why_not}; {command}', _RUNS))
    if not fit and not findings:
        return [_no_engines('none is built yet; run: spike-recon build two_scale_gru --size WxH')]
    return [Finding('engines', OPTIONAL, ', '.join(fit), 'none of them fits', _RUNS), *findings]


def _no_engines(why: str) -> Finding:
    return Finding(f'engines in {engine_folder()}', OPTIONAL, '', why, _RUNS)
