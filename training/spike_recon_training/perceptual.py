# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""LPIPS, the learned perceptual distance of two images, if its library and weights are installed.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.
It compares features of a network trained on photographs, whose weights may not be redistributed.
"""

from collections.abc import Callable

import numpy as np
import torch

from spike_recon_ros.errors import UserError

BACKBONE = 'alex'
"""Backbone of the figures in most papers."""


def load_lpips() -> Callable[[np.ndarray, np.ndarray], float]:
    """Return a function that computes LPIPS of two images, float [height, width] in 0..1.

    Raises:
        UserError: the library or the weights of its backbone are missing.
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
