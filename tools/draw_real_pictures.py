# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of real recordings in docs/images: the networks beside FIBAR and FireNet.

    python tools/draw_real_pictures.py --data data/ --firenet firenet.pth

`--data` holds the recordings davis346_apriltags, vga_evt3, hd_evt3_trigger and
dvxplorer_libcaer_rollover. Run it after new weights, and look at the result.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

import spike_recon_ros as sr
from spike_recon_ros.evaluation.contenders import Contender, contenders

IMAGES = Path(__file__).resolve().parent.parent / 'docs' / 'images'
MODELS = {
    'fibar': 'FIBAR',
    'firenet': 'FireNet',
    'two_scale_gru': 'two_scale_gru',
    'two_scale_gru_small': 'small',
    'hybrid': 'hybrid',
    'hybrid_large': 'hybrid_large',
}
"""Names of the models, and their captions."""
AS_PUBLISHED = {'noise_gate': 'off', 'lamp_averaging': 'off'}
"""Settings of FireNet."""
PICTURES = {
    'real_tags': {'davis346_apriltags': 0.9},
    'real_still': {
        'vga_evt3': 1.6,
        'hd_evt3_trigger': 9.0,
        'dvxplorer_libcaer_rollover': 9.0,
    },
}
"""Recordings of each picture, one a row, and the time of the frame that is shown, s; the last
frame of a recording that is shorter."""
FPS, WIDTH = 50.0, 256


def frame_at(recording: Path, model: Contender, seconds: float) -> np.ndarray:
    """Return the last frame of a recording up to a time, uint8 [height, width]."""
    settings = AS_PUBLISHED if model.name == 'firenet' else {}
    shown = None
    frames = sr.reconstruct(recording, model=model.model, fps=FPS, **settings)
    for number, frame in enumerate(frames, start=1):
        if number > max(1, seconds * FPS):
            break
        shown = frame.image
    assert shown is not None, f'{recording} makes no frame'
    return shown


def panel(image: np.ndarray, caption: str) -> np.ndarray:
    """Return the image, WIDTH pixels wide, with its caption in it."""
    height = round(image.shape[0] * WIDTH / image.shape[1])
    out = cv2.resize(image, (WIDTH, height), interpolation=cv2.INTER_AREA)
    for colour, thickness in ((255, 3), (0, 1)):
        cv2.putText(
            out, caption, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, thickness, cv2.LINE_AA
        )
    return out


def main() -> int:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description='Pictures of real recordings.')
    parser.add_argument('--data', type=Path, required=True, help='folder of the recordings')
    parser.add_argument('--firenet', type=Path, required=True, help="its authors' weights")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        words = [f'firenet:{options.firenet}' if one == 'firenet' else one for one in MODELS]
        models = contenders(words, Path(scratch))
        for name, times in PICTURES.items():
            rows = [
                [panel(frame_at(options.data / recording, model, s), MODELS[model.name])
                 for model in models]
                for recording, s in times.items()
            ]  # fmt: skip
            picture = np.vstack([np.hstack(row) for row in rows])
            cv2.imwrite(str(IMAGES / f'{name}.png'), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


if __name__ == '__main__':
    sys.exit(main())
