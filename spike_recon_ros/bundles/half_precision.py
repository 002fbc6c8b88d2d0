# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Convert a float32 graph to float16 or bfloat16, for libraries that use the graph's own types.

The state is converted too and takes half the memory; input and image stay float32.
"""

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.bundles.network import Network
from spike_recon_ros.errors import UserError

_TYPES = {'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}
# Operators with parameters that must stay float32 or are not initializers.
_UNKNOWN = {'Constant', 'ConstantOfShape', 'CastLike', 'Resize', 'If', 'Loop', 'Scan', 'Random'}
# 16-bit coordinates are coarser than a tenth of a pixel at the right edge of an image.
_UNKNOWN |= {'GridSample'}


def half_graph(bundle: Network, precision: str) -> bytes:
    """Return the serialized graph in `fp16` or `bf16`.

    Raises:
        UserError: the file is no ONNX graph, or holds operators that cannot be converted.
    """
    try:
        model = onnx.load_model_from_string(bundle.onnx.read_bytes())
    except DecodeError as error:
        raise UserError(f'{bundle.onnx} cannot be read ({error}); {FETCH_AGAIN}') from None
    graph, half = model.graph, _TYPES[precision]
    if not graph.node:
        raise UserError(f'{bundle.onnx} holds no network; {FETCH_AGAIN}')
    if unknown := sorted({node.op_type for node in graph.node} & _UNKNOWN):
        raise UserError(
            f'{bundle.name} holds {", ".join(unknown)}, which cannot be converted to {precision}; '
            'build it with --precision fp32'
        )
    for index, tensor in enumerate(graph.initializer):
        if tensor.data_type == TensorProto.FLOAT:
            graph.initializer[index].CopyFrom(_halved(tensor, half))
    for node in graph.node:
        if node.op_type == 'Cast':
            for attribute in node.attribute:
                if attribute.name == 'to' and attribute.i == TensorProto.FLOAT:
                    attribute.i = half
    for value in (*graph.input, *graph.output):
        kept = value.name in ('events', 'intensity')
        if not kept and value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = half
    del graph.value_info[:]  # types of intermediate tensors, which follow from the others
    _cast_at_the_ends(graph, half)
    return bytes(model.SerializeToString())


def _cast_at_the_ends(graph: onnx.GraphProto, half: int) -> None:
    """Cast the input from float32 and the image to float32."""
    for node in graph.node:
        for names, outside in ((node.input, 'events'), (node.output, 'intensity')):
            for index, name in enumerate(names):
                if name == outside:
                    names[index] = f'{outside}_half'
        for index, name in enumerate(node.input):
            if name == 'intensity':
                node.input[index] = 'intensity_half'
    into = onnx.helper.make_node('Cast', ['events'], ['events_half'], to=half)
    back = onnx.helper.make_node('Cast', ['intensity_half'], ['intensity'], to=TensorProto.FLOAT)
    graph.node.insert(0, into)
    graph.node.append(back)


def _halved(tensor: TensorProto, half: int) -> TensorProto:
    values = onnx.numpy_helper.to_array(tensor)
    if half == TensorProto.FLOAT16:
        raw = values.astype(np.float16).tobytes()
    else:
        bits = values.astype(np.float32).view(np.uint32)
        # The upper 16 bits, rounded to nearest even.
        raw = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return onnx.helper.make_tensor(tensor.name, half, values.shape, raw, raw=True)
