# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Scores and image sheets of the averaged weights on photographs that are not trained on."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.whole_file import write_picture
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.datasets.simulated import new_sequences, next_segment
from spike_recon_training.losses import ssim
from spike_recon_training.recipe import Recipe
from spike_recon_training.reconstruction import reconstructed, steps
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.videos import Clips

SEED = 20_260_101
"""Independent of the recipe, so that runs with other seeds are scored on the same sequences."""
COLD_WINDOWS = 5
SHOWN_SEQUENCES = 5
SHOWN_WINDOWS = (0, 1, 2, 4, 9, 19, 29)
PROBE_WINDOWS = 2
SMALLEST_MSE = 1e-10
"""Limit of the mean square error, so that PSNR is finite: 100 dB."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many held-back sequences are scored.

    Attributes:
        batches: number of batches.
        batch: sequences in each.
        windows: length of each sequence.
    """

    batches: int
    batch: int
    windows: int

    @property
    def frames(self) -> int:
        """Number of images in all sequences."""
        return self.batches * self.batch * self.windows


EXTENTS = (
    Extent(3, 8, 30), Extent(1, 8, 30), Extent(1, 8, 10), Extent(1, 4, 6), Extent(1, 2, 4),
    Extent(1, 1, 2),
)  # fmt: skip
"""The first one that is affordable is used, so that runs with enough time are comparable."""


def affordable(frame_s: float, limit_s: float) -> Extent:
    """Return the largest of EXTENTS that is scored within a time, else the smallest.

    Args:
        frame_s: time for one image, seconds.
        limit_s: time for all of them, seconds.
    """
    return next((one for one in EXTENTS if one.frames * frame_s <= limit_s), EXTENTS[-1])


def frame_times(
    network: RecurrentNetwork, photographs: Photographs, recipe: Recipe
) -> tuple[float, float]:
    """Measure the seconds that simulation and network need for one image of one sequence."""
    device = photographs.squares.device
    synchronize: Callable[[], None] = (
        torch.cuda.synchronize if device.type == 'cuda' else lambda: None
    )
    elapsed_s: list[float] = []
    for _ in range(2):  # the first time includes compilation
        started_s = time.monotonic()
        sequences = new_sequences(photographs, recipe, network.grid_bins, SEED, 1)
        segment = next_segment(sequences, recipe, cold=True, windows=PROBE_WINDOWS)
        synchronize()
        simulated_s = time.monotonic()
        with torch.no_grad():
            reconstructed(network, segment.grids)
        synchronize()
        elapsed_s = [simulated_s - started_s, time.monotonic() - simulated_s]
    simulation_s, network_s = (seconds / PROBE_WINDOWS for seconds in elapsed_s)
    return simulation_s, network_s


def held_segments(
    photographs: Photographs,
    recipe: Recipe,
    bins: int,
    clips: Clips | None = None,
    extent: Extent = EXTENTS[0],
) -> list[Segment]:
    """Return the sequences to score on, always the same for an extent; each starts cold.

    Args:
        photographs: textures that are not trained on.
        recipe: of the run.
        bins: channels of a voxel grid.
        clips: videos to cut the scenes from, instead of the photographs.
        extent: number and length of the sequences.
    """
    return [
        next_segment(
            new_sequences(photographs, recipe, bins, SEED + number, extent.batch, clips=clips),
            recipe,
            cold=True,
            windows=extent.windows,
        )
        for number in range(extent.batches)
    ]


@torch.no_grad()
def scores(network: RecurrentNetwork, segments: list[Segment]) -> dict[str, float]:
    """Return mse, psnr (dB) and ssim, of all windows and of the first (`cold_`), and observables.

    PSNR is computed for each image and then averaged.
    """
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
            square = (flat - truth).square().flatten(1).mean(1)
            found.setdefault(f'{prefix}mse', []).append(square.mean())
            found.setdefault(f'{prefix}ssim', []).append(ssim(flat, truth).mean())
            if not prefix:
                psnr = -10 * square.clamp(min=SMALLEST_MSE).log10().mean()
                found.setdefault('psnr', []).append(psnr)
    return {name: round(float(torch.stack(values).mean()), 5) for name, values in found.items()}


@torch.no_grad()
def write_sheet(network: RecurrentNetwork, segments: list[Segment], file: Path) -> None:
    """Write a PNG with input, reconstruction and truth of some sequences at some windows."""
    rows = []
    for segment in segments:
        video = reconstructed(network, segment.grids)[0].float().cpu()
        shown = [window for window in SHOWN_WINDOWS if window < len(video)]
        side = segment.truths.shape[-1]
        for sequence in range(min(SHOWN_SEQUENCES, video.shape[1])):
            for images in (
                _shown(segment.grids[shown, sequence].cpu()),
                video[shown, sequence, 0],
                segment.truths[shown, sequence, 0].cpu(),
            ):
                rows.append(np.hstack([_enlarged(image, side) for image in images.numpy()]))
    sheet = np.clip(np.rint(255 * np.vstack(rows)), 0, 255).astype(np.uint8)
    write_picture(file, sheet)


def _enlarged(image: np.ndarray, side: int) -> np.ndarray:
    """Return a square image with the side of the truth, with square pixels."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST)


def _shown(tensors: torch.Tensor) -> torch.Tensor:
    """Return images [n, height, width]: voxel grids summed around grey, rates averaged."""
    if bool((tensors < 0).any()):
        return 0.5 + 0.2 * tensors.sum(1)
    return tensors.mean(1)
