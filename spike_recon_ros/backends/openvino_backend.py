# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks in OpenVINO: the fastest on the CPUs of most machines.

Comes in: a bundle's ONNX file. Goes out: a Backend. The state is made internal to the compiled
network, which then keeps it in the layout that suits its kernels.
"""

from typing import Any

import numpy as np
import openvino
from openvino._offline_transformations import apply_make_stateful_transformation

from spike_recon_ros.backends.backend import (
    FULL_PRECISION,
    Placement,
    check_input,
    check_size,
    state_shapes,
)
from spike_recon_ros.backends.bundle import FETCH_AGAIN, Bundle
from spike_recon_ros.backends.golden import BFLOAT16, FLOAT32
from spike_recon_ros.errors import UserError


def devices() -> tuple[str, ...]:
    """Return what a network can run on here; a `gpu` is one of Intel's."""
    found = openvino.Core().available_devices
    return ('cpu', 'gpu') if any(name.startswith('GPU') for name in found) else ('cpu',)


class OpenVinoBackend:
    """A network compiled for one size.

    On a CPU with bfloat16 instructions it computes in bfloat16, which halves the time and leads
    the recurrence nowhere else (error below a grey level; where spikes turn, see golden.py),
    unless the bundle says that bfloat16 is too coarse for it.

    Raises:
        UserError: the size does not suit the network, or the file is no ONNX graph.
    """

    step_events = None

    def __init__(self, bundle: Bundle, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        core = openvino.Core()
        device = placement.device.upper()
        able = device == 'CPU' and 'BF16' in core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
        bfloat16 = able and bundle.bfloat16
        self.name = f'openvino {"bf16" if bfloat16 else "f32"} on {device}'
        self.precision = 'bf16' if bfloat16 else FULL_PRECISION
        self.tolerance = (BFLOAT16 if bfloat16 else FLOAT32).of(bundle)
        options: dict[str, Any] = {
            'INFERENCE_PRECISION_HINT': 'bf16' if bfloat16 else 'f32',
            'PERFORMANCE_HINT': 'LATENCY',
        }
        if device == 'CPU':
            options |= {'INFERENCE_NUM_THREADS': placement.threads, 'NUM_STREAMS': 1}
        compiled = core.compile_model(_stateful(core, bundle, placement), device, options)
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


def _stateful(core: Any, bundle: Bundle, placement: Placement) -> Any:
    """Return the graph for one size, with `events` as its only input."""
    shapes = {f'{name}_in': list(shape) for name, shape in state_shapes(bundle, placement).items()}
    shapes['events'] = [1, bundle.bins, placement.height, placement.width]
    try:
        model = core.read_model(bundle.onnx)
        model.reshape(shapes)
        pairs = {f'{spec.name}_in': f'{spec.name}_out' for spec in bundle.state}
        apply_make_stateful_transformation(model, pairs)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise UserError(f'OpenVINO cannot read {bundle.onnx} ({reason}); {FETCH_AGAIN}') from None
    return model
