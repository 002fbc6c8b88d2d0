# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Score the four configurations of spatio-temporal fusion on held photographs and videos.

    python benchmarks/fusion.py BUNDLES PHOTOS VIDEOS > benchmarks/results/fusion.json

Arguments: a folder with the bundles `grey_to_rgb`, `grey_to_rgb_mep`, `frame_interpolation` and
`frame_interpolation_ssim`; a folder of photographs, of which those are used that training holds
back; a folder of videos that no network was trained on. Colours: error of red, green and blue of
each photograph, and of the image whose three channels are all the grey one. Frames: every second
frame of each video is left out; `mean` is the mean of its neighbours, `hold` the one before it.
Both stages together: the left-out frame in colour, from the grey frames. Prints one JSON object.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.backends.image_network import ImageNetwork, load_image_network
from spike_recon_ros.evaluation.full_reference import ssim
from spike_recon_training.simulation.photographs import find_photographs, split_photographs
from spike_recon_training.simulation.videos import find_videos

SIDE, FRAMES, PHOTOGRAPHS, HELD_SHARE = 160, 16, 40, 0.08
CONFIGURATIONS = {
    '1': ('grey_to_rgb', 'frame_interpolation'),
    '2': ('grey_to_rgb_mep', 'frame_interpolation'),
    '3': ('grey_to_rgb', 'frame_interpolation_ssim'),
    '4': ('grey_to_rgb_mep', 'frame_interpolation_ssim'),
}
Images = dict[str, np.ndarray]


def reduced(image: np.ndarray) -> np.ndarray:
    """Return an RGB image float32 [height, width, 3], 0 to 1, of one shorter side."""
    scale = SIDE / min(image.shape[:2])
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.float32) / 255


def video(file: Path) -> list[np.ndarray]:
    """Return the first frames of a video."""
    capture, frames = cv2.VideoCapture(str(file)), []
    while len(frames) < 2 * FRAMES:
        read, frame = capture.read()
        if not read:
            break
        frames.append(reduced(np.asarray(frame)))
    capture.release()
    return frames


def grey(rgb: np.ndarray) -> np.ndarray:
    """Return the luminance [height, width]."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def coloured(bundles: Path, name: str, image: np.ndarray, loaded: dict) -> np.ndarray:
    """Return the colours [height, width, 3] that a network guesses."""
    return network(bundles, name, image, loaded).step(image).transpose(1, 2, 0)


def network(bundles: Path, name: str, image: np.ndarray, loaded: dict) -> ImageNetwork:
    """Return a network for the size of an image, loaded once."""
    key = name, image.shape
    if key not in loaded:
        loaded[key] = load_image_network(str(bundles / name), image.shape[1], image.shape[0])
    return loaded[key]


class Tally:
    """Mean square error and SSIM of each way."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[float, float]]] = {}

    def add(self, way: str, image: np.ndarray, truth: np.ndarray) -> None:
        """Score an image; SSIM is that of the luminance."""
        flat = (grey(one) if one.ndim == 3 else one for one in (image, truth))
        pair = float(np.mean((image - truth) ** 2)), float(ssim(*flat))
        self._found.setdefault(way, []).append(pair)

    def result(self) -> dict[str, dict[str, float]]:
        """Return the means by way."""
        return {
            way: {'mse': round(float(mse), 5), 'ssim': round(float(likeness), 4)}
            for way, (mse, likeness) in (
                (way, np.mean(values, 0)) for way, values in self._found.items()
            )
        }


def main() -> int:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ('bundles', 'photos', 'videos'):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    loaded: dict = {}
    colours, between, both = Tally(), Tally(), Tally()
    held = split_photographs(find_photographs([args.photos]), HELD_SHARE)[1]
    for file in held[:PHOTOGRAPHS]:
        truth = reduced(cv2.imread(str(file)))
        colours.add('grey', np.repeat(grey(truth)[..., None], 3, 2), truth)
        for name in ('grey_to_rgb', 'grey_to_rgb_mep'):
            colours.add(name, coloured(args.bundles, name, grey(truth), loaded), truth)
    videos = find_videos([args.videos])
    for file in videos:
        truths = video(file)
        greys = [grey(frame) for frame in truths]
        for name in ('frame_interpolation', 'frame_interpolation_ssim'):
            stage = network(args.bundles, name, greys[0], loaded)
            stage.reset()
            for k in range(0, len(greys) - 2, 2):
                image = stage.step(greys[k], greys[k + 2])[0]
                between.add(name, image, greys[k + 1])
                for number, (colour, frames) in CONFIGURATIONS.items():
                    if frames == name:
                        rgb = coloured(args.bundles, colour, image, loaded)
                        both.add(number, rgb, truths[k + 1])
        for k in range(0, len(greys) - 2, 2):
            between.add('mean', (greys[k] + greys[k + 2]) / 2, greys[k + 1])
            between.add('hold', greys[k], greys[k + 1])
    result = {
        'photographs': min(len(held), PHOTOGRAPHS), 'videos': len(videos), 'side': SIDE,
        'colours': colours.result(), 'between': between.result(),
        'configurations': dict(sorted(both.result().items())),
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
