# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tensor that a network reads, made of a window.

Comes in: windows of events or spike planes. Goes out: tensors of the padded size. Joins the
representation and the padding, and knows nothing about what runs the network.
"""

import numpy as np

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.padding import crop, mirror_beyond, padded_size
from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_ros.windows.window import Window


class NetworkInput:
    """Makes tensors for a bundle.

    Args:
        bundle: of the network.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: see Model; None = what the network was trained with.

    Attributes:
        padded: rows and columns of the tensor; the sensor is the top left of it.
        lookahead_planes: see Model.

    Raises:
        UserError: the bundle's representation does not fit its network, or can look ahead only as
            it was trained.
    """

    def __init__(
        self, bundle: Bundle, width: int, height: int, lookahead_planes: int | None = None
    ) -> None:
        said = bundle.representation
        if lookahead_planes is not None and bundle.sensor is SensorKind.SPIKE:
            said = with_lookahead(said, lookahead_planes)
        self._representation = representation_for(said, width, height)
        if self._representation.channels != bundle.bins:
            raise UserError(
                f'{bundle.name} reads {bundle.bins} channels, but its representation has '
                f'{self._representation.channels}; export the bundle again'
            )
        self.padded = padded_size(height, width, bundle.pad_multiple)
        self.lookahead_planes = self._representation.lookahead_planes
        self._name, self._hop_planes = bundle.name, bundle.hop_planes
        self._mirrors = bundle.sensor is SensorKind.SPIKE
        self._size = height, width
        # Beyond the sensor no event ever happens, so zero.
        self._tensor = np.zeros((bundle.bins, *self.padded), np.float32)

    def read(self, window: Window) -> np.ndarray:
        """Return float32 [bins, rows, columns], which the next call overwrites."""
        height, width = self._size
        self._representation.write(window, crop(self._tensor, height, width))
        if self._mirrors:
            mirror_beyond(self._tensor, height, width)
        return self._tensor

    def check_hop(self, window: Window) -> None:
        """Raise UserError if the network needs windows of another number of spike planes."""
        hop = self._hop_planes
        if hop and len(window.samples) != hop:
            raise UserError(
                f'{self._name} needs windows of {hop} spike planes and got {len(window.samples)}; '
                f'set fps to the planes a second divided by {hop}, which is 1000 for a camera of '
                '20,000'
            )

    def reset(self) -> None:
        """Forget what the sensor sent."""
        self._representation.reset()
