# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The random input of the golden test of a bundle."""

from typing import Any

import numpy as np

from spike_recon_models.networks.recurrent_network import RecurrentNetwork
from spike_recon_ros.representations.anchor_planes import CHANNELS as FRAME_CHANNELS

EVENT_KIND = 'voxel_grid'
GOLDEN_STEPS = 6
GOLDEN_SIZE = 48, 64
BLOCK = 4
"""Side of the uniform squares of the golden input of a network for images, pixels."""
PHASE_CONTRAST = 0.05
"""Contrast of the light between the pixels, as a share of that of the rates."""


def golden_input(network: RecurrentNetwork, representation: dict[str, Any]) -> np.ndarray:
    """Return a short random input, float32 [steps, 1, bins, height, width].

    It resembles the representation in its values only: a tenth of a voxel grid is nonzero, planes
    are binary, and rates and images lie between 0 and 1.
    """
    random = np.random.default_rng(20260101)
    multiple = network.pad_multiple
    height, width = (-(-side // multiple) * multiple for side in GOLDEN_SIZE)
    shape = GOLDEN_STEPS, 1, network.bins, height, width
    if network.image_inputs:
        coarse = random.random((*shape[:3], -(-height // BLOCK), -(-width // BLOCK)))
        blocks = coarse.repeat(BLOCK, -2).repeat(BLOCK, -1)[..., :height, :width]
        return blocks.astype(np.float32)
    kind = representation.get('kind', EVENT_KIND)
    if kind == 'spike_stack':
        return (random.random(shape) < 0.3).astype(np.float32)
    if kind in ('spike_intervals', 'spike_compensated'):
        rates = random.uniform(0.1, 0.9, shape).astype(np.float32)
        # The image is a correction of channel 0: constant there, it cannot hide the correction.
        rates[:, :, 0] = 0.4
        if points := representation.get('phases', 0) ** 2:
            # Coverage is left as it is; larger differences would hide what the state adds.
            differences = slice(-2 * points, -points)
            rates[:, :, differences] = PHASE_CONTRAST * (rates[:, :, differences] - 0.5)
        return rates
    values = random.normal(0.0, 1.0, shape) * (random.random(shape) < 0.1)
    if network.reads_frames:
        _add_frames(values, random)
    return values.astype(np.float32)


def _add_frames(values: np.ndarray, random: np.random.Generator) -> None:
    """Write frames into the last channels: none, a new one, an old one, and a newer one."""
    values[:, :, -FRAME_CHANNELS:] = 0
    for first, frame in ((1, random.random(values.shape[-2:])), (4, None)):
        grey = values[first - 1, 0, -FRAME_CHANNELS].copy() if frame is None else frame
        values[first:, :, -FRAME_CHANNELS] = 1 - grey if frame is None else grey
        values[first, :, -2] = 1
        for step in range(first, len(values)):
            values[step, :, -1] = 1 / (1.2 + step - first)
