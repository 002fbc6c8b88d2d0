# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The settings with which each of several models runs."""

import dataclasses

from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.model_choice import reads_frames
from spike_recon_ros.settings import Settings


def settings_of(contender: Contender, truth: str | None, settings: Settings) -> Settings:
    """Return the settings of a model, apart from those of rendering.

    Args:
        contender: the model; one that reads no frames runs without them.
        truth: topic of the ground truth, for each image of which there is a frame; None = there is
            none.
        settings: that the user chose for all models.
    """
    return dataclasses.replace(
        settings,
        model=contender.model,
        sync_mode='free_running' if truth is None else 'camera_image',
        frames=settings.frames if reads_frames(contender.model) else 'off',
    )
