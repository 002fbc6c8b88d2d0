# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Score spike models on motion that turns, accelerates, stops and reverses.

    python benchmarks/spike_motion.py PHOTOS... > benchmarks/results/evaluate_motion.json

Arguments: folders of photographs; only those that training holds back are used. `--model NAME`
chooses the models and `--scene NAME` the scenes; both may be repeated. Every scene shows a
photograph (and a second one on a disc in front of it) at its own resolution; the spike planes come
from the simulated camera with shot noise, the images from the pipeline. Scores are taken at
several instants before and after the change of the motion. Prints one JSON object.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from spike_scenes import CHANGE, held_back, packets_of, starts

from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.spike_scores import score
from spike_recon_ros.packets.packet import Packet
from spike_recon_training.simulation.spike_camera import SpikeSensorModel

WIDTH, HEIGHT = 400, 250
INSTANTS = 110, 118, 124, 130, 136, 142, 150
"""Planes whose images are scored."""
RADIUS_PX = 110
"""Radius of the disc in front of the photograph."""
EDGE_PX = 2.0
"""Standard deviation of the blur of the disc's edge."""
MODELS = 'compensated_tfi', 'spk2vid'

Pose = tuple[float, float, float, float]
"""Shift to the right and down in pixels, rotation in radians, and log scale."""
Path_ = Callable[[float], Pose]
"""Maps the number of planes since CHANGE to a pose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingScene:
    """A scene of one or two photographs.

    Attributes:
        background: path of the background.
        disc: path of the disc in front; None = no disc.
        light_scale: spikes per plane at white.
        photons_per_spike: see SpikeSensorModel.
        disc_only: score only the square inside the disc.
    """

    background: Path_
    disc: Path_ | None = None
    light_scale: float = 0.6
    photons_per_spike: float = 400.0
    disc_only: bool = False


def line(vx: float, vy: float) -> Path_:
    """Return a path with constant velocity in pixels per plane."""
    return lambda k: (vx * k, vy * k, 0.0, 0.0)


def corner(before: tuple[float, float], after: tuple[float, float]) -> Path_:
    """Return a path whose velocity changes at CHANGE, in pixels per plane."""

    def pose(k: float) -> Pose:
        vx, vy = before if k < 0 else after
        return vx * k, vy * k, 0.0, 0.0

    return pose


def turn(radians: float) -> Path_:
    """Return a rotation about the image centre, in radians per plane."""
    return lambda k: (0.0, 0.0, radians * k, 0.0)


def shake(amplitude_px: float, period: float) -> Path_:
    """Return an oscillation along a diagonal with a period in planes."""

    def pose(k: float) -> Pose:
        moved = amplitude_px * math.sin(2 * math.pi * k / period + 0.7)
        return moved, 0.6 * moved, 0.0, 0.0

    return pose


SCENES = {
    'still': MovingScene(background=line(0, 0)),
    'slow': MovingScene(background=line(0.06, 0.03)),
    'line': MovingScene(background=line(0.3, -0.15)),
    'fast line': MovingScene(background=line(-1.0, 0.3)),
    'corner': MovingScene(background=corner((0.5, 0.1), (0.1, -0.4))),
    'reversal': MovingScene(background=corner((0.8, 0.2), (-0.8, -0.2))),
    'start': MovingScene(background=corner((0, 0), (0.6, -0.3))),
    'shake': MovingScene(background=shake(12.0, 110)),
    'rotation': MovingScene(background=turn(1.36 / math.hypot(WIDTH / 2, HEIGHT / 2))),
    'fan': MovingScene(background=line(0, 0), disc=turn(0.0136), disc_only=True),
    'zoom': MovingScene(background=lambda k: (0.0, 0.0, 0.0, 0.004 * k)),
    'layers': MovingScene(background=line(-0.2, 0.1), disc=corner((0.5, 0.2), (0.2, -0.5))),
    'dark still': MovingScene(background=line(0, 0), light_scale=0.08, photons_per_spike=40),
    'dark corner': MovingScene(
        background=corner((0.3, 0.05), (0.05, -0.25)), light_scale=0.08, photons_per_spike=40
    ),
}


def main() -> int:
    """Print the scores of each model on each scene."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folders', nargs='+', type=Path)
    parser.add_argument('--model', action='append')
    parser.add_argument('--scene', action='append', choices=SCENES)
    parser.add_argument('--seed', type=int, default=0)
    options = parser.parse_args()
    models = starts(options.model or MODELS)
    photographs = held_back(options.folders, WIDTH, HEIGHT, options.seed)
    scenes = {}
    for name, scene in SCENES.items():
        behind, front = next(photographs), next(photographs)  # also of scenes that are left out
        if options.scene and name not in options.scene:
            continue
        packets, truths = record(scene, behind, front, options.seed)
        rows = {model: scores(start, scene, packets, truths) for model, start in models.items()}
        scenes[name] = rows
        print(name, {model: row['psnr'] for model, row in rows.items()}, file=sys.stderr)
    result = {'seed': options.seed, 'instants': INSTANTS, 'change': CHANGE, 'scenes': scenes}
    print(json.dumps(result, indent=1))
    return 0


def record(
    scene: MovingScene, behind: np.ndarray, front: np.ndarray, seed: int
) -> tuple[list[Packet], list[np.ndarray]]:
    """Return the packets of a scene, and the light at INSTANTS as uint8 [HEIGHT, WIDTH]."""
    model = SpikeSensorModel(
        light_scale=scene.light_scale, photons_per_spike=scene.photons_per_spike, gain_spread=0.01
    )
    packets = packets_of(lambda plane: light(scene, behind, front, plane), model, seed)
    truths = [light(scene, behind, front, plane - 0.5) for plane in INSTANTS]
    return packets, [np.rint(255 * truth).astype(np.uint8) for truth in truths]


def light(scene: MovingScene, behind: np.ndarray, front: np.ndarray, plane: float) -> np.ndarray:
    """Return the luminance at the end of a plane, float32 [HEIGHT, WIDTH] in 0..1."""
    image = posed(behind, scene.background(plane - CHANGE))
    if scene.disc is not None:
        pose = scene.disc(plane - CHANGE)
        mask = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.circle(mask, (WIDTH // 2, HEIGHT // 2), RADIUS_PX, 1.0, -1)
        mask = posed(cv2.GaussianBlur(mask, (0, 0), EDGE_PX), pose, cv2.BORDER_CONSTANT)
        image += mask * (posed(front, pose) - image)
    return np.clip(image, 0, 1)


def posed(image: np.ndarray, pose: Pose, border: int = cv2.BORDER_REFLECT_101) -> np.ndarray:
    """Return an image in a pose; its centre is the origin."""
    x, y, angle, zoom = pose
    cos, sin = math.exp(zoom) * math.cos(angle), math.exp(zoom) * math.sin(angle)
    cx, cy = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    forward = np.array(
        [[cos, -sin, cx + x - cos * cx + sin * cy], [sin, cos, cy + y - sin * cx - cos * cy]]
    )
    return cv2.warpAffine(
        image, forward, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=border
    )


def scores(
    start: ColdStart, scene: MovingScene, packets: list[Packet], truths: list[np.ndarray]
) -> dict[str, object]:
    """Return the mean and the worst PSNR, the mean SSIM, and the PSNR at each instant."""
    half = int(RADIUS_PX / math.sqrt(2)) if scene.disc_only else max(WIDTH, HEIGHT)
    middle = (
        slice(max(0, HEIGHT // 2 - half), HEIGHT // 2 + half),
        slice(max(0, WIDTH // 2 - half), WIDTH // 2 + half),
    )
    rows = []
    for plane, truth in zip(INSTANTS, truths, strict=True):
        intensity = start.intensity(packets, plane)
        assert intensity is not None  # the scene is long enough
        rows.append(score(intensity[middle], truth[middle], scene.light_scale))
    found = [round(row['psnr'], 2) for row in rows]
    return {
        'psnr': round(float(np.mean([row['psnr'] for row in rows])), 2),
        'worst': min(found),
        'ssim': round(float(np.mean([row['ssim'] for row in rows])), 4),
        'by_instant': found,
    }


if __name__ == '__main__':
    sys.exit(main())
