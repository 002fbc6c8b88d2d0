# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Search the images of one camera for a board, and say what is wrong where it is not found."""

from collections import Counter

import numpy as np

from spike_recon_ros.calibration.solve import FEWEST_VIEWS, View
from spike_recon_ros.calibration.target import Target
from spike_recon_ros.errors import UserError, counted

MOST_SAMPLES = 20
"""Images without the board that are kept, to see what they show instead."""


class Search:
    """Looks for a board in images of one camera.

    Attributes:
        views: where it was found.
        n_images: images searched.
    """

    def __init__(self, target: Target) -> None:
        self.views: list[View] = []
        self.n_images = 0
        self._target = target
        self._size: tuple[int, int] | None = None
        self._samples: list[np.ndarray] = []
        self._stride = 1
        self._missed = 0

    def add(self, t_ns: int, image: np.ndarray) -> None:
        """Search one uint8 [height, width] image."""
        size = image.shape[1], image.shape[0]
        if self._size not in (None, size):
            raise UserError(
                f'the size of the images changes from {self._size} to {size}; calibrate each alone'
            )
        self._size = size
        self.n_images += 1
        corners = self._target.find(image)
        if corners is not None:
            self.views.append(View(*corners, t_ns))
        else:
            self._sample(image)

    def checked_size(self, source: str, board: str) -> tuple[int, int]:
        """Return the size of the images.

        Args:
            source: recording or folder of the images, for the sentence of an error.
            board: kind and size of the board, likewise.

        Raises:
            UserError: there was no image, or the board was in too few of them.
        """
        if self._size is None:
            raise UserError(f'{source} gave no image to search')
        if len(self.views) >= FEWEST_VIEWS:
            return self._size
        hints = Counter(filter(None, map(self._target.hint, self._samples)))
        shown = hints.most_common(1)[0][0] if hints else ''
        if not self.views:
            shows = f'; they show {shown}' if shown else ''
            raise UserError(
                f'no {board} was found in {counted(self.n_images, "images")}{shows}; '
                'check --board, '
                '--board-size and the other options of the board, and look at the images, which '
                f'must be sharp: spike-recon view {source}'
            )
        others = f'; others show {shown}' if shown else ''
        raise UserError(
            f'the board was found in {len(self.views)} of {self.n_images} images and '
            f'{FEWEST_VIEWS} are needed{others}; check the options of the board, move it more '
            'slowly and closer to the camera, and record longer'
        )

    def _sample(self, image: np.ndarray) -> None:
        """Keep images without the board, evenly spread over the recording."""
        if self._missed % self._stride == 0:
            self._samples.append(image.copy())
        self._missed += 1
        if len(self._samples) == MOST_SAMPLES:
            self._samples = self._samples[::2]
            self._stride *= 2
