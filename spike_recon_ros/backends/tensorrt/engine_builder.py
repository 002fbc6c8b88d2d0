# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Build the engines that a bundle needs on this machine for one sensor.

Building is a command of its own because it takes too long for the start of a node.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from spike_recon_ros.backends.backend import FULL_PRECISION, Placement
from spike_recon_ros.backends.cuda.cuda_device import compute_capability, problem
from spike_recon_ros.backends.tensorrt.engine_cache import (
    EngineKey,
    onnx_sha256,
    read_timing_cache,
    timing_cache_path,
    write_engine,
    write_timing_cache,
)
from spike_recon_ros.backends.tensorrt.library import build_engine, library_version
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import padded_size


def key_here(bundle: Network, placement: Placement, precision: str) -> EngineKey:
    """Return what an engine must have been built for to run here."""
    size = f'{placement.width}x{placement.height}'
    return EngineKey(onnx_sha256(bundle), library_version(), compute_capability(), size, precision)


def graph_in(bundle: Network, precision: str) -> bytes:
    """Return the serialized ONNX graph of a bundle in a precision.

    Raises:
        UserError: it cannot be converted, or the library onnx is not installed.
    """
    if precision == FULL_PRECISION:
        return bundle.onnx.read_bytes()
    try:
        half_precision = importlib.import_module('spike_recon_ros.bundles.half_precision')
    except ImportError as error:
        raise UserError(
            f'{precision} needs the library onnx ({error}); run: pip install onnx, or build with '
            f'--precision {FULL_PRECISION}'
        ) from None
    return bytes(half_precision.half_graph(bundle, precision))


def build_engines(
    bundle: Network, width: int, height: int, precision: str, report: Callable[[str], None]
) -> list[Path]:
    """Build the engine for a sensor and the small one that the self-test at load runs.

    Args:
        bundle: the network to run.
        width: columns of the sensor, pixels.
        height: rows of the sensor, pixels.
        precision: `fp32`, `fp16` or `bf16`; engines compute in the types of the graph.
        report: called with lines about the progress.

    Raises:
        UserError: there is no GPU, the graph cannot be converted, or no engine can be made.
    """
    if why_not := problem():
        raise UserError(f'an engine must be built on the GPU that runs it, but {why_not}')
    sizes = [read_golden(bundle)[0].shape[2:], padded_size(height, width, bundle.pad_multiple)]
    written = []
    for rows, columns in sizes:
        placement = Placement(rows, columns, 'gpu')
        key = key_here(bundle, placement, precision)
        report(f'{bundle.name} at {key.size} in {precision} with {key.library}')
        timing = timing_cache_path(key.library, key.compute_capability)
        engine, measured = build_engine(
            bundle, placement, graph_in(bundle, precision), read_timing_cache(timing), report
        )
        if measured:
            write_timing_cache(timing, measured)
        written.append(write_engine(bundle, key, engine))
    return written
