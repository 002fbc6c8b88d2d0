# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network as the reconstructor sees it.

Comes in: windows of events. Goes out: intensity at their ends. Joins the representation, the
padding and the backend, and knows nothing about what each of them does.
"""

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.bundle import Bundle
from spike_recon_ros.backends.choice import Choice, load_backend
from spike_recon_ros.representations.padding import crop, padded_size
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.windows.window import Window


class NetworkModel:
    """A Model that runs a bundle.

    Args:
        bundle: what to run.
        choice: what with.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        threads: CPU threads that the network may use.

    Attributes:
        name: of the bundle.
        description: model, backend, device and the reason for them, for the log.

    Raises:
        UserError: the bundle cannot be loaded, or does not give its golden output.
    """

    lookahead_planes = 0

    def __init__(
        self, bundle: Bundle, choice: Choice, width: int, height: int, threads: int = 1
    ) -> None:
        self.name = bundle.name
        self._bundle = bundle
        self._size = height, width
        padded = padded_size(height, width, bundle.pad_multiple)
        where = Placement(*padded, choice.device, threads)
        self._backend, used = load_backend(choice, bundle, where)
        self.description = f'{bundle.name} with {self._backend.name} ({used.reason})'
        # The sensor is the top left of it. Beyond the sensor nothing ever happens, so zero.
        self._tensor = np.zeros((bundle.bins, *padded), np.float32)
        self._last: np.ndarray | None = None

    def step(self, window: Window) -> np.ndarray:
        """Take one window in; return float32 [height, width] at its end.

        A window without a single event says that nothing has changed: the image stays, and so does
        the state, which would slowly forget it.
        """
        if not len(window.events) and self._last is not None:
            return self._last.copy()
        height, width = self._size
        image = crop(self._intensity(window), height, width)
        self._last = np.ascontiguousarray(image)
        return self._last.copy()

    def _intensity(self, window: Window) -> np.ndarray:
        """Return the intensity of the padded size; the device makes the tensor where it can."""
        if self._backend.step_events is not None:
            return self._backend.step_events(window.events, window.t_start_ns, window.t_end_ns)
        height, width = self._size
        voxel_grid(
            window.events,
            window.t_start_ns,
            window.t_end_ns,
            bins=self._bundle.bins,
            height=height,
            width=width,
            normalisation=self._bundle.normalisation,
            out=crop(self._tensor, height, width),
        )
        return self._backend.step(self._tensor)

    def reset(self) -> None:
        """Zero the recurrent state."""
        self._last = None
        self._backend.reset()

    def close(self) -> None:
        """Give back what the backend holds."""
        self._backend.close()
