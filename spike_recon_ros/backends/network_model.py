# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network as the reconstructor sees it.

Comes in: windows of events or spike planes. Goes out: intensity. Joins the representation, the
padding and the backend, and knows nothing about what each of them does.
"""

import numpy as np

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.bundle import Bundle
from spike_recon_ros.backends.choice import Choice, load_backend
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import crop, mirror_beyond, padded_size
from spike_recon_ros.representations.representations import representation_for, with_lookahead
from spike_recon_ros.windows.window import Window


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
        padded = padded_size(height, width, bundle.pad_multiple)
        where = Placement(*padded, choice.device, threads)
        self._backend, used = load_backend(choice, bundle, where)
        self.description = f'{bundle.name} with {self._backend.name} ({used.reason})'
        said = bundle.representation
        if lookahead_planes is not None and bundle.sensor == 'spike':
            said = with_lookahead(said, lookahead_planes)
        self._representation = representation_for(said, width, height)
        if self._representation.channels != bundle.bins:
            raise UserError(
                f'{bundle.name} reads {bundle.bins} channels, but its representation has '
                f'{self._representation.channels}; export the bundle again'
            )
        self.hop_planes = bundle.hop_planes
        self.lookahead_planes = self._representation.lookahead_planes
        # The sensor is the top left of it. Beyond the sensor no event ever happens, so zero.
        self._tensor = np.zeros((bundle.bins, *padded), np.float32)
        self._last: np.ndarray | None = None

    def step(self, window: Window) -> np.ndarray:
        """Take one window in; return float32 [height, width].

        A network for super-resolution gives more rows and columns.

        A window without a single event says that nothing has changed: the image stays, and so does
        the state, which would slowly forget it.

        Raises:
            UserError: the network needs windows of another number of spike planes.
        """
        if not len(window.events) and self._last is not None:
            return self._last.copy()
        height, width = self._size
        self._check_hop(window)
        scale = self._bundle.output_scale
        image = crop(self._intensity(window), scale * height, scale * width)
        self._last = np.ascontiguousarray(image)
        return self._last.copy()

    def _intensity(self, window: Window) -> np.ndarray:
        """Return the intensity of the padded size; the device makes the tensor where it can."""
        if self._backend.step_events is not None:
            return self._backend.step_events(window.events, window.t_start_ns, window.t_end_ns)
        height, width = self._size
        self._representation.write(window, crop(self._tensor, height, width))
        if self._bundle.sensor == 'spike':
            mirror_beyond(self._tensor, height, width)
        return self._backend.step(self._tensor)

    def _check_hop(self, window: Window) -> None:
        hop = self.hop_planes
        if hop and len(window.events) != hop:
            raise UserError(
                f'{self.name} needs windows of {hop} spike planes and got {len(window.events)}; '
                f'set fps to the planes a second divided by {hop}, which is 1000 for a camera of '
                '20,000'
            )

    def forget(self) -> None:
        """Zero the recurrent state only: what the sensor sent is still known."""
        self._last = None
        self._backend.reset()

    def reset(self) -> None:
        """Zero the recurrent state."""
        self.forget()
        self._representation.reset()

    def close(self) -> None:
        """Give back what the backend holds."""
        self._backend.close()
