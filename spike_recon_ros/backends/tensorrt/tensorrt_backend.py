# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Run networks with TensorRT or TensorRT-RTX on NVIDIA GPUs.

The engine must have been built before. Events, or the tensor computed from them, are copied to the
device and the image back; the state stays on the device, see device_state.py.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from spike_recon_ros.backends.backend import (
    AUTO,
    PRECISIONS,
    Placement,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.backends.cuda.cuda_device import CudaDevice, problem
from spike_recon_ros.backends.cuda.device import Device
from spike_recon_ros.backends.cuda.voxel_grid import Kernels, load_device_voxel_grid
from spike_recon_ros.backends.tensorrt.device_state import Context, DeviceState
from spike_recon_ros.backends.tensorrt.engine_builder import key_here
from spike_recon_ros.backends.tensorrt.engine_cache import (
    EngineKey,
    build_command,
    engine_path,
    read_engine,
)
from spike_recon_ros.backends.tensorrt.library import library, quiet_logger
from spike_recon_ros.bundles.golden import BFLOAT16, FLOAT16, FLOAT32
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events

_TOLERANCES = {'fp32': FLOAT32, 'fp16': FLOAT16, 'bf16': BFLOAT16}
_ITEM_BYTES = {'FLOAT': 4, 'HALF': 2, 'BF16': 2}


def devices() -> tuple[str, ...]:
    """Return ('gpu',) if driver and library are usable, else ()."""
    try:
        library()
    except UserError:
        return ()
    return () if problem() else ('gpu',)


class Opened(NamedTuple):
    """An engine that is ready to run.

    Attributes:
        device: device of the engine.
        context: execution context of the engine.
        state_bytes: size of each state tensor by name.
        precision: number format of the engine.
        library: name and version of the library.
        kernels: function that compiles the voxel grid kernels for a stream; None = NVRTC.
        kept: objects that the context needs but may not keep alive.
    """

    device: Device
    context: Context
    state_bytes: dict[str, int]
    precision: str
    library: str
    kernels: Callable[[str, int], Kernels] | None = None
    kept: tuple[Any, ...] = ()


class TensorRtBackend:
    """An engine with its state on the device.

    Args:
        bundle: bundle of the network.
        placement: tensor size; the device must be `gpu`.
        opened: function that opens the engine; replaced in tests.

    Raises:
        UserError: the network cannot run at this size, no engine fits, or the GPU is not usable.
    """

    def __init__(
        self,
        bundle: Network,
        placement: Placement,
        opened: Callable[[Network, Placement], Opened] | None = None,
    ) -> None:
        check_size(bundle, placement)
        if placement.device != 'gpu':
            raise UserError('TensorRT runs on GPUs only; set device:=gpu, or another backend')
        self._bundle, self._placement = bundle, placement
        engine = (opened or _opened)(bundle, placement)
        self.tolerance = _TOLERANCES[engine.precision].of(bundle)
        self.precision = engine.precision
        height, width = placement.height, placement.width
        self._kept, self._state_bytes = engine.kept, engine.state_bytes
        self._state = DeviceState(
            engine.device,
            engine.context,
            (1, bundle.bins, height, width),
            bundle.image_shape(placement.height, placement.width),
            engine.state_bytes,
            placement.acceleration.graphs,
        )
        without = self._state.no_graphs
        graphs = f'without CUDA graphs: {without}' if without else 'with CUDA graphs'
        try:
            voxel_grid = load_device_voxel_grid(bundle, placement, engine.device, engine.kernels)
        except UserError:
            self._state.close()
            raise
        self._voxel_grid, voxel_grid_info = voxel_grid
        self.step_events = None if self._voxel_grid is None else self._step_events
        self.name = f'{engine.library} {engine.precision} on GPU, {graphs}, {voxel_grid_info}'

    def step(self, x: np.ndarray, commit: bool = True) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        return self._bundle.image(self._state.step(x[None], commit))

    def _step_events(
        self, events: Events, t_start_ns: int, t_end_ns: int, commit: bool = True
    ) -> np.ndarray:
        voxel_grid = self._voxel_grid
        assert voxel_grid is not None
        put = partial(voxel_grid.put, events, t_start_ns, t_end_ns)
        return self._bundle.image(self._state.step_with(put, commit))

    def state(self, name: str) -> np.ndarray:
        """See Backend."""
        shape = self._bundle.state_shapes(self._placement.height, self._placement.width)[name]
        if self._state_bytes[name] == 4 * np.prod(shape):
            values = self._state.read(name, np.float32)
        elif self.precision == 'fp16':
            values = self._state.read(name, np.float16).astype(np.float32)
        else:  # bfloat16 is the upper half of a float32
            values = (self._state.read(name, np.uint16).astype(np.uint32) << 16).view(np.float32)
        return values.reshape(shape)

    def reset(self) -> None:
        """Zero the state."""
        self._state.reset()

    def close(self) -> None:
        """Free the memory of the device."""
        if self._voxel_grid is not None:
            self._voxel_grid.close()
        self._voxel_grid = self.step_events = None
        self._state.close()
        del self._state, self._kept


def _opened(bundle: Network, placement: Placement) -> Opened:
    if why_not := problem():
        raise UserError(f'TensorRT cannot run here ({why_not}); set device:=cpu')
    key, plan = _engine(bundle, placement)
    logger = quiet_logger()
    runtime = library().Runtime(logger)
    engine = runtime.deserialize_cuda_engine(plan)
    context = None if engine is None else engine.create_execution_context()
    if context is None:
        raise UserError(
            f'{key.library} cannot run the engine of {bundle.name}; see its messages above, and '
            f'run: {build_command(bundle, key)}'
        )
    state_bytes = {
        name: int(np.prod(shape)) * _item_bytes(engine, f'{name}_in')
        for name, shape in bundle.state_shapes(placement.height, placement.width).items()
    }
    kept = engine, runtime, logger
    return Opened(CudaDevice(), context, state_bytes, key.precision, key.library, kept=kept)


def _engine(bundle: Network, placement: Placement) -> tuple[EngineKey, bytes]:
    """Return the engine in the wanted precision and what it was built for.

    With precision `auto`, the fastest engine that exists is selected. If it does not fit, the
    error names the command that builds it again.
    """
    wanted = placement.acceleration.precision
    chosen_precision('tensorrt', PRECISIONS, wanted)
    keys = [key_here(bundle, placement, one) for one in PRECISIONS if wanted in (one, AUTO)]
    there = [key for key in keys if engine_path(bundle, key).is_file()]
    key = (there or keys[-1:])[0]
    return key, read_engine(bundle, key)


def _item_bytes(engine: Any, name: str) -> int:
    kind = engine.get_tensor_dtype(name).name
    if kind not in _ITEM_BYTES:
        raise UserError(f'the engine stores the state {name} as {kind}; build it again')
    return _ITEM_BYTES[kind]
