# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compute the input tensor of a network from a window: representation and padding."""

from collections.abc import Callable

import numpy as np

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.anchor_planes import CHANNELS, write_anchor
from spike_recon_ros.representations.padding import crop, mirror_beyond, padded_size
from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_ros.windows.window import Window

Writer = Callable[[Window, np.ndarray], None]


class NetworkInput:
    """Computes input tensors for the network of a bundle.

    Args:
        bundle: bundle of the network.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        lookahead_planes: see Model; None = as in training.

    Attributes:
        padded: rows and columns of the tensor; the sensor fills its top left part, and the rest is
            its mirror image.
        channels: channels of the representation.
        lookahead_planes: see Model.

    Raises:
        UserError: the bundle's representation does not fit its network, or does not support
            another lookahead.
    """

    def __init__(
        self, bundle: Bundle, width: int, height: int, lookahead_planes: int | None = None
    ) -> None:
        description = bundle.representation
        if lookahead_planes is not None and bundle.sensor is SensorKind.SPIKE:
            description = with_lookahead(description, lookahead_planes)
        self._representation = representation_for(description, width, height)
        self.channels = self._representation.channels
        expected = bundle.bins - CHANNELS * bundle.reads_frames
        if self.channels != expected:
            raise UserError(
                f'{bundle.name} reads {expected} channels, but its representation has '
                f'{self.channels}; export the bundle again'
            )
        self.padded = padded_size(height, width, bundle.pad_multiple)
        self.lookahead_planes = self._representation.lookahead_planes
        self._name, self._hop_planes = bundle.name, bundle.hop_planes
        self._size = height, width
        self._tensor = np.zeros((bundle.bins, *self.padded), np.float32)

    def read(
        self,
        window: Window,
        anchor: Anchor | None = None,
        is_new: bool = False,
        writer: Writer | None = None,
    ) -> np.ndarray:
        """Return float32 [bins, rows, columns]; the next call overwrites it.

        Args:
            window: of events or planes.
            anchor: frame for the channels after those of the window, if the network has them;
                None = they are 0.
            is_new: whether the state has not been updated with this frame yet.
            writer: writes the channels of the window; None = its representation does.
        """
        height, width = self._size
        sensor = crop(self._tensor, height, width)
        (writer or self._representation.write)(window, sensor[: self.channels])
        if anchor is None:
            sensor[self.channels :] = 0.0
        else:
            write_anchor(sensor[self.channels :], anchor.grey, anchor.age_ns, is_new)
        mirror_beyond(self._tensor, height, width)
        return self._tensor

    def fills_hop(self, window: Window) -> bool:
        """Return whether a window has as many spike planes as the network needs.

        Only the first window on a grid may have fewer; it is not due.

        Raises:
            UserError: a window that is due has another number of planes.
        """
        hop = self._hop_planes
        if not hop or len(window.samples) == hop:
            return True
        if not window.due:
            return False
        raise UserError(
            f'{self._name} needs windows of {hop} spike planes and got {len(window.samples)}; '
            f'set fps to the planes per second divided by {hop}, and grid_origin to first_sample '
            'or sensor_time'
        )

    def reset(self) -> None:
        """Clear the history of the sensor."""
        self._representation.reset()
