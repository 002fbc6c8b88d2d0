# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A float32 graph whose convolutions compute in eight bits.

Comes in: a bundle, and tensors like those that its network will read. Goes out: the graph with
QuantizeLinear and DequantizeLinear around its convolutions. Knows nothing about who runs it; made
once, by hand, and not imported by what runs networks.

Only what goes into a convolution has eight bits, and its weights, which have a scale a channel.
What comes out of it, gates and state do not: a memory that moves by a fortieth of a difference
would stand still where that is less than one step of 256. Nor have convolutions that see nothing
but the input: in OpenVINO, with bfloat16 around them, images were off by a fifth of the contrast.
Those that then read a memory first have them where that is fine enough: events and memory share
the steps there, and of all that the default was off, nine tenths came from this one convolution.
"""

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.errors import UserError

Sequences = Sequence[Sequence[np.ndarray]]
"""Tensors [bins, height, width] of windows that follow each other; several such stretches."""
INSIDE_PERCENT = 99.99
INNER = '_QuantizeLinear_Input'
"""What onnxruntime adds to the name of an output of the graph that a convolution reads, too."""

LEAST = 'least_float'
"""Name of the smallest number there is, in the graph."""


def int8_graph(
    bundle: Bundle, sequences: Sequences, samples: int, *, finely: bool = False
) -> bytes:
    """Return the graph in eight bits.

    The range of each tensor is what all but a ten-thousandth of its values lie in: pixels that
    are stuck must not decide how finely all others are seen.

    Args:
        bundle: of the network.
        sequences: what to find the ranges with.
        samples: windows whose ranges count, spread over all; the others only move the state.
        finely: let the convolutions that read a memory first stay as they are.

    Raises:
        UserError: the file is no ONNX graph, or the network spikes.
    """
    if bundle.spiking:
        raise UserError(f'{bundle.name} spikes: what eight bits round turns its spikes')
    reader = _Reader(bundle, sequences, samples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'int8.onnx'
        with _quiet():
            quantize_static(
                str(bundle.onnx),
                str(path),
                reader,
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                op_types_to_quantize=['Conv'],
                nodes_to_exclude=_left_out(bundle, finely=finely),
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={
                    'WeightSymmetric': True,
                    'CalibPercentile': INSIDE_PERCENT,
                    'OpTypesToExcludeOutputQuantization': ['Conv'],
                },
            )
        model = onnx.load(str(path))
    _free_outputs(model.graph)
    _guard_states(model.graph, [f'{spec.name}_out' for spec in bundle.state])
    return bytes(model.SerializeToString())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what onnxruntime prints about its progress, and its advice."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)


def images(bundle: Bundle, graph: Path | bytes, sequences: Sequences) -> np.ndarray:
    """Return what a graph makes of all windows, float32 [windows, height, width]."""
    steps = _steps(bundle, graph, sequences)
    return np.stack([intensity[0, 0] for _, intensity in steps])


class _Reader(CalibrationDataReader):
    """Hands the inputs of some windows, the state among them, to onnxruntime."""

    def __init__(self, bundle: Bundle, sequences: Sequences, samples: int) -> None:
        windows = sum(map(len, sequences))
        chosen = set(np.linspace(0, windows - 1, min(samples, windows)).astype(int).tolist())
        self._inputs = (
            inputs
            for number, (inputs, _) in enumerate(_steps(bundle, bundle.onnx, sequences))
            if number in chosen
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the inputs of the next window, None after the last."""
        return next(self._inputs, None)


def _steps(
    bundle: Bundle, graph: Path | bytes, sequences: Iterable[Sequence[np.ndarray]]
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Yield the inputs of each window and the image that the graph makes of them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            graph if isinstance(graph, bytes) else str(graph),
            options,
            providers=['CPUExecutionProvider'],
        )
    except Exception as error:  # onnxruntime's own exceptions share no other base
        raise UserError(f'{bundle.onnx} cannot be read ({error}); {FETCH_AGAIN}') from None
    for windows in sequences:
        state: dict[str, Any] = {}
        for tensor in windows:
            if not state:
                shapes = bundle.state_shapes(*tensor.shape[1:])
                state = {f'{name}_in': np.zeros(shapes[name], np.float32) for name in shapes}
            inputs = {'events': tensor[None], **state}
            names = ['intensity', *(f'{spec.name}_out' for spec in bundle.state)]
            intensity, *new = session.run(names, inputs)
            yield inputs, intensity
            state = dict(zip(state, new, strict=True))


def _left_out(bundle: Bundle, *, finely: bool) -> list[str]:
    """Return the names of the convolutions that no state reaches; none where there is no state.

    Args:
        bundle: of the network.
        finely: also those that a state reaches through no other convolution.
    """
    if not bundle.state:
        return []
    nodes = onnx.load(str(bundle.onnx)).graph.node  # each stands behind what it reads
    reached = {f'{spec.name}_in' for spec in bundle.state}
    behind: set[str] = set()  # what a state reaches through a convolution
    for node in nodes:
        if reached.intersection(node.input):
            reached |= set(node.output)
            if node.op_type == 'Conv' or behind.intersection(node.input):
                behind |= set(node.output)
    seen = behind if finely else reached
    return [
        node.name for node in nodes if node.op_type == 'Conv' and not seen.intersection(node.input)
    ]


def _free_outputs(graph: onnx.GraphProto) -> None:
    """Let outputs of the graph be what was computed, not what eight bits leave of it."""
    made = {name for node in graph.node for name in node.output}
    swapped: dict[str, str] = {}
    for output in graph.output:
        if output.name + INNER in made:
            swapped |= {output.name + INNER: output.name, output.name: f'{output.name}_int8'}
    _rename(graph, swapped)


def _guard_states(graph: onnx.GraphProto, outputs: list[str]) -> None:
    """Put an operation that changes nothing before each state that the graph hands out.

    OpenVINO moves the scale of a convolution in eight bits behind what follows it, a ReLU for
    example; where it meets a state so, its compiler fails. It moves none behind a maximum.
    """
    least = numpy_helper.from_array(np.array(np.finfo(np.float32).min), LEAST)
    graph.initializer.append(least)
    free = {output: f'{output}_unguarded' for output in outputs}
    _rename(graph, free)
    graph.node.extend(helper.make_node('Max', [free[name], LEAST], [name]) for name in outputs)


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Give tensors other names, wherever a node makes or reads them."""
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(name, name) for name in ends]
