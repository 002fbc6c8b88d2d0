# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A scene of moving photographs for one camera, from the same worlds that training uses."""

from pathlib import Path

import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_training.recipe import PhotographChoice
from spike_recon_training.simulation.colour import ThreeScenes
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.photographs import (
    Photographs,
    find_photographs,
    load_colours,
    load_photographs,
    split_photographs,
)

GREATEST_PX_S = 1.0
"""Maximum speed, image widths/s."""
THINGS = 2
"""Number of objects in front of the background."""
EXPOSED_MEAN = 0.45
"""Mean of the first exposed image, as in training: events carry no absolute brightness."""
FEWEST_HELD_BACK = THINGS + 1
"""Minimum number of held-back photographs: one for each plane."""
MOST_PHOTOGRAPHS = 32
"""Maximum number of files read for one scene; it shows only a few of them."""


class PhotoScene:
    """Photographs that move in front of each other; implements Scene.

    Args:
        photographs: textures, on the CPU.
        width: image columns, pixels.
        height: image rows, pixels.
        seed: seed of the choice of photographs and of the motion.
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
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        return self._worlds.luminance(torch.tensor([[t_s]]))[0, 0].numpy()

    def speed_px(self, t_s: float) -> float:
        """Return the maximum speed over all planes and image corners at `t_s` (s), pixels/s."""
        dt = 2e-3
        before, after = self._worlds.homography(torch.tensor([[t_s, t_s + dt]]))[0].double()
        moved = torch.linalg.inv(after) @ before @ self._corners.double()
        shift = moved[:, :2] / moved[:, 2:] - self._corners[:2]
        return float(torch.linalg.norm(shift, dim=1).max() / dt)


def photo_scene(
    folder: Path, width: int, height: int, seed: int = 0, *, held_back: bool = False
) -> PhotoScene:
    """Make a scene from randomly chosen photographs of a folder.

    Args:
        folder: searched recursively.
        width: image columns, pixels.
        height: image rows, pixels.
        seed: seed of the choice of photographs and of the motion.
        held_back: use only the photographs that training does not use by default, so that a
            network is evaluated on images that it was not trained on.

    Raises:
        UserError: the folder contains no photographs, or too few are held back.
    """
    files = _chosen(folder, seed, held_back)
    photographs = load_photographs(files, 2 * max(width, height), seed=seed)
    return PhotoScene(photographs, width, height, seed)


def coloured_photo_scene(
    folder: Path, width: int, height: int, seed: int = 0, *, held_back: bool = False
) -> ThreeScenes:
    """Make a scene like `photo_scene`, with the same motion, in colour.

    Raises:
        UserError: the folder contains no photographs, or too few are held back.
    """
    files = _chosen(folder, seed, held_back)
    # The same random numbers are drawn for each colour, so all colours move alike.
    red, green, blue = (
        PhotoScene(photographs, width, height, seed)
        for photographs in load_colours(files, 2 * max(width, height))
    )
    return ThreeScenes(red, green, blue, exposed_mean=EXPOSED_MEAN)


def _chosen(folder: Path, seed: int, held_back: bool) -> list[Path]:
    files = find_photographs([folder])
    if held_back:
        files = _held_back(files, folder)
    order = np.random.default_rng(seed).permutation(len(files))[:MOST_PHOTOGRAPHS]
    return [files[index] for index in order]


def _held_back(files: list[Path], folder: Path) -> list[Path]:
    """Return the files that `spike-recon train` holds back with the default recipe values."""
    share = PhotographChoice().held_share
    held = split_photographs(files, share)[1]
    if len(held) < FEWEST_HELD_BACK:
        raise UserError(
            f'training holds back {len(held)} of the {len(files)} photographs in {folder}, but '
            f'{FEWEST_HELD_BACK} are needed; add photographs, about '
            f'{FEWEST_HELD_BACK / share:.0f} in total'
        )
    return held
