# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Check a request to build engines and carry it out.

`spike-recon build` and the node's `build_only` share this module.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from spike_recon_ros.backends.backend import PRECISIONS, chosen_precision
from spike_recon_ros.backends.choice import CANDIDATES
from spike_recon_ros.bundles.description import short
from spike_recon_ros.bundles.image_bundle import read_network
from spike_recon_ros.bundles.zoo import find_network, image_network_names, zoo_names
from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import size_in


def build_requested(
    name: str, size: str, precision: str, report: Callable[[str], None]
) -> list[Path]:
    """Build the engines of a network for a sensor; return their files.

    Args:
        name: name of an installed network, or path of a bundle.
        size: width and height of the sensor, like `346x260`.
        precision: `fp32`, `fp16` or `bf16`.
        report: called with lines about the progress.

    Raises:
        UserError: there is no such network, the size is malformed, TensorRT or a GPU is missing,
            or the engine cannot be built.
    """
    pixels = size_in(size)
    if pixels is None:
        raise UserError(
            f'malformed size {short(size)}; give width and height in pixels, as 346x260'
        )
    chosen_precision('tensorrt', PRECISIONS, precision)
    folder = find_network(name)
    if folder is None:
        raise UserError(
            f'there is no network {short(name)}; available: '
            f'{", ".join([*zoo_names(), *image_network_names()])}, or the path of a bundle'
        )
    bundle = read_network(folder)
    candidate = next(one for one in CANDIDATES if one.name == 'tensorrt')
    if missing := candidate.missing():
        raise UserError(
            f'{" and ".join(missing)} is not installed and is needed to build engines; '
            f'{candidate.cure()}'
        )
    candidate.imported()  # raises if the installation is broken
    builder = importlib.import_module(f'{__package__}.engine_builder')
    written: list[Path] = builder.build_engines(bundle, *pixels, precision, report)
    return written
