# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colours that a network makes up from the grey image: plausible, not measured."""

import cv2
import numpy as np

from spike_recon_ros.backends.image_network import load_image_network
from spike_recon_ros.color.luma import with_luma
from spike_recon_ros.errors import UserError
from spike_recon_ros.windows.window import Window

NETWORK = 'grey_to_rgb'


class GuessColor:
    """Runs the network on each image; keeps the brightness of the image.

    Args:
        width: columns of the images.
        height: rows of the images.
        threads: CPU threads for the network.

    Raises:
        UserError: the network is not installed, or cannot run here.
    """

    def __init__(self, width: int, height: int, threads: int) -> None:
        self._network = load_image_network(NETWORK, width, height, threads=threads)
        self._size = height, width

    def step(self, window: Window, whole: bool) -> None:
        """Do nothing: only rendered images are needed."""

    def render(
        self, luma: np.ndarray, stamp_ns: int, limits: tuple[float, float]
    ) -> np.ndarray | None:
        """Return uint8 [height, width, 3], BGR.

        Args:
            luma: uint8 [height, width], the rendered image.
            stamp_ns: not used.
            limits: not used.
        """
        if luma.shape != self._size:
            raise UserError(
                'color:=guess cannot be used with a model that enlarges the image; choose '
                'another model, or set color:=off'
            )
        rgb = self._network.step(luma.astype(np.float32) * np.float32(1 / 255))
        colour = cv2.cvtColor(np.ascontiguousarray(rgb.transpose(1, 2, 0)), cv2.COLOR_RGB2BGR)
        return with_luma(luma, np.rint(255 * np.clip(colour, 0, 1)).astype(np.uint8))

    def reset(self) -> None:
        """Zero the state of the network, if it has any."""
        self._network.reset()

    def close(self) -> None:
        """Release the network."""
        self._network.close()
