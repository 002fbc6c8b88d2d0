# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A world of photographs for one camera; what training sees, as a recording.

Comes in: Photographs and a seed. Goes out: luminance at an instant. Knows nothing about events or
files.
"""

from pathlib import Path

import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_training.recipe import PhotographChoice
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.photographs import (
    Photographs,
    find_photographs,
    load_photographs,
    split_photographs,
)

GREATEST_PX_S = 1.0
"""Greatest speed, as a multiple of the image's width a second."""
THINGS = 2
EXPOSED_MEAN = 0.45
"""Mean of the first image, as in training: events do not tell how bright a scene is."""
FEWEST_HELD_BACK = THINGS + 1
"""One for each plane."""
MOST_PHOTOGRAPHS = 32
"""Files that are read for one scene: it shows only a few."""


class PhotoScene:
    """Photographs that move before each other; implements Scene.

    Args:
        photographs: on the CPU.
        width: image columns, pixels.
        height: image rows, pixels.
        seed: chooses photographs and motion.
    """

    def __init__(self, photographs: Photographs, width: int, height: int, seed: int = 0) -> None:
        self.width, self.height = width, height
        self.camera_matrix = np.array(
            [[width, 0.0, (width - 1) / 2], [0.0, width, (height - 1) / 2], [0.0, 0.0, 1.0]]
        )
        self._worlds = PlanarWorlds(
            photographs,
            WorldModel(),
            height,
            width,
            things=THINGS,
            greatest_px_s=torch.tensor([GREATEST_PX_S * width]),
            generator=torch.Generator().manual_seed(seed),
        )
        self.exposure = EXPOSED_MEAN / float(self.luminance(0.0).mean())
        corner = torch.tensor([width / 2, height / 2, 1.0])
        signs = torch.tensor([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]])
        self._corners = (signs * corner).T

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, seconds."""
        return self._worlds.luminance(torch.tensor([[t_s]]))[0, 0].numpy()

    def speed_px(self, t_s: float) -> float:
        """Return how fast the fastest plane moves in the image's corners, pixels/s."""
        dt = 2e-3
        before, after = self._worlds.homography(torch.tensor([[t_s, t_s + dt]]))[0].double()
        moved = torch.linalg.inv(after) @ before @ self._corners.double()
        shift = moved[:, :2] / moved[:, 2:] - self._corners[:2]
        return float(torch.linalg.norm(shift, dim=1).max() / dt)


def photo_scene(
    folder: Path, width: int, height: int, seed: int = 0, *, held_back: bool = False
) -> PhotoScene:
    """Make a scene from some photographs of a folder.

    Args:
        folder: searched in depth.
        width: image columns, pixels.
        height: image rows, pixels.
        seed: chooses photographs and motion.
        held_back: use only those that a training by default leaves out, so that a network is
            judged by what it has not seen.

    Raises:
        UserError: if the folder holds no photographs, or too few are held back.
    """
    files = find_photographs([folder])
    if held_back:
        files = _held_back(files, folder)
    chosen = np.random.default_rng(seed).permutation(len(files))[:MOST_PHOTOGRAPHS]
    photographs = load_photographs(
        [files[index] for index in chosen], 2 * max(width, height), seed=seed
    )
    return PhotoScene(photographs, width, height, seed)


def _held_back(files: list[Path], folder: Path) -> list[Path]:
    """Return the files that `spike-recon train` does not train on, unless a recipe says else."""
    share = PhotographChoice().held_share
    held = split_photographs(files, share)[1]
    if len(held) < FEWEST_HELD_BACK:
        raise UserError(
            f'of the {len(files)} photographs in {folder} a training holds back {len(held)}, and '
            f'{FEWEST_HELD_BACK} are needed; give more, about {FEWEST_HELD_BACK / share:.0f}'
        )
    return held
