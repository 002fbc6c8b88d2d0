# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The bundles that came with the installation, and those that a user made.

Comes in: a name or a path. Goes out: the folder of a bundle. Knows nothing about what is in it.
"""

import importlib.util
from pathlib import Path

from spike_recon_ros.bundles.description import DESCRIPTION

_PACKAGE = 'spike_recon_models'


def zoo_folder() -> Path | None:
    """Return the folder of the installed bundles; None where the package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)  # finds the place, runs nothing
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / 'zoo'


def zoo_names() -> list[str]:
    """Return the names of the installed bundles, sorted."""
    zoo = zoo_folder()
    return sorted(file.parent.name for file in zoo.glob(f'*/{DESCRIPTION}')) if zoo else []


def find_bundle(name: str) -> Path | None:
    """Return the folder that a model's name, or the path of a bundle, stands for.

    Returns: None if `name` is neither installed nor looks like a path: it has no slash in it.
    """
    zoo = zoo_folder()
    if zoo is not None and name in zoo_names():
        return zoo / name
    if '/' in name or (Path(name) / DESCRIPTION).is_file():
        return Path(name).expanduser()
    return None
