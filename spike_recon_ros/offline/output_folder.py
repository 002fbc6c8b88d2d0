# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Sees that what lies in a folder is not written over by mistake.

Comes in: a folder. Goes out: nothing, or a UserError. Knows nothing about what is written.
"""

from pathlib import Path

from spike_recon_ros.errors import UserError


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Raise UserError if something is in the folder and it was not said to replace it."""
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise UserError(f'{folder} is not empty; choose another name or add --overwrite')
