# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks in PyTorch: the definition itself, for machines that have nothing faster.

Comes in: a bundle's weights and the name of its definition. Goes out: a Backend. The only file of
the runtime that imports torch. On a GPU the step is recorded once as a CUDA graph and replayed.
"""

from collections.abc import Callable

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_models.networks.registry import make_network
from spike_recon_ros.backends.backend import (
    FULL_PRECISION,
    Placement,
    StepEvents,
    check_input,
    check_size,
    chosen_precision,
)
from spike_recon_ros.backends.cuda.voxel_grid import DeviceVoxelGrid, load_device_voxel_grid
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.golden import FLOAT32
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events

_STEPS_BEFORE_RECORDING = 3


def devices() -> tuple[str, ...]:
    """Return what a network can run on here; a `gpu` is one that CUDA or ROCm drives."""
    return ('cpu', 'gpu') if torch.cuda.is_available() else ('cpu',)


class TorchBackend:
    """The definition with the bundle's weights; input, state and output are fixed buffers.

    Raises:
        UserError: the size does not suit the network, or the weights do not fit the definition.
    """

    step_events: StepEvents | None = None
    _voxel_grid: DeviceVoxelGrid | None = None

    def __init__(self, bundle: Bundle, placement: Placement) -> None:
        check_size(bundle, placement)
        self._bundle, self._placement = bundle, placement
        wanted = placement.acceleration.precision
        self.precision = chosen_precision('torch', (FULL_PRECISION,), wanted)
        self.tolerance = FLOAT32.of(bundle)
        self.name = f'torch f32 on {placement.device.upper()}'
        device = torch.device('cuda' if placement.device == 'gpu' else 'cpu')
        if device.type == 'cpu':
            torch.set_num_threads(placement.threads)
        self._network = _network(bundle).to(device)
        height, width = placement.height, placement.width
        self._x = torch.zeros(1, bundle.bins, height, width, device=device)
        self._state = self._network.zero_state(1, height, width)
        self._intensity = torch.zeros(
            bundle.image_shape(placement.height, placement.width), device=device
        )
        self._run: Callable[[], None] = self._compute
        if device.type == 'cuda':
            self.name += self._prepare_gpu(placement.acceleration.graphs)
            self._voxel_grid, said = load_device_voxel_grid(bundle, placement)
            self.step_events = None if self._voxel_grid is None else self._step_events
            self.name += f', {said}'

    def step(self, x: np.ndarray) -> np.ndarray:
        """See Backend."""
        check_input(self._bundle, self._placement, x)
        with torch.inference_mode():
            self._x.copy_(torch.from_numpy(np.ascontiguousarray(x))[None])
            return self._moved_on()

    def _step_events(self, events: Events, t_start_ns: int, t_end_ns: int) -> np.ndarray:
        assert self._voxel_grid is not None
        # It has a stream of its own: done before PyTorch's begins, as that is done before this.
        self._voxel_grid.write(events, t_start_ns, t_end_ns, self._x.data_ptr())
        with torch.inference_mode():
            return self._moved_on()

    def _moved_on(self) -> np.ndarray:
        self._run()
        intensity: np.ndarray = self._intensity[0, 0].cpu().numpy().copy()
        return intensity

    def reset(self) -> None:
        """Zero the state."""
        for tensor in self._state:
            tensor.zero_()

    def close(self) -> None:
        """Give network and buffers back."""
        if self._voxel_grid is not None:
            self._voxel_grid.close()
            self._voxel_grid = self.step_events = None
        del self._run, self._network, self._x, self._state, self._intensity

    def _prepare_gpu(self, graphs: bool) -> str:
        """Record the step where that is wanted and possible; return what to add to the name."""
        without = 'switched off'
        if graphs:
            try:
                self._run = self._recorded()
            except RuntimeError as error:
                without = ' '.join(str(error).split())
            else:
                return ', with CUDA graphs'
        self.reset()  # what failed may have moved it
        return f', without CUDA graphs: {without}'

    def _compute(self) -> None:
        """Read the buffers and write the results back to them."""
        # Convolutions on GPUs would round float32 to the ten bits of TF32 unless told otherwise.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            intensity, state = self._network(self._x, self._state)
        self._intensity.copy_(intensity)
        for mine, new in zip(self._state, state, strict=True):
            mine.copy_(new)

    def _recorded(self) -> Callable[[], None]:
        """Return the replay of a recorded step; recording moves the state, so it is zeroed."""
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


def _network(bundle: Bundle) -> RecurrentNetwork:
    try:
        network = make_network(bundle.network, **bundle.network_arguments)
        network.load_state_dict(load_file(bundle.weights))
    except ValueError as error:
        raise UserError(f'{bundle.name}: {error}; update spike_recon_ros') from None
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise UserError(
            f'{bundle.weights} does not fit the network {bundle.network} ({reason}); {FETCH_AGAIN}'
        ) from None
    return network.eval()
