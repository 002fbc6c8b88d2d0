# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Step only the active part of the image with OpenVINO.

The library keeps the state of the whole network to itself, so parts are stepped by networks of
their own with explicit states. While parts are stepped, the state of the whole image is in arrays
here; before the whole is stepped again, it is copied back.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from spike_recon_ros.backends.active_part import Part, PartChooser, part_sizes
from spike_recon_ros.backends.openvino_graph import IN_BLOCKS, internal_states
from spike_recon_ros.backends.openvino_library import openvino
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.packets.events import Events
from spike_recon_ros.representations.voxel_blocks import SIDE, blocks_shape


class OpenVinoParts:
    """Networks for parts of the image, and the state while they run.

    Args:
        bundle: bundle of the network, whose output is one image of the size of its input.
        size: rows and columns of the input of the whole network.
        compiled: compiles the network with explicit states for other rows and columns.

    Attributes:
        steps: steps of parts since construction.
    """

    def __init__(
        self, bundle: Network, size: tuple[int, int], compiled: Callable[[tuple[int, int]], Any]
    ) -> None:
        self.steps = 0
        self._bundle, self._size = bundle, size
        sizes = part_sizes(*size)
        self._requests = {one: compiled(one).create_infer_request() for one in sizes}
        self._chooser = PartChooser(*size, sizes)
        self._states: dict[str, np.ndarray] = {}
        self._image: np.ndarray | None = None
        self._warm_up()

    def keep(self, image: np.ndarray) -> None:
        """Remember an image of the whole network, into which later parts are merged."""
        self._image = image.copy()

    def step(
        self, events: Events, blocks: np.ndarray, request: Any, commit: bool
    ) -> np.ndarray | None:
        """Step the part of the image with the events; return the whole image, freshly allocated.

        Args:
            events: all events since the last update of the state.
            blocks: input of the whole network, see voxel_blocks.
            request: request of the whole network, whose state is copied here.
            commit: whether to update the state.

        Returns: None = the whole image must be stepped, and nothing was done.
        """
        part = self._chooser.choose(events)
        if part is None or self._image is None:
            return None
        if not self._states:
            self._states = {
                name: np.array(one.state.data[0], np.float32)
                for name, one in internal_states(request, self._bundle).items()
            }
        self._run(part, blocks, commit)
        self.steps += 1
        return self._image.copy()

    def give_back(self, request: Any) -> bool:
        """Copy the state to the whole network, if it is here; return whether it was."""
        if not self._states:
            return False
        for name, one in internal_states(request, self._bundle).items():
            one.state = openvino.Tensor(self._states[name][None])
        self._states = {}
        return True

    def state(self, name: str) -> np.ndarray | None:
        """Return a copy of a state of the whole image; None if the whole network has it."""
        return self._states[name][None].copy() if self._states else None

    def reset(self) -> None:
        """Drop the state and the image."""
        self._states, self._image = {}, None
        self._chooser.reset()

    def _run(self, part: Part, blocks: np.ndarray, commit: bool) -> None:
        top, left = part.top // SIDE, part.left // SIDE
        rows, columns = part.height // SIDE, part.width // SIDE
        inputs = {IN_BLOCKS: blocks[None, top : top + rows, left : left + columns]}
        for spec in self._bundle.state:
            inputs[f'{spec.name}_in'] = part.cut(self._states[spec.name], spec.stride)[None]
        inputs = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        request = self._requests[part.height, part.width]
        outputs = request.infer(inputs, share_inputs=True, share_outputs=True)
        assert self._image is not None
        part.merge(outputs['intensity'][0], self._image[None])
        if commit:
            for spec in self._bundle.state:
                part.merge(outputs[f'{spec.name}_out'][0], self._states[spec.name], spec.stride)

    def _warm_up(self) -> None:
        """Run every network once: the first run takes several times as long as others."""
        shapes = self._bundle.state_shapes(*self._size)
        self._states = {name: np.zeros(shape[1:], np.float32) for name, shape in shapes.items()}
        self._image = np.zeros(self._size, np.float32)
        blocks = np.zeros(blocks_shape(self._bundle.bins, *self._size), np.float32)
        for rows, columns in self._requests:
            part = Part(
                0, 0, rows, columns, np.ones(rows, np.float32), np.ones(columns, np.float32)
            )
            self._run(part, blocks, commit=True)
        self.reset()
