# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A Model that runs a network: representation, padding and backend joined."""

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import Choice, load_backend
from spike_recon_ros.backends.network_input import NetworkInput
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.representations.padding import crop
from spike_recon_ros.windows.window import Window

FORMING_NS = 300_000_000
"""Time after a reset in which windows are split, as short windows build the state faster."""
FORMING_WINDOWS = 1.25
"""Longest window in that time, as a multiple of the window length used in training."""


class NetworkModel:
    """A Model that runs a bundle.

    Args:
        bundle: bundle of the network.
        choice: backend to run it with.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        threads: number of CPU threads of the network.
        lookahead_planes: see Model; None = as in training.

    Attributes:
        name: name of the bundle.
        description: model, backend, device and the reason for the choice, for the log.
        lookahead_planes: see Model.
        hop_planes: see Model.

    Raises:
        UserError: the bundle cannot be loaded, deviates from its golden output, or does not
            support another lookahead than that of its training.
    """

    def __init__(
        self,
        bundle: Bundle,
        choice: Choice,
        width: int,
        height: int,
        threads: int = 1,
        lookahead_planes: int | None = None,
    ) -> None:
        self.name = bundle.name
        self._bundle = bundle
        self._size = height, width
        self._input = NetworkInput(bundle, width, height, lookahead_planes)
        where = Placement(*self._input.padded, choice.device, threads)
        self._backend, used = load_backend(choice, bundle, where)
        self.description = f'{bundle.name} with {self._backend.name} ({used.reason})'
        self.hop_planes = bundle.hop_planes
        self.lookahead_planes = self._input.lookahead_planes
        self._last: np.ndarray | None = None
        self._formed_ns = 0
        self._planes = 0

    @property
    def longest_window_ns(self) -> int:
        """See Model; shorter in the first FORMING_NS after a reset."""
        longest = self._bundle.longest_window_ns
        if self._formed_ns >= FORMING_NS:
            return longest
        return min(longest, round(1e6 * FORMING_WINDOWS * self._bundle.window_ms))

    def step(self, window: Window) -> np.ndarray:
        """Run the network on one window; return float32 [height, width].

        Networks for super-resolution return more rows and columns.

        After a window without events the image and the state stay as they are: without new events
        the network would slowly forget the scene.

        Raises:
            UserError: the network needs windows of another number of spike planes.
        """
        if not len(window.samples) and self._last is not None:
            return self._last.copy()
        self._formed_ns += window.t_end_ns - window.t_start_ns
        height, width = self._size
        self._input.check_hop(window)
        scale = self._bundle.output_scale
        image = crop(self._intensity(window), scale * height, scale * width)
        self._last = np.ascontiguousarray(image)
        self._zero_extrapolated_state(window)
        return self._last.copy()

    def _zero_extrapolated_state(self, window: Window) -> None:
        """Zero the state while the image is for an instant before the first plane.

        Such images are extrapolated from a few planes. A network that kept the state of these
        steps was 2 dB worse two images later. Networks with a fixed hop keep features of planes
        instead, which are measured, so their state stays.
        """
        if not self.lookahead_planes or self.hop_planes:
            return
        self._planes += len(window.samples)
        if self._planes <= self.lookahead_planes:
            self._backend.reset()

    def _intensity(self, window: Window) -> np.ndarray:
        """Return the intensity at padded size, from a voxel grid on the GPU if possible."""
        if self._backend.step_events is not None:
            return self._backend.step_events(window.samples, window.t_start_ns, window.t_end_ns)
        return self._backend.step(self._input.read(window))

    def forget(self) -> None:
        """Zero the recurrent state only; the representation keeps its history of the sensor."""
        self._last = None
        self._formed_ns = 0
        self._backend.reset()

    def reset(self) -> None:
        """Zero the recurrent state and clear the history of the representation."""
        self.forget()
        self._planes = 0
        self._input.reset()

    def close(self) -> None:
        """Close the backend."""
        self._backend.close()
