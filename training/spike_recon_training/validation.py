# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scores and image sheets of the averaged weights on photographs that are not trained on."""

from pathlib import Path

import cv2
import numpy as np
import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import new_sequences, next_segment
from spike_recon_training.losses import ssim
from spike_recon_training.recipe import Recipe
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.videos import Clips
from spike_recon_training.task import reconstructed, steps

SEED = 20_260_101
"""Independent of the recipe, so that runs with other seeds are scored on the same sequences."""
BATCHES, BATCH = 3, 8
WINDOWS = 30
COLD_WINDOWS = 5
SHOWN_SEQUENCES = 5
SHOWN_WINDOWS = (0, 1, 2, 4, 9, 19, 29)


def held_segments(
    photographs: Photographs, recipe: Recipe, bins: int, clips: Clips | None = None
) -> list[Segment]:
    """Return the sequences to score on, always the same; each starts cold.

    Args:
        photographs: textures that are not trained on.
        recipe: of the run.
        bins: channels of a voxel grid.
        clips: videos to cut the scenes from, instead of the photographs.
    """
    return [
        next_segment(
            new_sequences(photographs, recipe, bins, SEED + number, BATCH, clips=clips),
            recipe,
            cold=True,
            windows=WINDOWS,
        )
        for number in range(BATCHES)
    ]


@torch.no_grad()
def scores(network: RecurrentNetwork, segments: list[Segment]) -> dict[str, float]:
    """Return mse and ssim, of all windows and of the first ones (`cold_`), and observables."""
    found: dict[str, list[torch.Tensor]] = {}
    for segment in segments:
        images = []
        for image, state in steps(network, segment.grids):
            images.append(image)
            for name, value in network.observables(state).items():
                found.setdefault(name, []).append(value)
        video = torch.stack(images).float()
        for prefix, part in (('', slice(None)), ('cold_', slice(COLD_WINDOWS))):
            flat, truth = video[part].flatten(0, 1), segment.truths[part].flatten(0, 1)
            found.setdefault(f'{prefix}mse', []).append((flat - truth).square().mean())
            found.setdefault(f'{prefix}ssim', []).append(ssim(flat, truth).mean())
    return {name: round(float(torch.stack(values).mean()), 5) for name, values in found.items()}


@torch.no_grad()
def write_sheet(network: RecurrentNetwork, segments: list[Segment], file: Path) -> None:
    """Write a PNG with input, reconstruction and truth of some sequences at some windows."""
    rows = []
    for segment in segments:
        video = reconstructed(network, segment.grids)[0].float().cpu()
        shown = [window for window in SHOWN_WINDOWS if window < len(video)]
        for sequence in range(min(SHOWN_SEQUENCES, video.shape[1])):
            for images in (
                _shown(segment.grids[shown, sequence].cpu()),
                video[shown, sequence, 0],
                segment.truths[shown, sequence, 0].cpu(),
            ):
                side = segment.truths.shape[-1]
                rows.append(np.hstack([_enlarged(image, side) for image in images.numpy()]))
    sheet = np.clip(np.rint(255 * np.vstack(rows)), 0, 255).astype(np.uint8)
    cv2.imwrite(str(file), sheet)


def _enlarged(image: np.ndarray, side: int) -> np.ndarray:
    """Return a square image with the side of the truth, with square pixels."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST)


def _shown(tensors: torch.Tensor) -> torch.Tensor:
    """Return images [n, height, width]: voxel grids summed around grey, rates averaged."""
    if bool((tensors < 0).any()):
        return 0.5 + 0.2 * tensors.sum(1)
    return tensors.mean(1)
