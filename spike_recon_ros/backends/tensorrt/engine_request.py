# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From what a user typed to the engines that a network needs here.

Comes in: a network's name, a sensor's size and a precision. Goes out: files in the user's cache.
`spike-recon build` and the node's `build_only` both call it. Knows nothing about TensorRT.
"""

import importlib
import re
from collections.abc import Callable
from pathlib import Path

from spike_recon_ros.backends.backend import PRECISIONS, chosen_precision
from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle, zoo_names
from spike_recon_ros.errors import UserError


def build_requested(
    name: str, size: str, precision: str, say: Callable[[str], None]
) -> list[Path]:
    """Build the engines of a network for a sensor; return their files.

    Args:
        name: of an installed network, or the path of a bundle.
        size: of the sensor, as `346x260`.
        precision: `fp32`, `fp16` or `bf16`.
        say: takes lines about the progress.

    Raises:
        UserError: there is no such network, the size is none, there is no TensorRT or no GPU, or
            no engine can be made.
    """
    width, height = _size(size)
    chosen_precision('tensorrt', PRECISIONS, precision)
    folder = find_bundle(name)
    if folder is None:
        raise UserError(
            f'there is no network {name!r}; available: {", ".join(zoo_names())}, or the path of '
            "a bundle's folder"
        )
    bundle = read_bundle(folder)
    candidate = next(one for one in CANDIDATES if one.name == 'tensorrt')
    if missing := candidate.missing():
        raise UserError(
            f'{" and ".join(missing)} is not installed, which builds engines; {candidate.cure()}'
        )
    candidate.imported()  # says what is broken, if something is
    builder = importlib.import_module(f'{__package__}.engine_builder')
    written: list[Path] = builder.build_engines(bundle, width, height, precision, say)
    return written


def _size(text: str) -> tuple[int, int]:
    """Return width and height."""
    found = re.fullmatch(r'([1-9]\d{0,4})x([1-9]\d{0,4})', text)
    if found is None:
        raise UserError(f'the size is {text!r}; give width and height in pixels, as 346x260')
    return int(found[1]), int(found[2])
