# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Reconstruct a recording and write every frame as a PNG.

    python examples/bag_to_frames.py my_bag frames/

Any recording that `spike-recon inspect` reads will do: a ROS bag, Prophesee RAW, AEDAT4, HDF5 or
a file of spike planes. The model `fibar` needs no neural-network library.
"""

import argparse
from pathlib import Path

import cv2

import spike_recon_ros as sr


def main() -> None:
    """Read the arguments, reconstruct, and print what was written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('recording', help='path of the recording')
    parser.add_argument('folder', type=Path, help='folder for the PNG files')
    parser.add_argument('--model', default='fibar')
    parser.add_argument('--fps', type=float, default=50.0, help='frames per second of sensor time')
    arguments = parser.parse_args()

    number = 0
    try:
        frames = sr.reconstruct(arguments.recording, model=arguments.model, fps=arguments.fps)
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for frame in frames:
            assert frame.image is not None
            file = arguments.folder / f'{number:06d}.png'
            if not cv2.imwrite(str(file), frame.image):
                raise sr.UserError(f'{file} cannot be written; is the disk full?')
            number += 1
    except (sr.UserError, OSError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'{number} frames in {arguments.folder}')


if __name__ == '__main__':
    main()
