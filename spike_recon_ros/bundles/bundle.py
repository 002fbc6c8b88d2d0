# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network for the samples of a camera, as a folder with a description, `model.yaml`.

`read_bundle` reports every fault that can be found without running the network.
"""

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spike_recon_ros.bundles.description import (
    DESCRIPTION,
    FETCH_AGAIN,
    Section,
    read_description,
    short,
)
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.bundles.network_entries import (
    MOST_CHANNELS,
    check_files,
    read_network_entries,
)
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.anchor_planes import CHANNELS
from spike_recon_ros.representations.registry import KINDS
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS

MOST_PLANES = 1_000_000
IMAGES = 'images'
"""Section of `model.yaml` that only networks for images have, see image_bundle.py."""
MOST_KEPT = 32
"""Bundles that are kept after reading."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bundle(Network):
    """A network that reads the samples of a camera; see `Network` for what backends read.

    Attributes:
        sensor: kind of camera that the network is made for.
        representation: its input: `kind` and parameters, as in representations/registry.py.
        reads_frames: whether the last channels of the input hold the latest frame of an aligned
            camera, as in representations/anchor_planes.py.
        window_ms: length of the windows that the network was trained with.
        longest_window_ms: longer windows are split into equal parts of at most this length; 0 =
            never split.
        hop_planes: number of spike planes that every window must have; 0 = any number.
    """

    sensor: SensorKind
    representation: dict[str, Any]
    reads_frames: bool
    window_ms: float
    longest_window_ms: float
    hop_planes: int

    @property
    def longest_window_ns(self) -> int:
        """`longest_window_ms` in nanoseconds."""
        return round(1e6 * self.longest_window_ms)

    @property
    def reads_plain_grid(self) -> bool:
        """Whether events are read as a voxel grid without normalisation."""
        bins = self.representation.get('bins')
        plain = {'kind': 'voxel_grid', 'bins': bins, 'normalisation': 'none'}
        return self.sensor is SensorKind.EVENT and self.representation == plain


_read_before: 'dict[tuple[Path, tuple[tuple[str, int, int, int], ...]], Bundle]' = {}


def read_bundle(folder: Path) -> Bundle:
    """Read and check a bundle, or return a copy of the last result if no file has changed since.

    Parsing and checksums take 0.1 s, and a start asks for the same bundle many times. A copy,
    because its mappings can be changed.

    Raises:
        UserError: a file is missing, damaged or changed, the graph cannot be run safely, or
            `model.yaml` asks for what this version does not support.
    """
    key = folder, _file_states(folder)
    if key not in _read_before:
        if len(_read_before) >= MOST_KEPT:
            _read_before.clear()
        _read_before[key] = _read(folder)
    return copy.deepcopy(_read_before[key])


def _file_states(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return what changes when a file of a folder is replaced or rewritten."""
    try:
        with os.scandir(folder) as entries:
            states = [(entry.name, entry.stat()) for entry in entries]
    except (OSError, ValueError):  # reading it says what is wrong
        return ()
    return tuple(
        sorted((name, state.st_ino, state.st_size, state.st_mtime_ns) for name, state in states)
    )


def _read(folder: Path) -> Bundle:
    content = read_description(folder)
    if IMAGES in content:
        raise UserError(
            f'{folder} is a network that turns images into images, not samples of a camera into '
            'images; choose a model for events or spikes'
        )
    check_files(folder, content)
    representation = content.section('representation')
    sensor = _sensor_kind(folder, content)
    _check_representation(content.text('name'), sensor, representation)
    reads_frames = content.flag('reads_frames', default=False)
    if reads_frames and sensor is SensorKind.SPIKE:
        raise UserError(f'{folder / DESCRIPTION}: reads_frames is for sensor event; {FETCH_AGAIN}')
    return Bundle(
        **read_network_entries(folder, content),
        bins=_input_channels(sensor, content, representation) + CHANNELS * reads_frames,
        output_channels=1,
        sensor=sensor,
        representation=representation.content,
        reads_frames=reads_frames,
        window_ms=content.milliseconds('window_ms'),
        longest_window_ms=content.milliseconds('longest_window_ms', default=0.0),
        hop_planes=content.count('hop_planes', MOST_PLANES, default=0),
    )


def _sensor_kind(folder: Path, content: Section) -> SensorKind:
    name = content.text('sensor')
    known = [kind.value for kind in SensorKind]
    if name not in known:
        raise UserError(
            f'{folder} is made for sensor {name!r}; this version runs {" or ".join(known)}: '
            'update spike_recon_ros'
        )
    return SensorKind(name)


def _check_representation(model: str, sensor: SensorKind, representation: Section) -> None:
    """Raise UserError if this version does not have the representation."""
    kind = representation.text('kind')
    if kind not in KINDS[sensor]:
        raise UserError(
            f'{model} is made for sensor {sensor.value!r} and representation {kind!r}; this '
            f'version runs {" or ".join(KINDS[sensor])}: update spike_recon_ros'
        )
    normalisation = representation.content.get('normalisation')
    if kind == 'voxel_grid' and normalisation not in NORMALISATIONS:
        raise UserError(
            f'{model} asks for the normalisation {short(normalisation)}; this version has '
            f'{", ".join(NORMALISATIONS)}: update spike_recon_ros'
        )
    for key, value in representation.content.items():
        if isinstance(value, int) and not 0 <= value <= MOST_CHANNELS:
            raise representation.wrong(key)


def _input_channels(sensor: SensorKind, content: Section, representation: Section) -> int:
    """Return the channels of the input: `bins` of a voxel grid, else `input_channels`."""
    if sensor is SensorKind.SPIKE:
        return content.count('input_channels', MOST_CHANNELS)
    return representation.count('bins', MOST_CHANNELS)
