# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network as the reconstructor sees it.

Comes in: windows of events or spike planes. Goes out: intensity. Joins the network's input and the
backend, and knows nothing about what each of them does.
"""

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.choice import Choice, load_backend
from spike_recon_ros.backends.network_input import NetworkInput
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.representations.padding import crop
from spike_recon_ros.windows.window import Window

FORMING_NS = 300_000_000
"""After a reset the state forms, and many short windows form it better than few long ones."""
FORMING_WINDOWS = 1.25
"""Longest window then, in windows of the length that the network was trained for."""


class NetworkModel:
    """A Model that runs a bundle.

    Args:
        bundle: what to run.
        choice: what with.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        threads: CPU threads that the network may use.
        lookahead_planes: see Model; None = what the network was trained with.

    Attributes:
        name: of the bundle.
        description: model, backend, device and the reason for them, for the log.
        lookahead_planes: see Model.
        hop_planes: spike planes that a window must have; 0 = any number.

    Raises:
        UserError: the bundle cannot be loaded, does not give its golden output, or can look
            ahead only as it was trained.
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
        """See Model; shorter while the state forms."""
        longest = self._bundle.longest_window_ns
        if self._formed_ns >= FORMING_NS:
            return longest
        return min(longest, round(1e6 * FORMING_WINDOWS * self._bundle.window_ms))

    def step(self, window: Window) -> np.ndarray:
        """Take one window in; return float32 [height, width].

        A network for super-resolution gives more rows and columns.

        A window without a single event says that nothing has changed: the image stays, and so does
        the state, which would slowly forget it.

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
        self._forget_guesses(window)
        return self._last.copy()

    def _forget_guesses(self, window: Window) -> None:
        """Zero the state while the image is for a moment before the first plane.

        What a handful of planes lets one guess of that moment is no knowledge: a network that
        remembered it was 2 dB worse two images later. Features of planes, which networks of
        a fixed hop remember, are no guesses.
        """
        if not self.lookahead_planes or self.hop_planes:
            return
        self._planes += len(window.samples)
        if self._planes <= self.lookahead_planes:
            self._backend.reset()

    def _intensity(self, window: Window) -> np.ndarray:
        """Return the intensity of the padded size; the device makes the tensor where it can."""
        if self._backend.step_events is not None:
            return self._backend.step_events(window.samples, window.t_start_ns, window.t_end_ns)
        return self._backend.step(self._input.read(window))

    def forget(self) -> None:
        """Zero the recurrent state only: what the sensor sent is still known."""
        self._last = None
        self._formed_ns = 0
        self._backend.reset()

    def reset(self) -> None:
        """Zero the recurrent state."""
        self.forget()
        self._planes = 0
        self._input.reset()

    def close(self) -> None:
        """Give back what the backend holds."""
        self._backend.close()
