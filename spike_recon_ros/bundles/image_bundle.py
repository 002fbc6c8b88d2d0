# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Bundles whose networks turn images into images: colour, in-between frames.

They have no sensor, representation or window, so the reconstructor cannot run them as a model.
Their `model.yaml` has a section `images` with the meaning of each input and output channel.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spike_recon_ros.bundles.bundle import (
    IMAGES,
    LARGEST_SCALE,
    LARGEST_STRIDE,
    MOST_CHANNELS,
    check_files,
    read_bundle,
    read_state,
)
from spike_recon_ros.bundles.description import (
    DESCRIPTION,
    FETCH_AGAIN,
    Section,
    read_description,
    short,
)
from spike_recon_ros.bundles.network import Network, StateTensor
from spike_recon_ros.bundles.zoo import find_network, image_network_names
from spike_recon_ros.errors import UserError

LONGEST_NAME = 40


@dataclass(frozen=True, slots=True, eq=False)
class ImageBundle(Network):
    """A network that turns images into images; see `Network` for what backends read.

    Attributes:
        inputs: meaning of each input channel, such as `grey`, or `current` and `next`.
        outputs: meaning of each output channel, such as `red`, `green`, `blue`, or `between`.
    """

    folder: Path
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    bins: int
    output_channels: int
    network: str
    network_arguments: dict[str, Any]
    state: tuple[StateTensor, ...]
    pad_multiple: int
    spiking: bool
    bfloat16: bool
    output_scale: int
    description: dict[str, Any]


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
    network, images = content.section('network'), content.section(IMAGES)
    inputs, outputs = _channels(images, 'inputs'), _channels(images, 'outputs')
    bundle = ImageBundle(
        folder=folder,
        name=content.text('name'),
        inputs=inputs,
        outputs=outputs,
        bins=len(inputs),
        output_channels=len(outputs),
        network=network.text('name'),
        network_arguments=network.section('arguments').content,
        state=read_state(content),
        pad_multiple=content.count('pad_multiple', LARGEST_STRIDE),
        spiking=content.flag('spiking', default=False),
        bfloat16=content.flag('bfloat16', default=True),
        output_scale=content.count('output_scale', LARGEST_SCALE, default=1),
        description=content.content,
    )
    if any(bundle.pad_multiple % spec.stride for spec in bundle.state):
        raise UserError(
            f'{folder / DESCRIPTION}: the strides of the state must divide pad_multiple, which '
            f'is {bundle.pad_multiple}; {FETCH_AGAIN}'
        )
    return bundle


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
