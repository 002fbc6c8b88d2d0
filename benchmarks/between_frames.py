# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compare ways to have an image every 10 ms, half of them without a full step of the network.

    python benchmarks/between_frames.py PHOTOS > benchmarks/results/between_frames.json

Argument: a folder of photographs; only those that training holds back are used. A camera of
240x180 pixels moves over a photograph, at three speeds. Every second image is scored: SSIM against
the scene, without the first images after the start. `ms` is CPU time for one scored image on one
thread.

- `double_rate`: the network on windows of 10 ms; the state changes with each.
- `default_rate`: the same with the default `state_step_time`: every second step leaves the state.
- `hold`: the network on windows of 20 ms; its last image again.
- `mean`: the mean of its images before and after, so it is late by 10 ms.
- `warp`: its last image, moved on by half the optical flow (DIS) between its last two.
- `warp_events`: `warp`, plus the change that the events of the last 10 ms show and the motion does
  not explain, where at least two events fell.
- `interpolator`: `frame_interpolation` on its images before and after, late by 10 ms, if it is
  installed.

Prints one JSON object.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.backends.image_network import load_image_network
from spike_recon_ros.bundles.zoo import image_network_names
from spike_recon_ros.evaluation.full_reference import ssim
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.events import Events
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.window import Window
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel
from spike_recon_training.simulation.photo_scene import photo_scene
from spike_recon_training.simulation.recording import LARGEST_STEP_PX
from spike_recon_training.simulation.scene import PacedScene

WIDTH, HEIGHT, STEP_NS, STEPS, SKIPPED = 240, 180, 10_000_000, 100, 40
SPEEDS, SEEDS = (1, 4, 10), (3, 4)
INTERPOLATOR = 'frame_interpolation'
GAIN, FEWEST_EVENTS, CONTRAST = 0.15, 2, 0.2
"""Share of the unexplained change that is added; events of a pixel that open the gate."""


def recorded(photos: Path, speed: float, seed: int) -> tuple[list[Events], list[np.ndarray]]:
    """Return the events of each 10 ms and the image at the end of each, 0 to 1."""
    scene = PacedScene(photo_scene(photos, WIDTH, HEIGHT, seed, held_back=True), speed)
    camera = EventCamera(WIDTH, HEIGHT, SensorModel(noise_hz=0.3), seed)
    camera.step(scene.luminance(0.0), 0)
    parts, truths = [], []
    for step in range(STEPS):
        moved_px = scene.speed_px(1e-9 * step * STEP_NS) * 1e-9 * STEP_NS
        count = max(2, int(np.ceil(moved_px / LARGEST_STEP_PX)))
        times = [step * STEP_NS + STEP_NS * k // count for k in range(1, count + 1)]
        parts.append(
            Events.concatenate([camera.step(scene.luminance(1e-9 * t), t) for t in times])
        )
        image = scene.exposure * scene.luminance(1e-9 * times[-1])
        truths.append(np.clip(image, 0, 1).astype(np.float32))
    return parts, truths


def run_model(
    parts: list[Events], windows_steps: int, **settings: Any
) -> tuple[dict[int, np.ndarray], float]:
    """Return the image after each window by its last step, and ms of CPU time for a window."""
    model = load_model(Settings(model='two_scale_gru', threads=1, **settings), WIDTH, HEIGHT)
    images, spent_s = {}, []
    for start in range(0, STEPS, windows_steps):
        end = start + windows_steps
        window = Window(start * STEP_NS, end * STEP_NS, Events.concatenate(parts[start:end]))
        began_s = time.process_time()
        images[end - 1] = np.clip(model.step(window), 0, 1)
        spent_s.append(time.process_time() - began_s)
    model.close()
    return images, 1e3 * float(np.median(spent_s))


class Warp:
    """Moves the last image on, along the motion between the last two."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._grid = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1)
        self._grid = self._grid.astype(np.float32)

    def __call__(self, before: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return the image half an interval after `last`."""
        flow = self._flow.calc(
            *(np.rint(255 * one).astype(np.uint8) for one in (last, before)), None
        )
        where = self._grid + np.float32(0.5) * flow
        return cv2.remap(last, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def corrected(moved: np.ndarray, last: np.ndarray, events: Events) -> np.ndarray:
    """Return a moved image with the change that only the events show."""
    change = np.zeros((HEIGHT, WIDTH), np.float32)
    count = np.zeros((HEIGHT, WIDTH), np.int32)
    np.add.at(change, (events.y, events.x), np.where(events.p, CONTRAST, -CONTRAST))
    np.add.at(count, (events.y, events.x), 1)
    unexplained = change * (moved + np.float32(0.1)) - (moved - last)
    return np.clip(moved + GAIN * np.where(count >= FEWEST_EVENTS, unexplained, 0), 0, 1)


def scores(parts: list[Events], truths: list[np.ndarray]) -> dict[str, dict[str, float]]:
    """Return mean SSIM and ms for each way."""
    double, double_ms = run_model(parts, 1, state_step_time=0.0)
    default, default_ms = run_model(parts, 1)
    single, _ = run_model(parts, 2, state_step_time=0.0)
    warp, late = Warp(), None
    if INTERPOLATOR in image_network_names():
        late = load_image_network(INTERPOLATOR, WIDTH, HEIGHT)
    found: dict[str, list[float]] = {}
    spent_s: dict[str, list[float]] = {}
    for last in range(3, STEPS - 2, 2):
        began_s = time.process_time()
        moved = warp(single[last - 2], single[last])
        warped_s = time.process_time()
        fixed = corrected(moved, single[last], parts[last + 1])
        fixed_s = time.process_time()
        images = {'double_rate': double[last + 1], 'default_rate': default[last + 1],
                  'hold': single[last], 'mean': (single[last] + single[last + 2]) / 2,
                  'warp': moved, 'warp_events': fixed}  # fmt: skip
        spent_s.setdefault('warp', []).append(warped_s - began_s)
        spent_s.setdefault('warp_events', []).append(fixed_s - began_s)
        if late is not None:
            began_s = time.process_time()
            images['interpolator'] = late.step(single[last], single[last + 2])[0]
            spent_s.setdefault('interpolator', []).append(time.process_time() - began_s)
        if last >= SKIPPED:
            for name, image in images.items():
                found.setdefault(name, []).append(float(ssim(image, truths[last + 1])))
    ms = {name: 1e3 * float(np.median(values)) for name, values in spent_s.items()}
    ms |= {'double_rate': double_ms, 'default_rate': default_ms, 'hold': 0.0, 'mean': 0.0}
    return {name: {'ssim': float(np.mean(of)), 'ms': ms[name]} for name, of in found.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('photos', type=Path, metavar='PHOTOS')
    photos = parser.parse_args().photos
    speeds: dict[str, Any] = {}
    for speed in SPEEDS:
        of_seed = [scores(*recorded(photos, speed, seed)) for seed in SEEDS]
        ways = {
            name: {key: round(float(np.mean([one[name][key] for one in of_seed])), 4)
                   for key in ('ssim', 'ms')}
            for name in of_seed[0]
        }  # fmt: skip
        for way in ways.values():
            way['share_of_ssim'] = round(way['ssim'] / ways['double_rate']['ssim'], 3)
            way['share_of_time'] = round(way['ms'] / ways['double_rate']['ms'], 3)
        speeds[f'x{speed}'] = ways
        print(speed, ways, file=sys.stderr)
    print(json.dumps({'size': [WIDTH, HEIGHT], 'seeds': list(SEEDS), 'speeds': speeds}, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
