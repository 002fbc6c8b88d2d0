# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Run networks with ONNX Runtime, on any CPU and on NVIDIA GPUs with its GPU package.

The state stays in two sets of buffers on the device; each step reads one and writes the other.
"""

import numpy as np
import onnxruntime

from spike_recon_ros.backends.backend import (
    FULL_PRECISION,
    Placement,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.golden import FLOAT32
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError

_PROVIDERS = {'cpu': 'CPUExecutionProvider', 'gpu': 'CUDAExecutionProvider'}
_MEMORY = {'cpu': 'cpu', 'gpu': 'cuda'}
_ERRORS_ONLY = 3


def devices() -> tuple[str, ...]:
    """Return the devices on this machine; `gpu` is an NVIDIA GPU."""
    available = onnxruntime.get_available_providers()
    return tuple(device for device, provider in _PROVIDERS.items() if provider in available)


class OnnxRuntimeBackend:
    """A session with two bindings of its buffers, for even and for odd steps.

    Raises:
        UserError: the network cannot run at this size, the file is no ONNX graph, or the GPU is
            not usable.
    """

    step_events = None

    def __init__(self, bundle: Network, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        wanted = placement.acceleration.precision
        self.precision = chosen_precision('onnxruntime', (FULL_PRECISION,), wanted)
        self.tolerance = FLOAT32.of(bundle)
        self.name = f'onnxruntime f32 on {placement.device.upper()}'
        self._session = _session(bundle, placement)
        memory = _MEMORY[placement.device]
        self._events = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
            (1, bundle.bins, placement.height, placement.width), np.float32, memory
        )
        self._zeros = {
            name: np.zeros(shape, np.float32)
            for name, shape in bundle.state_shapes(placement.height, placement.width).items()
        }
        self._states = [
            {
                name: onnxruntime.OrtValue.ortvalue_from_numpy(zeros.copy(), memory)
                for name, zeros in self._zeros.items()
            }
            for _ in range(2)
        ]
        self._intensity = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
            bundle.image_shape(placement.height, placement.width), np.float32, 'cpu'
        )
        self._bindings = [self._bound(read=0, write=1), self._bound(read=1, write=0)]
        self._read = 0

    def step(self, x: np.ndarray, commit: bool = True) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        self._events.update_inplace(np.ascontiguousarray(x[None]))
        self._session.run_with_iobinding(self._bindings[self._read])
        if commit:
            self._read = 1 - self._read
        return self._bundle.image(self._intensity.numpy()).copy()

    def state(self, name: str) -> np.ndarray:
        """See Backend."""
        return self._states[self._read][name].numpy().copy()

    def reset(self) -> None:
        """Zero the state that the next step reads."""
        for name, zeros in self._zeros.items():
            self._states[self._read][name].update_inplace(zeros)

    def close(self) -> None:
        """Release session and buffers."""
        del self._bindings, self._states, self._events, self._intensity, self._session

    def _bound(self, read: int, write: int) -> 'onnxruntime.IOBinding':
        binding = self._session.io_binding()
        binding.bind_ortvalue_input('events', self._events)
        binding.bind_ortvalue_output('intensity', self._intensity)
        for name in self._zeros:
            binding.bind_ortvalue_input(f'{name}_in', self._states[read][name])
            binding.bind_ortvalue_output(f'{name}_out', self._states[write][name])
        return binding


def _session(bundle: Network, placement: Placement) -> 'onnxruntime.InferenceSession':
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = placement.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    provider = _PROVIDERS[placement.device]
    # Without TF32, which rounds float32 to a mantissa of ten bits.
    exact = {'use_tf32': '0'} if placement.device == 'gpu' else {}
    try:
        session = onnxruntime.InferenceSession(
            str(bundle.onnx), options, providers=[(provider, exact)], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's own exceptions share no other base
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
        raise UserError(
            f'ONNX Runtime cannot load {bundle.onnx} ({reason}); {FETCH_AGAIN}'
        ) from None
    if provider not in session.get_providers():  # it falls back to the CPU silently
        raise UserError(
            'ONNX Runtime found no usable CUDA; install the CUDA and cuDNN that its version '
            'needs, or set device:=cpu'
        )
    expected = {'events': bundle.bins} | {f'{one.name}_in': one.channels for one in bundle.state}
    found = {one.name: one.shape[1] for one in session.get_inputs()}
    if found != expected:
        raise UserError(
            f'{bundle.onnx} takes {found} (channels by input), not {expected} as described; '
            f'{FETCH_AGAIN}'
        )
    return session
