# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A trained network as a folder: what is in it, and whether it is whole.

Comes in: a folder. Goes out: a Bundle. Knows nothing about the libraries that run it; everything
that is wrong with a bundle and can be seen without running it is said here.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.registry import KINDS
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS

DESCRIPTION = 'model.yaml'
ONNX, WEIGHTS, GOLDEN = 'model.onnx', 'weights.safetensors', 'golden.npz'
INT8_ONNX, INT8_GOLDEN = 'model_int8.onnx', 'golden_int8.npz'
"""The graph in eight bits, where somebody has made one, and what it gives for the golden input."""
FETCH_AGAIN = 'fetch or export the bundle again'


@dataclass(frozen=True, slots=True)
class StateTensor:
    """One tensor of the recurrent state, [1, channels, height / stride, width / stride]."""

    name: str
    channels: int
    stride: int


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A network as the runtime sees it.

    Attributes:
        folder: where it lies.
        name: of the model.
        sensor: kind of camera that it is for.
        representation: what it reads: `kind` and its parameters, as in
            representations/registry.py.
        bins: channels of the tensor that goes in.
        window_ms: length of the windows that it was trained for.
        longest_window_ms: longer windows are read in equal parts of at most this; 0 = as they are.
        network: name of the definition in `models.networks`.
        network_arguments: of the definition.
        state: the tensors that are carried from window to window; none where each image is made
            from its window alone.
        pad_multiple: what height and width must be divisible by.
        spiking: whether it holds neurons that fire or do not, which backends cannot agree on to
            the last spike. It has nothing to do with spike cameras.
        bfloat16: whether that is precise enough for it.
        hop_planes: spike planes that a window must have; 0 = any number.
        output_scale: pixels of the image to a side of one of the sensor.
        description: everything in model.yaml.
    """

    folder: Path
    name: str
    sensor: SensorKind
    representation: dict[str, Any]
    bins: int
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

    @property
    def longest_window_ns(self) -> int:
        """The same in the unit of windows."""
        return round(1e6 * self.longest_window_ms)

    @property
    def onnx(self) -> Path:
        """The graph."""
        return self.folder / ONNX

    @property
    def int8_onnx(self) -> Path | None:
        """The graph in eight bits; None where there is none."""
        return self.folder / INT8_ONNX if INT8_ONNX in self.description['sha256'] else None

    @property
    def weights(self) -> Path:
        """The weights for the torch definition."""
        return self.folder / WEIGHTS

    def image_shape(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return the shape of the network's image for an input of a size, batch included."""
        return 1, 1, self.output_scale * height, self.output_scale * width

    def state_shapes(self, height: int, width: int) -> dict[str, tuple[int, int, int, int]]:
        """Return the shape of each state tensor, by its name, for an input of a size."""
        return {
            spec.name: (1, spec.channels, height // spec.stride, width // spec.stride)
            for spec in self.state
        }

    def golden(self, *, int8: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return input [steps, bins, height, width] and output [steps, height, width].

        The output's sides are `output_scale` times as long.

        Args:
            int8: return the output of the graph in eight bits.

        Raises:
            UserError: a file does not hold them.
        """
        events = self._array(GOLDEN, 'events')
        intensity = self._array(INT8_GOLDEN if int8 else GOLDEN, 'intensity')
        steps, _, height, width = events.shape if events.ndim == 4 else (0, 0, 0, 0)
        fits = events.shape == (steps, self.bins, height, width)
        image = steps, self.output_scale * height, self.output_scale * width
        if not steps or not fits or intensity.shape != image:
            raise UserError(
                f'{self.folder / GOLDEN} holds {events.shape} and {intensity.shape}, which do not '
                f'belong to {self.name} with its {self.bins} bins; {FETCH_AGAIN}'
            )
        return events.astype(np.float32), intensity.astype(np.float32)

    def _array(self, name: str, key: str) -> np.ndarray:
        try:
            with np.load(self.folder / name, allow_pickle=False) as content:
                return np.asarray(content[key])
        except (OSError, KeyError, ValueError) as error:
            raise UserError(
                f'{self.folder / name} cannot be read ({error}); {FETCH_AGAIN}'
            ) from None


def read_bundle(folder: Path) -> Bundle:
    """Read and check a bundle.

    Raises:
        UserError: a file is missing, changed, or says what this version does not understand.
    """
    content = _description(folder)
    listed = _entry(folder, content, 'sha256', dict)
    for name in (ONNX, WEIGHTS, GOLDEN, *({INT8_ONNX, INT8_GOLDEN} & listed.keys())):
        _check_file(folder, name, listed)
    representation = _entry(folder, content, 'representation', dict)
    network = _entry(folder, content, 'network', dict)
    bundle = Bundle(
        folder=folder,
        name=_entry(folder, content, 'name', str),
        sensor=_sensor_kind(folder, content),
        representation=representation,
        bins=_channels(folder, content, representation),
        window_ms=float(_entry(folder, content, 'window_ms', (int, float))),
        longest_window_ms=_longest(folder, content),
        network=_entry(folder, network, 'name', str),
        network_arguments=_entry(folder, network, 'arguments', dict),
        state=tuple(_state(folder, entry) for entry in _entry(folder, content, 'state', list)),
        pad_multiple=_positive(folder, content, 'pad_multiple'),
        spiking=_flag(folder, content, 'spiking', default=False),
        bfloat16=_flag(folder, content, 'bfloat16', default=True),
        hop_planes=_positive(folder, content, 'hop_planes') if 'hop_planes' in content else 0,
        output_scale=(
            _positive(folder, content, 'output_scale') if 'output_scale' in content else 1
        ),
        description=content,
    )
    _check_supported(bundle)
    return bundle


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        what = 'is no bundle: it has no' if folder.is_dir() else 'does not exist; a bundle has a'
        raise UserError(f'{folder} {what} {DESCRIPTION}; give the folder that was exported')
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f'{path} cannot be read ({error}); {FETCH_AGAIN}') from None
    if not isinstance(content, dict):
        raise UserError(f'{path} is no description of a model; {FETCH_AGAIN}')
    return content


def _check_file(folder: Path, name: str, listed: dict[str, Any]) -> None:
    path = folder / name
    if not path.is_file():
        raise UserError(f'the bundle {folder} has no {name}; {FETCH_AGAIN}')
    expected = _entry(folder, listed, name, str)
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise UserError(
            f'{path} is not the file that {DESCRIPTION} was written for (its sha256 differs); '
            f'{FETCH_AGAIN}'
        )


def _sensor_kind(folder: Path, content: dict[str, Any]) -> SensorKind:
    name = _entry(folder, content, 'sensor', str)
    known = [kind.value for kind in SensorKind]
    if name not in known:
        raise UserError(
            f'{folder} is made for sensor {name!r}; this version runs {" or ".join(known)}: '
            'update spike_recon_ros'
        )
    return SensorKind(name)


def _channels(folder: Path, content: dict[str, Any], representation: dict[str, Any]) -> int:
    """Return the channels of the input: the bins of a voxel grid, else they are said apart."""
    if representation.get('kind') in KINDS[SensorKind.SPIKE]:
        return _positive(folder, content, 'input_channels')
    return _positive(folder, representation, 'bins')


def _check_supported(bundle: Bundle) -> None:
    kind = bundle.representation.get('kind')
    if kind not in KINDS[bundle.sensor]:
        known = ' or '.join(KINDS[bundle.sensor])
        raise UserError(
            f'{bundle.name} is made for sensor {bundle.sensor.value!r} and representation '
            f'{kind!r}; this version runs {known}: update spike_recon_ros'
        )
    normalisation = bundle.representation.get('normalisation')
    if kind == 'voxel_grid' and normalisation not in NORMALISATIONS:
        raise UserError(
            f'{bundle.name} asks for the normalisation {normalisation!r}; this version has '
            f'{", ".join(NORMALISATIONS)}: update spike_recon_ros'
        )
    strides = [spec.stride for spec in bundle.state]
    if any(bundle.pad_multiple % stride for stride in strides):
        raise UserError(
            f'{bundle.folder / DESCRIPTION}: the strides {strides} of the state must divide '
            f'pad_multiple, which is {bundle.pad_multiple}; {FETCH_AGAIN}'
        )


def _state(folder: Path, entry: Any) -> StateTensor:
    if not isinstance(entry, dict):
        raise UserError(f'{folder / DESCRIPTION}: state holds {entry!r}; {FETCH_AGAIN}')
    return StateTensor(
        _entry(folder, entry, 'name', str),
        _positive(folder, entry, 'channels'),
        _positive(folder, entry, 'stride'),
    )


def _entry(folder: Path, content: dict[str, Any], key: str, kind: Any) -> Any:
    value = content.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        problem = 'is missing' if value is None else f'is {value!r}'
        raise UserError(f'{folder / DESCRIPTION}: {key} {problem}; {FETCH_AGAIN}')
    return value


def _flag(folder: Path, content: dict[str, Any], key: str, *, default: bool) -> bool:
    """Return a flag that may be left out."""
    value = content.get(key, default)
    if not isinstance(value, bool):
        raise UserError(f'{folder / DESCRIPTION}: {key} is {value!r}; {FETCH_AGAIN}')
    return value


def _positive(folder: Path, content: dict[str, Any], key: str) -> int:
    value = _entry(folder, content, key, int)
    if value < 1:
        raise UserError(f'{folder / DESCRIPTION}: {key} is {value}; {FETCH_AGAIN}')
    return int(value)


def _longest(folder: Path, content: dict[str, Any]) -> float:
    """Return the longest window that is read at once, ms; 0 where nothing is said of it."""
    if (key := 'longest_window_ms') not in content:
        return 0.0
    value = _entry(folder, content, key, (int, float))
    if not 0 < value < math.inf:
        raise UserError(f'{folder / DESCRIPTION}: {key} is {value}; {FETCH_AGAIN}')
    return float(value)
