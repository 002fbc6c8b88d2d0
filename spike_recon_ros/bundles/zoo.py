# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Find the folder of a bundle: one of the installed zoo by name, or any by path."""

import importlib.util
from pathlib import Path

from spike_recon_ros.bundles.description import DESCRIPTION

_PACKAGE = 'spike_recon_models'


def zoo_folder() -> Path | None:
    """Return the folder of the installed bundles; None if the package is not installed."""
    found = importlib.util.find_spec(_PACKAGE)  # does not import the package
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / 'zoo'


def zoo_names() -> list[str]:
    """Return the names of the installed bundles, sorted."""
    return _names_in(zoo_folder())


def image_zoo_folder() -> Path | None:
    """Return the folder of the installed networks that turn images into images, or None."""
    zoo = zoo_folder()
    return None if zoo is None else zoo.with_name('image_zoo')


def image_network_names() -> list[str]:
    """Return the names of the installed networks that turn images into images, sorted."""
    return _names_in(image_zoo_folder())


def _names_in(zoo: Path | None) -> list[str]:
    return sorted(file.parent.name for file in zoo.glob(f'*/{DESCRIPTION}')) if zoo else []


def find_network(name: str) -> Path | None:
    """Return the folder of a bundle of either kind; see `find_bundle`."""
    zoo = image_zoo_folder()
    if zoo is not None and name in image_network_names():
        return zoo / name
    return find_bundle(name)


def find_bundle(name: str) -> Path | None:
    """Return the folder of a model's bundle from its name in the zoo or its path.

    Returns: None if the name is not in the zoo and is no path: it has no slash, and no bundle of
        that name lies in the working directory.
    """
    zoo = zoo_folder()
    if zoo is not None and name in zoo_names():
        return zoo / name
    try:
        if '/' in name or (Path(name) / DESCRIPTION).is_file():
            return Path(name).expanduser()
    except OSError:  # the name is too long for a file
        return None
    except RuntimeError:  # `~name` of an unknown user
        return Path(name)
    return None
