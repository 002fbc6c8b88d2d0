# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks in OpenVINO: the fastest on the CPUs of most machines.

Comes in: a bundle's ONNX file. Goes out: a Backend. The state is made internal to the compiled
network, which then keeps it in the layout that suits its kernels.
"""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino._offline_transformations import apply_make_stateful_transformation

from spike_recon_ros.backends.backend import (
    EIGHT_BITS,
    FULL_PRECISION,
    Placement,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.backends.cpu_instructions import multiplies_bytes
from spike_recon_ros.backends.user_cache import (
    cache_folder,
    keep_newest,
    read_private,
    write_private,
)
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.golden import BFLOAT16, FLOAT32, INT8
from spike_recon_ros.errors import UserError

BRAIN = 'bf16'
MOST_KEPT = 50
"""Compiled networks, a megabyte each."""
_TOLERANCES = {EIGHT_BITS: INT8, BRAIN: BFLOAT16, FULL_PRECISION: FLOAT32}


def devices() -> tuple[str, ...]:
    """Return what a network can run on here; a `gpu` is one of Intel's."""
    found = openvino.Core().available_devices
    return ('cpu', 'gpu') if any(name.startswith('GPU') for name in found) else ('cpu',)


class OpenVinoBackend:
    """A network compiled for one size.

    On a CPU with instructions for them it convolves in eight bits where the bundle has such a
    graph, and does all else, or without such a graph everything, in bfloat16: each takes about
    two thirds of the time of the next finer one, and the error stays near a grey level (where
    spikes turn, see bundles/golden.py). A bundle may rule bfloat16 out.

    Raises:
        UserError: the size does not suit the network, the file is no ONNX graph, or it cannot be
            run in the precision that is asked for.
    """

    step_events = None

    def __init__(self, bundle: Bundle, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        core = openvino.Core()
        device = placement.device.upper()
        offered = _precisions(core, bundle) if device == 'CPU' else (FULL_PRECISION,)
        wanted = placement.acceleration.precision
        self.precision = chosen_precision('openvino', offered, wanted)
        rest = BRAIN if BRAIN in offered and self.precision != FULL_PRECISION else 'f32'
        said = {EIGHT_BITS: f'int8 and {rest}'}.get(self.precision, rest)
        self.name = f'openvino {said} on {device}'
        self.tolerance = _TOLERANCES[self.precision].of(bundle)
        options: dict[str, Any] = {
            'INFERENCE_PRECISION_HINT': rest,
            'PERFORMANCE_HINT': 'LATENCY',
        }
        if device == 'CPU':
            options |= {'INFERENCE_NUM_THREADS': placement.threads, 'NUM_STREAMS': 1}
        onnx = bundle.int8_onnx if self.precision == EIGHT_BITS else None
        compiled = _compiled(core, onnx or bundle.onnx, bundle, placement, options)
        self._request = compiled.create_infer_request()

    def step(self, x: np.ndarray) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        outputs = self._request.infer([x[None]], share_inputs=True, share_outputs=True)
        return outputs[0][0, 0].copy()

    def reset(self) -> None:
        """Zero the state."""
        self._request.reset_state()

    def close(self) -> None:
        """Give the compiled network back."""
        del self._request


def _precisions(core: Any, bundle: Bundle) -> tuple[str, ...]:
    """Return those that a CPU has instructions for and the bundle allows, the fastest first."""
    able = core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    eight = bundle.int8_onnx is not None and 'INT8' in able and multiplies_bytes()
    brain = 'BF16' in able and bundle.bfloat16
    return (EIGHT_BITS,) * eight + (BRAIN,) * brain + (FULL_PRECISION,)


def _compiled(
    core: Any, onnx: Path, bundle: Bundle, placement: Placement, options: dict[str, Any]
) -> Any:
    """Compile, or take what was compiled before: a node's first packets wait for this.

    Bytes that do not fit any more (another OpenVINO, another CPU) are refused by the library, and
    written anew; that they compute the right thing is seen by the golden output.
    """
    device = placement.device.upper()
    if device != 'CPU':
        return _compile(core, onnx, bundle, placement, options)
    sha256 = bundle.description['sha256'][onnx.name]
    size = placement.height, placement.width
    about = openvino.__version__, sha256, bundle.state, size, sorted(options.items())
    digest = hashlib.sha256(repr(about).encode()).hexdigest()
    path = cache_folder() / 'openvino' / f'{digest[:32]}.blob'
    with contextlib.suppress(OSError, RuntimeError, UserError):
        return core.import_model(read_private(path), device, options)
    compiled = _compile(core, onnx, bundle, placement, options)
    with contextlib.suppress(OSError, RuntimeError):  # it is as good without
        write_private(path, compiled.export_model().getvalue())
        keep_newest(path.parent, '*.blob', MOST_KEPT)
    return compiled


def _compile(
    core: Any, onnx: Path, bundle: Bundle, placement: Placement, options: dict[str, Any]
) -> Any:
    """Read and compile the graph for one size, with `events` as its only input."""
    shapes = {
        f'{name}_in': list(shape)
        for name, shape in bundle.state_shapes(placement.height, placement.width).items()
    }
    shapes['events'] = [1, bundle.bins, placement.height, placement.width]
    try:
        model = core.read_model(onnx)
        model.reshape(shapes)
        pairs = {f'{spec.name}_in': f'{spec.name}_out' for spec in bundle.state}
        apply_make_stateful_transformation(model, pairs)
        return core.compile_model(model, placement.device.upper(), options)
    except Exception as error:  # also MemoryError, IndexError and others that pybind11 makes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise UserError(f'OpenVINO cannot load {onnx} ({reason}); {FETCH_AGAIN}') from None
