# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the setting `noise_gate` does with the events and the images of a network.

Where the scene rests, noise is kept away from the state (NoiseGate), grey is shown until something
has moved there (SeenTiles), and the image is steadied (QuietHold).
"""

import numpy as np

from spike_recon_ros.backends.noise_gate import TILE, NoiseGate
from spike_recon_ros.backends.quiet_hold import QuietHold
from spike_recon_ros.backends.seen_tiles import SeenTiles
from spike_recon_ros.windows.window import Window


class RestingScene:
    """The resting parts of what one sensor sees.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        scale: pixels of the image per pixel of the sensor, along each side.
        span: difference between white and black in the image.
        grey: intensity that is shown where nothing has moved.
    """

    def __init__(
        self, width: int, height: int, scale: int = 1, span: float = 1.0, grey: float = 0.5
    ) -> None:
        self._gate = NoiseGate(width, height)
        self._seen = SeenTiles(self._gate.open_tiles.shape, TILE * scale, grey)
        self._quiet = QuietHold(height, width, scale, span)

    @property
    def gated_events(self) -> int:
        """Events that were removed because their tile showed noise alone."""
        return self._gate.removed

    @property
    def unseen_share(self) -> float:
        """Share of the image that is grey because nothing has moved there, 0 to 1."""
        return self._seen.unseen_share

    def apply(self, window: Window, *, has_lamp: bool = False) -> Window:
        """Return a window without the events of tiles that show noise alone.

        Args:
            window: the next one, whether or not an image is made of it.
            has_lamp: see QuietHold.
        """
        window = self._gate.apply(window)
        self._seen.add(self._gate.open_tiles)
        seconds = (window.t_end_ns - window.t_start_ns) / 1e9
        self._quiet.add(window.samples, seconds, has_lamp=has_lamp)
        return window

    def shown(self, intensity: np.ndarray) -> np.ndarray:
        """Return the image that is shown, float32 [rows, columns]; the next call overwrites it.

        Args:
            intensity: float32 [rows, columns], the image of the network, with or without padding.
        """
        image = self._quiet.follow(intensity)
        if not self._seen.unseen_share:
            return image
        image = image.copy()  # what is followed next has no grey
        self._seen.fade(image)
        return image

    def show_all(self) -> None:
        """Show no grey until `forget`, as after a frame of an aligned camera."""
        self._seen.add_all()

    def forget(self) -> None:
        """Forget the image that was shown, and where something has moved."""
        self._seen.reset()
        self._quiet.reset()

    def reset(self) -> None:
        """Forget every event, too."""
        self.forget()
        self._gate.reset()
