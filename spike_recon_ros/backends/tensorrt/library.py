# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Build an engine from an ONNX graph with TensorRT or TensorRT-RTX, whichever is installed.

The code uses only what TensorRT 10.3 to 11 and TensorRT-RTX have in common. Networks are strongly
typed: an engine computes in the types of its graph.
"""

import importlib
import importlib.util
from collections.abc import Callable
from types import ModuleType
from typing import Any

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError

MODULES = 'tensorrt', 'tensorrt_rtx', 'tensorrt_rtx_bindings'
"""Modules with the API, in order of preference; the last one is the bare bindings."""


def library() -> ModuleType:
    """Return the module.

    Raises:
        UserError: none is installed, or what is installed is broken.
    """
    for name in MODULES:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            return importlib.import_module(name)
        except (ImportError, OSError, RuntimeError) as error:  # bindings without their libraries
            reason = ' '.join(str(error).split())
            raise UserError(
                f'{name} is installed and cannot be loaded ({reason}); install it again, or set '
                'backend:=auto'
            ) from None
    raise UserError(f'TensorRT is not installed; run: {pip_install("tensorrt")}')


def library_version() -> str:
    """Return name and version, as `tensorrt 10.3.0`."""
    module = library()
    return f'{module.__name__} {module.__version__}'


def quiet_logger() -> Any:
    """Return a logger that writes warnings and errors to stderr."""
    module = library()
    return module.Logger(module.Logger.WARNING)


def build_engine(
    bundle: Network,
    placement: Placement,
    graph: bytes,
    timing: bytes = b'',
    report: Callable[[str], None] = print,
) -> tuple[bytes, bytes]:
    """Build an engine for one size; it takes from seconds to many minutes.

    Args:
        bundle: bundle of the network.
        placement: size of the tensors.
        graph: serialized ONNX graph in the precision to compute in.
        timing: timing cache of an earlier build on this machine, or empty.
        report: called with lines about the progress.

    Returns: the serialized engine, and the timing cache for the next build.

    Raises:
        UserError: the graph cannot be parsed, lacks a tensor of the description, or TensorRT
            cannot build it.
    """
    trt, logger = library(), quiet_logger()
    builder = trt.Builder(logger)
    typed = getattr(trt.NetworkDefinitionCreationFlag, 'STRONGLY_TYPED', None)
    # Later versions have no flag: all networks are strongly typed.
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(graph):
        reason = str(parser.get_error(0)) if parser.num_errors else 'no reason given'
        reason = ' '.join(reason.split())
        raise UserError(f'TensorRT cannot read {bundle.onnx} ({reason}); {FETCH_AGAIN}')
    _fix_sizes(network, bundle, placement)
    config = builder.create_builder_config()
    if hasattr(trt.BuilderFlag, 'TF32'):
        config.clear_flag(trt.BuilderFlag.TF32)  # compute in full float32
    monitor = _monitor(trt, report)  # the library does not keep it alive
    config.progress_monitor = monitor
    cache = None
    if 'rtx' not in trt.__name__:  # RTX measures at run time only
        cache = config.create_timing_cache(timing)
        config.set_timing_cache(cache, True)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise UserError(
            f'{library_version()} cannot build {bundle.name}; see its messages above, or '
            'set backend:=auto'
        )
    return bytes(plan), timing if cache is None else bytes(cache.serialize())


def _fix_sizes(network: Any, bundle: Network, placement: Placement) -> None:
    """Set the shape of every input; check the names of inputs and outputs."""
    shapes: dict[str, tuple[int, ...]] = {
        f'{name}_in': shape
        for name, shape in bundle.state_shapes(placement.height, placement.width).items()
    }
    shapes['events'] = 1, bundle.bins, placement.height, placement.width
    inputs = {one.name: one for one in map(network.get_input, range(network.num_inputs))}
    outputs = {network.get_output(index).name for index in range(network.num_outputs)}
    wanted = {'intensity', *(f'{one.name}_out' for one in bundle.state)}
    channels = {name: shape[1] for name, shape in shapes.items()}
    found = {name: one.shape[1] for name, one in inputs.items()}
    if found != channels or outputs != wanted:
        raise UserError(
            f'{bundle.onnx} takes {found} (channels by input) and gives {sorted(outputs)}, not '
            f'{channels} and {sorted(wanted)} as described; {FETCH_AGAIN}'
        )
    for name, shape in shapes.items():
        inputs[name].shape = shape


def _monitor(trt: Any, report: Callable[[str], None]) -> Any:
    """Return a progress monitor that reports the phases of a build."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            if parent is None or steps > 1:
                report(f'{phase} ({steps} steps)')

        def phase_finish(self, phase: str) -> None:
            pass

        def step_complete(self, phase: str, step: int) -> bool:
            return True

    return Monitor()
