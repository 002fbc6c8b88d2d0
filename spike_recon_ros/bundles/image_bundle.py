# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bundles whose networks turn images into images: colour, in-between frames.

They have no sensor, representation or window, so the reconstructor cannot run them as a model.
Their `model.yaml` has a section `images` with the meaning of each input and output channel.
"""

from dataclasses import dataclass
from pathlib import Path

from spike_recon_ros.bundles.bundle import IMAGES, read_bundle
from spike_recon_ros.bundles.description import Section, read_description, short
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.bundles.network_entries import (
    MOST_CHANNELS,
    check_files,
    read_network_entries,
)
from spike_recon_ros.bundles.zoo import find_network, image_network_names
from spike_recon_ros.errors import UserError

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ImageBundle(Network):
    """A network that turns images into images; see `Network` for what backends read.

    Attributes:
        inputs: meaning of each input channel, such as `grey`, or `current` and `next`.
        outputs: meaning of each output channel, such as `red`, `green`, `blue`, or `between`.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def find_image_bundle(name: str) -> ImageBundle:
    """Read the bundle of an image network from its name in the zoo or its path.

    Raises:
        UserError: there is no such network, it is one for events or spikes, or its bundle is
            damaged.
    """
    folder = find_network(name)
    if folder is None:
        raise UserError(
            f'there is no image network {short(name)}; available: '
            f'{", ".join(image_network_names())}, or the path of a bundle'
        )
    return read_image_bundle(folder)


def read_image_bundle(folder: Path) -> ImageBundle:
    """Read and check the bundle of an image network.

    Raises:
        UserError: a file is missing, damaged or changed, or the network reads events or spikes.
    """
    content = read_description(folder)
    if IMAGES not in content:
        raise UserError(
            f'{folder} is a network for events or spikes, not one that turns images into images; '
            f'available: {", ".join(image_network_names())}'
        )
    check_files(folder, content)
    images = content.section(IMAGES)
    inputs, outputs = _channels(images, 'inputs'), _channels(images, 'outputs')
    return ImageBundle(
        **read_network_entries(folder, content),
        bins=len(inputs),
        output_channels=len(outputs),
        inputs=inputs,
        outputs=outputs,
    )


def read_network(folder: Path) -> Network:
    """Read a bundle of either kind: for samples of a camera, or for images.

    Raises:
        UserError: a file is missing, damaged or changed.
    """
    if IMAGES in read_description(folder):
        return read_image_bundle(folder)
    return read_bundle(folder)


def _channels(images: Section, key: str) -> tuple[str, ...]:
    names = images.get(key, list)
    if not 1 <= len(names) <= MOST_CHANNELS or not all(
        isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()
        for name in names
    ):
        raise images.wrong(key)
    return tuple(names)
