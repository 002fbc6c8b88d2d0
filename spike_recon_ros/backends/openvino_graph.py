# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Prepare the graph of a network for OpenVINO: sizes, state and the layout of the input.

The state is made internal to the compiled network, which keeps it in the layout that suits its
kernels.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.openvino_library import make_stateful
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.representations.voxel_blocks import blocks_shape

INPUT, IN_BLOCKS = 'events', 'events_in_blocks'
"""Names of the input, in its two layouts."""


def prepared(
    core: Any, onnx: Path, bundle: Network, size: tuple[int, int], *, stateful: bool = True
) -> Any:
    """Return the graph for one size, rows and columns.

    The events are in blocks if the graph begins with a pixel-unshuffle; see `reads_blocks`.

    Args:
        core: of the library.
        onnx: file of the graph.
        bundle: bundle of the network.
        size: rows and columns of the input.
        stateful: whether the state is internal, so that the events are the only input.
    """
    height, width = size
    shapes = {
        f'{name}_in': list(shape) for name, shape in bundle.state_shapes(height, width).items()
    }
    shapes[INPUT] = [1, bundle.bins, height, width]
    model = core.read_model(onnx)
    model.reshape(shapes)
    if stateful:
        make_stateful(model, {f'{spec.name}_in': f'{spec.name}_out' for spec in bundle.state})
    _read_in_blocks(model, bundle.bins, height, width)
    return model


def reads_blocks(compiled: Any) -> bool:
    """Return whether a compiled network reads tensors in blocks, see voxel_blocks."""
    return any(IN_BLOCKS in one.get_names() for one in compiled.inputs)


def internal_states(request: Any, bundle: Network) -> dict[str, Any]:
    """Return the internal states of a request, by the names of the bundle."""
    # The library names a state after its input and its output.
    found = {one.name: one for one in request.query_state()}
    return {spec.name: found[f'{spec.name}_in{spec.name}_out'] for spec in bundle.state}


def _read_in_blocks(model: Any, bins: int, height: int, width: int) -> None:
    """Replace a pixel-unshuffle of the input by an input in blocks, where there is one."""
    (given,) = (one for one in model.get_parameters() if one.get_friendly_name() == INPUT)
    rows, columns, channels = blocks_shape(bins, height, width)
    last, nodes = given, []
    while list(last.output(0).get_shape()) != [1, channels, rows, columns]:
        nodes.append(last)
        consumers = [
            (one.get_node(), one.get_index()) for one in last.output(0).get_target_inputs()
        ]
        data = [node for node, _ in consumers if node.get_type_name() != 'ShapeOf']
        if len(data) != 1 or data[0].get_type_name() not in ('Reshape', 'Transpose'):
            return
        last = data[0]
    if _order(nodes) != [0, 1, 3, 5, 2, 4]:
        return
    operations = importlib.import_module('openvino.opset13')
    blocks = operations.parameter([1, rows, columns, channels], np.float32, name=IN_BLOCKS)
    blocks.output(0).get_tensor().set_names({IN_BLOCKS})
    channels_first = operations.constant(np.array([0, 3, 1, 2], np.int64))
    last.output(0).replace(operations.transpose(blocks, channels_first).output(0))
    for node in nodes:  # only their shapes are read now
        shape = operations.constant(np.array(node.output(0).get_shape(), np.int64))
        for one in list(node.output(0).get_target_inputs()):
            if one.get_node().get_type_name() == 'ShapeOf':
                one.get_node().output(0).replace(shape.output(0))
    model.remove_parameter(given)
    model.add_parameters([blocks])
    model.validate_nodes_and_infer_types()


def _order(nodes: list[Any]) -> list[int]:
    """Return the order of the axes of the only transposition among nodes; empty if it differs."""
    found = [node for node in nodes if node.get_type_name() == 'Transpose']
    if len(found) != 1:
        return []
    return found[0].input_value(1).get_node().get_data().tolist()
