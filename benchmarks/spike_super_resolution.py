# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Compare super-resolution of spike planes with enlargements of the native image.

    python benchmarks/spike_super_resolution.py PHOTOS... --truth CLIP.png ... > scores.json

Arguments: folders of photographs, of which only those that training holds back are used, and
further images (`--truth`) as ground truth. Each image moves in front of a simulated camera with a
quarter of its resolution per side, whose pixels average the light over their area, with shot
noise. Scores compare images at four times the camera's resolution. Prints one JSON object.
`--picture FILE` also draws crops side by side: bicubic enlargement, super-resolution, truth.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from spike_scenes import CHANGE, held_back, packets_of, starts

from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.spike_scores import enlarged, quantised, score
from spike_recon_ros.packets.packet import Packet
from spike_recon_training.simulation.spike_camera import SpikeSensorModel

SCALE = 4
WIDTH, HEIGHT = 120, 80
"""Pixels of the camera."""
INSTANTS = 110, 136, 150
"""Planes whose images are scored."""
LIGHT_SCALE = 0.6
"""Spikes per plane at white."""
PHOTOGRAPHS = 4
"""Number of photographs per scene."""
SCENES = {
    'still': ((0.0, 0.0), (0.0, 0.0)),
    'slow': ((0.06, 0.03), (0.06, 0.03)),
    'line': ((0.3, -0.15), (0.3, -0.15)),
    'corner': ((0.5, 0.1), (0.1, -0.4)),
}
"""Velocity before and after CHANGE, camera pixels per plane."""
SHOWN = ('slow', 2), ('line', 1)
"""Scene and number of the photographs in the picture; all are shown with the motion of 'slow'."""
SHOWN_PX = 160, 240
"""Rows and columns of the middle of the truth that the picture shows, enlarged twice."""
NATIVE = 'spk2vid', 'compensated_tfi'
ENLARGED = 'bicubic', 'lanczos'

Velocity = tuple[float, float]


def main() -> int:
    """Print the scores of each model and enlargement on each scene."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folders', nargs='+', type=Path)
    parser.add_argument('--truth', action='extend', nargs='*', type=Path, default=[])
    parser.add_argument('--model', default='spk2vid_x4')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--picture', type=Path)
    options = parser.parse_args()
    models = starts((options.model, *NATIVE))
    photographs = held_back(options.folders, SCALE * WIDTH, SCALE * HEIGHT, options.seed)
    scenes = {scene: [next(photographs) for _ in range(PHOTOGRAPHS)] for scene in SCENES}
    further = [fitted(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in options.truth]
    if options.picture:
        rows = [
            side_by_side(models[options.model], models[NATIVE[0]], scenes[scene][number])
            for scene, number in SHOWN
        ]
        cv2.imwrite(str(options.picture), np.vstack(rows))
    result = {
        'model': Path(options.model).name,
        'seed': options.seed,
        'photographs': {
            scene: mean_scores(models, images, scene, options.seed)
            for scene, images in scenes.items()
        },
        'truth_images': {
            scene: mean_scores(models, further, scene, options.seed) for scene in SCENES if further
        },
    }
    for part in ('photographs', 'truth_images'):
        if result[part]:
            result[part]['mean'] = averaged(list(result[part].values()))
    print(json.dumps(result, indent=1))
    return 0


def fitted(image: np.ndarray) -> np.ndarray:
    """Return an image in 0..1 whose sides are multiples of 2 SCALE."""
    step = 2 * SCALE
    rows, columns = (side // step * step for side in image.shape)
    return image[:rows, :columns].astype(np.float32) / 255


def mean_scores(
    models: dict[str, ColdStart], images: list[np.ndarray], scene: str, seed: int
) -> dict[str, dict[str, float]]:
    """Return the mean PSNR and SSIM of each model and enlargement over images and instants."""
    rows = []
    for number, image in enumerate(images):
        packets, truths = record(image, *SCENES[scene], seed + number)
        for plane, truth in zip(INSTANTS, truths, strict=True):
            row = {}
            for name, start in models.items():
                intensity = start.intensity(packets, plane)
                assert intensity is not None  # the scene is long enough
                if intensity.shape == truth.shape:
                    row['super-resolution'] = score(intensity, truth, LIGHT_SCALE)
                    continue
                for how in ENLARGED:
                    row[f'{name}, {how}'] = score(intensity, truth, LIGHT_SCALE, how)
            rows.append(row)
        print(
            scene,
            number,
            {name: round(one['psnr'], 2) for name, one in rows[-1].items()},
            file=sys.stderr,
        )
    return averaged(rows)


def side_by_side(large: ColdStart, native: ColdStart, image: np.ndarray) -> np.ndarray:
    """Return crops of the bicubic enlargement, of super-resolution and of the truth, uint8."""
    packets, truths = record(image, *SCENES['slow'], 0)
    truth, plane = truths[-1], INSTANTS[-1]
    crops = []
    for start in (native, large):
        intensity = start.intensity(packets, plane)
        assert intensity is not None  # the scene is long enough
        image = quantised(enlarged(intensity, truth, ENLARGED[0]), LIGHT_SCALE)
        crops.append(np.rint(255 * image).astype(np.uint8))
    rows, columns = SHOWN_PX
    top, left = (truth.shape[0] - rows) // 2, (truth.shape[1] - columns) // 2
    shown = [crop[top : top + rows, left : left + columns] for crop in (*crops, truth)]
    return cv2.resize(np.hstack(shown), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)


def averaged(rows: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the means of rows of scores."""
    return {
        name: {
            key: round(float(np.mean([row[name][key] for row in rows])), digits)
            for key, digits in (('psnr', 2), ('ssim', 4))
        }
        for name in rows[0]
    }


def record(
    image: np.ndarray, before: Velocity, after: Velocity, seed: int
) -> tuple[list[Packet], list[np.ndarray]]:
    """Return the packets of a scene, and the ground truth at INSTANTS, uint8."""
    height, width = (side // SCALE for side in image.shape)

    def light(plane: float) -> np.ndarray:
        since = plane - CHANGE
        vx, vy = before if since < 0 else after
        shift = np.array([[1, 0, SCALE * vx * since], [0, 1, SCALE * vy * since]])
        moved = cv2.warpAffine(
            image, shift, image.shape[::-1], flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        return np.clip(moved, 0, 1)

    def on_pixels(plane: float) -> np.ndarray:
        return cv2.resize(light(plane), (width, height), interpolation=cv2.INTER_AREA)

    model = SpikeSensorModel(light_scale=LIGHT_SCALE, photons_per_spike=400.0, gain_spread=0.01)
    packets = packets_of(on_pixels, model, seed)
    return packets, [np.rint(255 * light(plane - 0.5)).astype(np.uint8) for plane in INSTANTS]


if __name__ == '__main__':
    sys.exit(main())
