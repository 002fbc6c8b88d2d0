# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""LPIPS, where the user has its library and its weights.

Comes in: two images. Goes out: their learned perceptual distance. Knows nothing about videos.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.
It compares the features of a network that was trained on photographs, whose weights are not ours
to hand out.
"""

from collections.abc import Callable

import numpy as np
import torch

from spike_recon_ros.errors import UserError

BACKBONE = 'alex'
"""What the tables of the field are made with."""


def load_lpips() -> Callable[[np.ndarray, np.ndarray], float]:
    """Return what computes LPIPS of two images, float [height, width] in 0..1.

    Raises:
        UserError: the library is missing, or it finds no weights of its backbone.
    """
    try:
        import lpips  # noqa: PLC0415 -- the user's own
    except (ImportError, RuntimeError) as error:  # a torchvision that does not fit the torch
        raise UserError(
            f'lpips cannot be used ({_one_line(error)}); run: pip install lpips torchvision, or '
            'leave out -q lpips'
        ) from None
    try:
        network = lpips.LPIPS(net=BACKBONE, verbose=False).eval()
    except (OSError, RuntimeError) as error:  # no connection; a file cut short
        raise UserError(
            f'lpips finds no weights of AlexNet and cannot fetch them ({_one_line(error)}); put '
            f"torchvision's alexnet .pth into {torch.hub.get_dir()}/checkpoints, or leave out -q "
            'lpips'
        ) from None

    @torch.inference_mode()
    def distance(image: np.ndarray, truth: np.ndarray) -> float:
        return float(network(_prepared(image), _prepared(truth)))

    return distance


def _prepared(image: np.ndarray) -> torch.Tensor:
    """Return float32 [1, 3, height, width] in -1..1."""
    grey = torch.from_numpy(np.ascontiguousarray(image, np.float32))
    return (2 * grey - 1).expand(1, 3, *grey.shape)


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
