# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What an evaluation of spike clips may do besides PSNR and SSIM: more metrics, image files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spike_recon_ros.evaluation.no_reference import Judge
from spike_recon_ros.evaluation.score import Compare
from spike_recon_ros.whole_file import write_picture

CLIP_METRICS = 'psnr', 'ssim', 'lpips', 'niqe', 'brisque'
"""Metrics that apply to clips, in the order of tables."""


@dataclass(frozen=True, slots=True)
class ClipExtras:
    """Further metrics and the folder for the images.

    Attributes:
        judges: metrics without truth, by name.
        lpips: distance from the truth; None = not measured.
        out: folder for the images; None = they are not written.
    """

    judges: Mapping[str, Judge] = field(default_factory=dict)
    lpips: Compare | None = None
    out: Path | None = None

    @property
    def without_truth(self) -> bool:
        """Whether anything is done with clips that have no truth."""
        return bool(self.judges) or self.out is not None

    def measured(
        self, name: str, plane: int, image: np.ndarray, truth: np.ndarray | None
    ) -> dict[str, float]:
        """Write an image and return its further metrics.

        Args:
            name: of the clip, whose folder gets the image; empty = `out` itself.
            plane: that the image shows.
            image: float [height, width] in 0..1.
            truth: uint8 of the same shape, if there is one.

        Raises:
            UserError: the image cannot be written, or is too small for a metric.
        """
        if self.out is not None:
            write_image(self.out / name / f'plane_{plane:06d}.png', image)
        found = {judge: measure(image) for judge, measure in self.judges.items()}
        if self.lpips is not None and truth is not None:
            reference = truth.astype(np.float32) / np.float32(255)
            found['lpips'] = self.lpips(image.astype(np.float32), reference)
        return found


def write_image(file: Path, image: np.ndarray) -> None:
    """Write an image in 0..1 as 8-bit PNG, with its folders.

    Raises:
        UserError: it cannot be written.
    """
    write_picture(file, np.rint(255 * image).astype(np.uint8))
