# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What a backend needs to know about a network: its files, its tensors and their sizes.

The base class of `Bundle`, whose networks read the samples of a camera, and of `ImageBundle`,
whose networks read images.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ONNX, WEIGHTS, GOLDEN = 'model.onnx', 'weights.safetensors', 'golden.npz'
INT8_ONNX, INT8_GOLDEN = 'model_int8.onnx', 'golden_int8.npz'
"""The graph with int8 convolutions, if it was quantised, and its output for the golden input."""


@dataclass(frozen=True, slots=True)
class StateTensor:
    """One tensor of the recurrent state, [1, channels, height / stride, width / stride].

    Attributes:
        name: its input in the graph is `<name>_in`, its output `<name>_out`.
        channels: number of channels.
        stride: input pixels per pixel of the tensor.
        fires_at: of the membranes of spiking neurons: value from which a neuron has fired in the
            last step; None = the tensor holds no membranes.
    """

    name: str
    channels: int
    stride: int
    fires_at: float | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Network:
    """The files and tensors of a network.

    Attributes:
        folder: path of the bundle.
        name: name of the model.
        bins: channels of the input tensor, which is called `events` in the graph; those of frames
            included.
        network: name of the definition in `spike_recon_models.networks`.
        network_arguments: arguments of the definition.
        state: tensors carried from step to step; empty if each output depends on its input alone.
        pad_multiple: height and width of the input must be multiples of it.
        spiking: whether it holds spiking neurons, on whose last spike backends differ. Unrelated
            to spike cameras.
        bfloat16: whether bfloat16 is precise enough for it.
        output_channels: channels of the output, which is called `intensity` in the graph.
        output_scale: factor from input to output height and width (super-resolution).
        output_range: intensities that mean black and white; None = not declared.
        description: the whole content of model.yaml.
    """

    folder: Path
    name: str
    bins: int
    network: str
    network_arguments: dict[str, Any]
    state: tuple[StateTensor, ...]
    pad_multiple: int
    spiking: bool
    bfloat16: bool
    output_channels: int
    output_scale: int
    output_range: tuple[float, float] | None
    description: dict[str, Any]

    @property
    def thresholds(self) -> dict[str, float]:
        """By name of each state tensor that holds membranes: value from which neurons fire."""
        return {one.name: one.fires_at for one in self.state if one.fires_at is not None}

    @property
    def onnx(self) -> Path:
        """Path of the ONNX graph."""
        return self.folder / ONNX

    @property
    def int8_onnx(self) -> Path | None:
        """Path of the int8 graph; None if the bundle has none."""
        return self.folder / INT8_ONNX if INT8_ONNX in self.description['sha256'] else None

    @property
    def weights(self) -> Path:
        """Path of the weights for the torch definition."""
        return self.folder / WEIGHTS

    def image_shape(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return the shape [1, channels, rows, columns] of the output for an input size."""
        return 1, self.output_channels, self.output_scale * height, self.output_scale * width

    def image(self, output: np.ndarray) -> np.ndarray:
        """Return a view of an output [1, channels, rows, columns] as a backend returns it.

        Returns: [rows, columns], or [channels, rows, columns] if there are several channels.
        """
        return output[0, 0] if self.output_channels == 1 else output[0]

    def state_shapes(self, height: int, width: int) -> dict[str, tuple[int, int, int, int]]:
        """Return the shape of each state tensor by name for an input size."""
        return {
            spec.name: (1, spec.channels, height // spec.stride, width // spec.stride)
            for spec in self.state
        }
