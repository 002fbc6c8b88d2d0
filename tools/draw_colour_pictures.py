# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of colour in docs/images, from the simulated, painted board.

    python tools/draw_colour_pictures.py

Run it after a change of the colours or of the networks, and look at the result.
"""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console

from spike_recon_ros.color.luma import grey_in_colour
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.recordings import evaluated_frames, survey, with_color_truth
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.topics import FRAMES
from spike_recon_training.simulation.colour import PacedColourScene, coloured_board

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / 'docs' / 'images'
sys.path.insert(0, str(ROOT / 'benchmarks'))
import color  # noqa: E402 -- a script beside this one

SEED, CAPTION, GAP = 6, 18, 4
WHITE = 255


def page(pictures: dict[str, np.ndarray]) -> np.ndarray:
    """Return BGR pictures [height, width, 3] beside each other, each above its caption."""
    columns = []
    for caption, picture in pictures.items():
        below = np.full((CAPTION, picture.shape[1], 3), WHITE, np.uint8)
        cv2.putText(
            below, caption, (2, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA
        )
        columns += [
            np.vstack([picture, below]),
            np.full((len(picture) + CAPTION, GAP, 3), WHITE, np.uint8),
        ]
    return np.hstack(columns[:-1])


def mosaic(kind: SensorKind) -> dict[str, np.ndarray]:
    """Return the pictures of a sensor with a Bayer pattern."""
    scene = PacedColourScene(coloured_board(color.WIDTH, color.HEIGHT, SEED))
    model = color.EVENT_MODEL if kind is SensorKind.EVENT else color.SPIKE_MODELS[0]
    *_, last = color.mosaic_images(scene, SEED, model, kind)
    return {
        'scene': last.truth,
        'without colour': grey_in_colour(last.grey),
        'half resolution': last.half,
        'mosaic': last.colour,
    }


def camera(bag: Path) -> dict[str, np.ndarray]:
    """Return the pictures of events beside a colour camera."""
    simulation = Simulation(
        EventSensor(response_ms=1.0), size=(color.WIDTH, color.HEIGHT), truth_hz=50.0,
        frames_hz=10.0, speed=2.0, seed=SEED, duration_s=0.6,
    )  # fmt: skip
    simulate(bag, simulation)
    quiet = Console(quiet=True)
    recording = with_color_truth(survey(bag, quiet))
    frames = [image for _, image in read_images(bag, FRAMES)]
    pictures: dict[str, np.ndarray] = {}
    for caption, model, values in (
        ('frame, events', color.EVENT_MODEL, {'color': 'frame'}),
        ('frame, anchored', color.FRAME_MODEL, {'color': 'frame', 'frames': 'anchor'}),
        ('guess (made up)', color.EVENT_MODEL, {'color': 'guess'}),
    ):
        contender = Contender(model, model, model, in_range=True)
        *_, last = evaluated_frames(recording, contender, Settings(threads=1, **values), quiet)
        assert last.color is not None and last.color_truth is not None  # noqa: PT018 -- one state
        pictures |= {'scene': last.color_truth, 'latest frame': frames[-1], caption: last.color}
    return pictures


def main() -> int:
    """Draw all pictures."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        pages = {
            'colour_mosaic_spikes': mosaic(SensorKind.SPIKE),
            'colour_mosaic_events': mosaic(SensorKind.EVENT),
            'colour_frame': camera(Path(scratch) / 'rig'),
        }
    for name, pictures in pages.items():
        cv2.imwrite(str(IMAGES / f'{name}.png'), page(pictures), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


if __name__ == '__main__':
    sys.exit(main())
