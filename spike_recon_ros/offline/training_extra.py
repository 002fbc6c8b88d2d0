# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Imports of spike_recon_training, with the command that installs its libraries."""

from collections.abc import Iterator
from contextlib import contextmanager

from spike_recon_ros.cures import EXTRAS, pip_install
from spike_recon_ros.errors import UserError

NEEDED = set(EXTRAS['training'])


@contextmanager
def training_installed() -> Iterator[None]:
    """Turn a missing library of the imports inside the block into one sentence.

    Raises:
        UserError: a library that training or export needs is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or '').partition('.')[0] not in NEEDED:
            raise
        raise UserError(
            f'{error.name} is not installed; to train and export, run: {pip_install("training")}'
        ) from error
