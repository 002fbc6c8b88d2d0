# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Run networks with PyTorch from their definition, where no faster library is installed.

The only file of the runtime that imports torch. On a GPU the step is recorded as a CUDA graph once
and then replayed.
"""

from collections.abc import Callable

import numpy as np
import torch

from spike_recon_models.trained_network import trained_network
from spike_recon_ros.backends.backend import (
    FULL_PRECISION,
    Placement,
    StepEvents,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.backends.cuda.voxel_grid import DeviceVoxelGrid, load_device_voxel_grid
from spike_recon_ros.bundles.golden import FLOAT32
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.packets.events import Events

_STEPS_BEFORE_RECORDING = 3


def devices() -> tuple[str, ...]:
    """Return the devices on this machine; `gpu` is one that CUDA or ROCm drives."""
    return ('cpu', 'gpu') if torch.cuda.is_available() else ('cpu',)


class TorchBackend:
    """A network definition with the bundle's weights; input, state and output are fixed buffers.

    Raises:
        UserError: the network cannot run at this size, or the weights do not fit the definition.
    """

    step_events: StepEvents | None = None
    _voxel_grid: DeviceVoxelGrid | None = None

    def __init__(self, bundle: Network, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        wanted = placement.acceleration.precision
        self.precision = chosen_precision('torch', (FULL_PRECISION,), wanted)
        self.tolerance = FLOAT32.of(bundle)
        self.name = f'torch f32 on {placement.device.upper()}'
        device = torch.device('cuda' if placement.device == 'gpu' else 'cpu')
        if device.type == 'cpu':
            torch.set_num_threads(placement.threads)
        self._network = trained_network(bundle).to(device)
        height, width = placement.height, placement.width
        self._x = torch.zeros(1, bundle.bins, height, width, device=device)
        self._state = self._network.zero_state(1, height, width)
        self._next_state = self._network.zero_state(1, height, width)
        self._intensity = torch.zeros(
            bundle.image_shape(placement.height, placement.width), device=device
        )
        self._run: Callable[[], None] = self._compute
        if device.type == 'cuda':
            self.name += self._prepare_gpu(placement.acceleration.graphs)
            self._voxel_grid, voxel_grid_info = load_device_voxel_grid(bundle, placement)
            self.step_events = None if self._voxel_grid is None else self._step_events
            self.name += f', {voxel_grid_info}'

    def step(self, x: np.ndarray, commit: bool = True) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        with torch.inference_mode():
            self._x.copy_(torch.from_numpy(np.ascontiguousarray(x))[None])
            return self._run_step(commit)

    def _step_events(
        self, events: Events, t_start_ns: int, t_end_ns: int, commit: bool = True
    ) -> np.ndarray:
        assert self._voxel_grid is not None
        # The voxel grid has a stream of its own: `write` returns when the tensor is complete.
        self._voxel_grid.write(events, t_start_ns, t_end_ns, self._x.data_ptr())
        with torch.inference_mode():
            return self._run_step(commit)

    def _run_step(self, commit: bool) -> np.ndarray:
        self._run()
        if commit:
            for mine, new in zip(self._state, self._next_state, strict=True):
                mine.copy_(new)
        return self._bundle.image(self._intensity.cpu().numpy()).copy()

    def state(self, name: str) -> np.ndarray:
        """See Backend."""
        tensors = dict(zip((one.name for one in self._bundle.state), self._state, strict=True))
        return tensors[name].cpu().numpy().copy()

    def reset(self) -> None:
        """Zero the state."""
        for tensor in self._state:
            tensor.zero_()

    def close(self) -> None:
        """Release network and buffers."""
        if self._voxel_grid is not None:
            self._voxel_grid.close()
            self._voxel_grid = self.step_events = None
        del self._run, self._network, self._x, self._state, self._next_state, self._intensity

    def _prepare_gpu(self, graphs: bool) -> str:
        """Record the step if requested and possible; return a suffix for the name."""
        without = 'switched off'
        if graphs:
            try:
                self._run = self._recorded()
            except RuntimeError as error:
                without = ' '.join(str(error).split())
            else:
                return ', with CUDA graphs'
        self.reset()  # a failed recording may have changed the state
        return f', without CUDA graphs: {without}'

    def _compute(self) -> None:
        """Run the network on the buffers; write the image and the state after this step."""
        # By default, cuDNN may round float32 to TF32, with a mantissa of ten bits.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            intensity, state = self._network(self._x, self._state)
        self._intensity.copy_(intensity)
        for mine, new in zip(self._next_state, state, strict=True):
            mine.copy_(new)

    def _recorded(self) -> Callable[[], None]:
        """Record a step and return its replay; the state is zeroed afterwards."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode(), torch.cuda.stream(stream):
            for _ in range(_STEPS_BEFORE_RECORDING):
                self._compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.inference_mode(), torch.cuda.graph(graph):
            self._compute()
        self.reset()
        return graph.replay
