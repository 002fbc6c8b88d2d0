# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reconstruct live from a camera whose library hands over NumPy arrays, without ROS.

    python examples/live_arrays.py

`Camera` stands for the camera's library: it returns the events of the last 10 ms, here of a bright
disc that moves across a dark background. Replace it by your own.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

import spike_recon_ros as sr

WIDTH, HEIGHT = 128, 96
PERIOD_US = 10_000


class Camera:
    """A made-up event camera that looks at a moving disc."""

    def __init__(self) -> None:
        self._now_us = 0
        self._was_inside = self._inside(0)
        self._random = np.random.default_rng(0)

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return x, y, t (us) and p of the events since the last call."""
        steps = range(self._now_us + 1_000, self._now_us + PERIOD_US + 1, 1_000)
        parts = [self._events_until(t_us) for t_us in steps]
        self._now_us += PERIOD_US
        x, y, t, p = (np.concatenate(column) for column in zip(*parts, strict=True))
        return x, y, t, p

    def _events_until(self, t_us: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        inside = self._inside(t_us)
        rows, columns = np.nonzero(inside != self._was_inside)
        polarity = inside[rows, columns]
        self._was_inside = inside
        t = np.sort(self._random.integers(t_us - 1_000, t_us, len(rows)))
        return columns, rows, t, polarity

    def _inside(self, t_us: int) -> np.ndarray:
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        middle = WIDTH / 2 + 40 * np.sin(t_us * 1e-6 * 2 * np.pi)
        return np.hypot(columns - middle, rows - HEIGHT / 2) < 16


def main() -> None:
    """Reconstruct for a while; write the last frame, if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=2.0, help='of camera time')
    parser.add_argument('--last-frame', type=Path, help='PNG file for the last frame')
    arguments = parser.parse_args()

    camera = Camera()
    frames: list[sr.Frame] = []
    with sr.ArrayReconstructor((WIDTH, HEIGHT), model='fibar', fps=50) as live:
        for _ in range(round(arguments.seconds * 1e6 / PERIOD_US)):
            for frame in live.push(camera.read(), t_unit='us'):
                frames.append(frame)  # show it, or hand it to a detector
        print(f'{live.statistics.frames} frames from {live.statistics.samples:,} events')
    if arguments.last_frame is not None and frames:
        assert frames[-1].image is not None
        try:
            is_written = cv2.imwrite(str(arguments.last_frame), frames[-1].image)
        except cv2.error:  # an ending that is no image format
            is_written = False
        if not is_written:
            raise SystemExit(f'error: {arguments.last_frame} cannot be written; name a .png file')


if __name__ == '__main__':
    main()
