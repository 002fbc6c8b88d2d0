# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A trained network as a folder: its files, their checksums and what `model.yaml` declares.

`read_bundle` reports every fault that can be found without running the network.
"""

import copy
import hashlib
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
from spike_recon_ros.bundles.network import (
    GOLDEN,
    INT8_ONNX,
    ONNX,
    WEIGHTS,
    Network,
    StateTensor,
)
from spike_recon_ros.bundles.onnx_graph import check_graph
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.anchor_planes import CHANNELS
from spike_recon_ros.representations.registry import KINDS
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS

MOST_CHANNELS, LARGEST_STRIDE, MOST_PLANES, LARGEST_SCALE = 4096, 1024, 1_000_000, 16
MOST_STATES = 256
IMAGES = 'images'
"""Section of `model.yaml` that only networks for images have, see image_bundle.py."""
_PIECE_BYTES = 1 << 20
MOST_KEPT = 32
"""Bundles that are kept after reading."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle(Network):
    """A network that reads the samples of a camera, as the runtime sees it.

    Attributes:
        folder: path of the bundle.
        name: name of the model.
        sensor: kind of camera that the network is made for.
        representation: its input: `kind` and parameters, as in representations/registry.py.
        bins: channels of the input tensor, those of the frames included.
        reads_frames: whether the last channels of the input hold the latest frame of an aligned
            camera, as in representations/anchor_planes.py.
        window_ms: length of the windows that the network was trained with.
        longest_window_ms: longer windows are split into equal parts of at most this length; 0 =
            never split.
        network: name of the definition in `spike_recon_models.networks`.
        network_arguments: arguments of the definition.
        state: tensors carried from window to window; empty if each image depends on its window
            alone.
        pad_multiple: height and width of the input must be multiples of it.
        spiking: whether it holds spiking neurons, on whose last spike backends differ. Unrelated
            to spike cameras.
        bfloat16: whether bfloat16 is precise enough for it.
        hop_planes: number of spike planes that every window must have; 0 = any number.
        output_scale: factor from input to image height and width (super-resolution).
        description: the whole content of model.yaml.
        output_channels: channels of the image.
    """

    folder: Path
    name: str
    sensor: SensorKind
    representation: dict[str, Any]
    bins: int
    reads_frames: bool
    window_ms: float
    longest_window_ms: float
    network: str
    network_arguments: dict[str, Any]
    state: tuple[StateTensor, ...]
    pad_multiple: int
    spiking: bool
    bfloat16: bool
    hop_planes: int
    output_scale: int
    description: dict[str, Any]
    output_channels: int = 1

    @property
    def longest_window_ns(self) -> int:
        """`longest_window_ms` in nanoseconds."""
        return round(1e6 * self.longest_window_ms)


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
    network = content.section('network')
    sensor = _sensor_kind(folder, content)
    _check_representation(content.text('name'), sensor, representation)
    reads_frames = content.flag('reads_frames', default=False)
    bundle = Bundle(
        folder=folder,
        name=content.text('name'),
        sensor=sensor,
        representation=representation.content,
        bins=_input_channels(sensor, content, representation) + CHANNELS * reads_frames,
        reads_frames=reads_frames,
        window_ms=content.milliseconds('window_ms'),
        longest_window_ms=content.milliseconds('longest_window_ms', default=0.0),
        network=network.text('name'),
        network_arguments=network.section('arguments').content,
        state=read_state(content),
        pad_multiple=content.count('pad_multiple', LARGEST_STRIDE),
        spiking=content.flag('spiking', default=False),
        bfloat16=content.flag('bfloat16', default=True),
        hop_planes=content.count('hop_planes', MOST_PLANES, default=0),
        output_scale=content.count('output_scale', LARGEST_SCALE, default=1),
        description=content.content,
    )
    strides = [spec.stride for spec in bundle.state]
    if reads_frames and sensor is SensorKind.SPIKE:
        raise UserError(
            f'{bundle.folder / DESCRIPTION}: reads_frames is for sensor event; {FETCH_AGAIN}'
        )
    if any(bundle.pad_multiple % stride for stride in strides):
        raise UserError(
            f'{bundle.folder / DESCRIPTION}: the strides {strides} of the state must divide '
            f'pad_multiple, which is {bundle.pad_multiple}; {FETCH_AGAIN}'
        )
    return bundle


def check_files(folder: Path, content: Section) -> None:
    """Compare every file of a bundle with the list `sha256`, external ONNX data included.

    Raises:
        UserError: a file is missing or differs, or the graph cannot be run safely.
    """
    listed = content.section('sha256')
    names = {ONNX: None, WEIGHTS: None, GOLDEN: None} | dict.fromkeys(listed.content)
    for name in names:
        _check_file(folder, name, listed)
    for name in (ONNX, INT8_ONNX):
        if name not in listed:
            continue
        for external in check_graph(folder / name):
            if external not in listed:
                raise UserError(
                    f'{folder / name} keeps weights in {short(external)}, which is not in the '
                    f'sha256 list of {DESCRIPTION}; {FETCH_AGAIN}'
                )


def _check_file(folder: Path, name: str, listed: Section) -> None:
    expected = listed.text(name)
    if name in ('', '.', '..') or '/' in name:
        raise UserError(
            f'{folder / DESCRIPTION}: sha256 lists {short(name)}, which is not a file of the '
            f'bundle; {FETCH_AGAIN}'
        )
    path = folder / name
    if not path.is_file():
        raise UserError(f'the bundle {folder} has no file {name}; {FETCH_AGAIN}')
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except OSError as error:
        raise UserError(
            f'{path} cannot be read ({error.strerror}); check its permissions'
        ) from None
    if digest.hexdigest() != expected:
        raise UserError(
            f'{path} is not the file that {DESCRIPTION} was written for (its sha256 differs); '
            f'{FETCH_AGAIN}'
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


def read_state(content: Section) -> tuple[StateTensor, ...]:
    """Return the state tensors that a description declares."""
    entries = content.sections('state')
    if len(entries) > MOST_STATES:
        raise content.wrong('state')
    state = tuple(
        StateTensor(
            entry.text('name'),
            entry.count('channels', MOST_CHANNELS),
            entry.count('stride', LARGEST_STRIDE),
        )
        for entry in entries
    )
    if len({spec.name for spec in state}) != len(state):
        raise content.wrong('state')
    return state
