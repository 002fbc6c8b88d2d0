# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Quantise the convolutions of a float32 graph to int8 (QuantizeLinear and DequantizeLinear).

Only `spike-recon quantize` imports this module; the libraries it needs are not needed to run
networks.

Inputs and weights of convolutions are quantised, weights with one scale per channel. Outputs,
gates and the recurrent state are not: a state that moves by a fortieth of a difference would stop
moving where that is less than one of 256 steps. Convolutions that depend on the input alone stay
in float32: in OpenVINO, with bfloat16 around them, images deviated by a fifth of the contrast.
The first convolutions that read the state are quantised where the result is precise enough. Input
and state share one scale there, which caused nine tenths of the deviation measured.
"""

import contextlib
import io
import itertools
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError
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
"""Tensors [bins, height, width] of consecutive windows; one list for each run without a reset."""
Progress = Callable[[str, int, int], None]
"""Called after each window with the phase, the number of windows done and of all windows."""
INSIDE_PERCENT = 99.99
INNER = '_QuantizeLinear_Input'
"""Suffix that onnxruntime gives to a graph output that is also the input of a convolution."""
LEAST = 'least_float'
"""Name of the initializer that holds the smallest float32."""


def int8_graph(
    bundle: Bundle,
    sequences: Sequences,
    samples: int,
    *,
    finely: bool = False,
    progress: Progress | None = None,
) -> bytes:
    """Return the serialized graph with int8 convolutions.

    The range of each tensor holds all but a ten-thousandth of its values, so that stuck pixels do
    not make the quantisation of all others coarse.

    Args:
        bundle: bundle of the network.
        sequences: tensors to measure value ranges on.
        samples: number of windows to measure, spread evenly; the others only update the state.
        finely: keep the first convolutions that read the state in float32.
        progress: called after each window.

    Raises:
        UserError: the file is no ONNX graph, or the network has spiking neurons.
    """
    if bundle.spiking:
        raise UserError(
            f'{bundle.name} has spiking neurons, whose spikes change with int8 rounding; run it '
            'as it is'
        )
    phase = 'measuring ranges, finer' if finely else 'measuring ranges'
    reader = _Reader(bundle, sequences, samples, _with_progress(sequences, progress, phase))
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / 'int8.onnx'
        try:
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
        except DecodeError as error:  # of a file that was written here
            raise UserError(
                f'{tempfile.gettempdir()} is full; set TMPDIR to a folder with more room'
            ) from error
    _free_outputs(model.graph)
    _guard_states(model.graph, [f'{spec.name}_out' for spec in bundle.state])
    return bytes(model.SerializeToString())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the progress and advice that onnxruntime prints."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)


def images(
    bundle: Bundle,
    graph: Path | bytes,
    sequences: Sequences,
    progress: Progress | None = None,
    phase: str = 'images',
) -> np.ndarray:
    """Return the images of a graph for all windows, float32 [windows, height, width]."""
    steps = _steps(bundle, graph, sequences, _with_progress(sequences, progress, phase))
    return np.stack([intensity[0, 0] for _, intensity in steps])


def _with_progress(
    sequences: Sequences, progress: Progress | None, phase: str
) -> Callable[[], None]:
    """Return a function that counts one window."""
    count, total = itertools.count(1), sum(map(len, sequences))

    def advance() -> None:
        if progress is not None:
            progress(phase, next(count), total)

    return advance


class _Reader(CalibrationDataReader):
    """Passes the inputs of some windows, with their state, to onnxruntime."""

    def __init__(
        self, bundle: Bundle, sequences: Sequences, samples: int, advance: Callable[[], None]
    ) -> None:
        windows = sum(map(len, sequences))
        chosen = set(np.linspace(0, windows - 1, min(samples, windows)).astype(int).tolist())
        self._inputs = (
            inputs
            for number, (inputs, _) in enumerate(_steps(bundle, bundle.onnx, sequences, advance))
            if number in chosen
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the inputs of the next window, None after the last."""
        return next(self._inputs, None)


def _steps(
    bundle: Bundle,
    graph: Path | bytes,
    sequences: Iterable[Sequence[np.ndarray]],
    advance: Callable[[], None],
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Yield the inputs of each window and the image that the graph computes from them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(
            graph if isinstance(graph, bytes) else str(graph),
            options,
            providers=['CPUExecutionProvider'],
            enable_fallback=0,
        )
    except Exception as error:  # onnxruntime's own exceptions share no other base
        reason = ' '.join(str(error).split())[-200:]
        raise UserError(f'{bundle.onnx} cannot be read ({reason}); {FETCH_AGAIN}') from None
    for windows in sequences:
        state: dict[str, Any] = {}
        for tensor in windows:
            if not state:
                shapes = bundle.state_shapes(*tensor.shape[1:])
                state = {f'{name}_in': np.zeros(shapes[name], np.float32) for name in shapes}
            inputs = {'events': tensor[None], **state}
            names = ['intensity', *(f'{spec.name}_out' for spec in bundle.state)]
            try:
                intensity, *new = session.run(names, inputs)
            except Exception as error:
                reason = ' '.join(str(error).split())[-200:]
                raise UserError(f'{bundle.onnx} cannot be run ({reason}); {FETCH_AGAIN}') from None
            advance()
            yield inputs, intensity
            state = dict(zip(state, new, strict=True))


def _left_out(bundle: Bundle, *, finely: bool) -> list[str]:
    """Return the convolutions to keep in float32: those that do not depend on the state.

    Args:
        bundle: bundle of the network; without a state, every convolution is quantised.
        finely: also return those that depend on the state through no other convolution.
    """
    if not bundle.state:
        return []
    nodes = onnx.load(str(bundle.onnx)).graph.node  # in topological order
    reached = {f'{spec.name}_in' for spec in bundle.state}
    behind: set[str] = set()  # depend on a state through a convolution
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
    """Make the graph outputs the computed values, not their quantised copies."""
    made = {name for node in graph.node for name in node.output}
    swapped: dict[str, str] = {}
    for output in graph.output:
        if output.name + INNER in made:
            swapped |= {output.name + INNER: output.name, output.name: f'{output.name}_int8'}
    _rename(graph, swapped)


def _guard_states(graph: onnx.GraphProto, outputs: list[str]) -> None:
    """Insert a maximum that changes nothing before each state output.

    OpenVINO moves the scale of an int8 convolution behind the operator that follows it, a ReLU for
    example. Its compiler fails if it then meets a state output. It moves no scale behind a
    maximum.
    """
    least = numpy_helper.from_array(np.array(np.finfo(np.float32).min), LEAST)
    graph.initializer.append(least)
    free = {output: f'{output}_unguarded' for output in outputs}
    _rename(graph, free)
    graph.node.extend(helper.make_node('Max', [free[name], LEAST], [name]) for name in outputs)


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Rename tensors in the inputs and outputs of all nodes."""
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [names.get(name, name) for name in ends]
