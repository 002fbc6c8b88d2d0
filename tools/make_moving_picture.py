# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make the moving picture of the README: what both cameras send, beside the reconstruction.

    .venv/bin/python tools/make_moving_picture.py docs/images/moving_picture.webp

Simulates a recording of an event camera and one of a spike camera, reconstructs both with the
default models, and writes an animated WebP. With --frames each image is written as a PNG, too.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

import spike_recon_ros as sr
from spike_recon_ros.evaluation.side_by_side import FAINT_INK, INK, PAGE, write_text
from spike_recon_ros.evaluation.side_by_side import draw_events as events_picture
from spike_recon_ros.evaluation.side_by_side import draw_plane as plane_picture

WIDTH, HEIGHT = 272, 204
GAP, BAR = 12, 32
N_IMAGES = 45
MS_PER_IMAGE = 40
EVENT_FPS, SPIKE_FPS = 25.0, 500.0
EVENT_OPTIONS = ('--duration', '2', '--seed', '3', '--response', '1')
SPIKE_OPTIONS = ('--sensor', 'spike', '--duration', '0.1', '--seed', '3', '--speed', '4')
QUALITY = 30


def main() -> None:
    """Simulate, reconstruct, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('output', type=Path, help='WebP file to write')
    parser.add_argument('--frames', type=Path, help='folder for the images as PNG files')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        events = _simulate(Path(folder) / 'events', EVENT_OPTIONS)
        planes = _simulate(Path(folder) / 'planes', SPIKE_OPTIONS)
        rows = zip(_event_rows(events), _spike_rows(planes), strict=False)
        images = [_page(*row) for row in islice(rows, N_IMAGES)]
    if arguments.frames is not None:
        arguments.frames.mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images):
            cv2.imwrite(str(arguments.frames / f'{number:03d}.png'), image)
    first, *others = (Image.fromarray(image[..., ::-1]) for image in images)
    first.save(
        arguments.output,
        save_all=True,
        append_images=others,
        duration=MS_PER_IMAGE,
        loop=0,
        quality=QUALITY,
        method=6,
    )
    print(f'{len(images)} images, {arguments.output.stat().st_size / 1e6:.2f} MB')


def _simulate(bag: Path, options: tuple[str, ...]) -> Path:
    command = [sys.executable, '-m', 'spike_recon_ros.cli.main', 'simulate', '-o', str(bag)]
    size = ('--size', f'{WIDTH}x{HEIGHT}')
    subprocess.run([*command, *size, *options], check=True, stdout=subprocess.DEVNULL)
    return bag


def _event_rows(bag: Path) -> Iterator[np.ndarray]:
    title = f'event camera: events of {1000 / EVENT_FPS:.0f} ms'
    for frame in sr.reconstruct(bag, fps=EVENT_FPS):
        picture = events_picture(frame.samples, WIDTH, HEIGHT)
        yield _row(picture, frame.image, title, 'two_scale_gru, real time')


def _spike_rows(bag: Path) -> Iterator[np.ndarray]:
    slower = SPIKE_FPS * MS_PER_IMAGE / 1000
    for frame in sr.reconstruct(bag, fps=SPIKE_FPS):
        picture = plane_picture(frame.samples, WIDTH, HEIGHT)
        title = 'spike camera: 1 of 20,000 planes/s'
        yield _row(picture, frame.image, title, f'spk2vid, {slower:.0f} times slower')


def _row(sent: np.ndarray, image: np.ndarray | None, title: str, note: str) -> np.ndarray:
    assert image is not None
    between = np.full((HEIGHT, GAP, 3), PAGE, np.uint8)
    shown = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    panels = np.hstack([between, sent, between, shown, between])
    bar = np.full((BAR, panels.shape[1], 3), PAGE, np.uint8)
    write_text(bar, title, (GAP, BAR - 11), 0.45, INK)
    write_text(bar, note, (2 * GAP + WIDTH, BAR - 11), 0.45, FAINT_INK)
    return np.vstack([bar, panels])


def _page(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    margin = np.full((GAP, top.shape[1], 3), PAGE, np.uint8)
    return np.vstack([top, bottom, margin])


if __name__ == '__main__':
    main()
