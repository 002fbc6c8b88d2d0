# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A float32 graph in half precision, for libraries that compute in what the graph is written in.

Comes in: a bundle's ONNX file. Goes out: the same graph in float16 or bfloat16; its state too, so
that it takes half the memory, while events and intensity stay float32. Knows nothing about who
runs it.
"""

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.description import FETCH_AGAIN
from spike_recon_ros.errors import UserError

_TYPES = {'fp16': TensorProto.FLOAT16, 'bf16': TensorProto.BFLOAT16}
# Their float32 parameters must stay float32, or are not in the list of initialisers.
_UNKNOWN = {'Constant', 'ConstantOfShape', 'CastLike', 'Resize', 'If', 'Loop', 'Scan', 'Random'}
# Its coordinates: in 16 bits there is no tenth of a pixel left at the right of an image.
_UNKNOWN |= {'GridSample'}


def half_graph(bundle: Bundle, precision: str) -> bytes:
    """Return the graph in `fp16` or `bf16`.

    Raises:
        UserError: the file is no ONNX graph, or holds what cannot be converted.
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
            f'{bundle.name} holds {", ".join(unknown)}, which is not converted to {precision}; '
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
    del graph.value_info[:]  # the types of what lies between, which follow from the rest
    _cast_at_the_ends(graph, half)
    return bytes(model.SerializeToString())


def _cast_at_the_ends(graph: onnx.GraphProto, half: int) -> None:
    """Let events come in and intensity go out in float32."""
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
        # The upper half, rounded to nearest and to even in the middle.
        raw = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return onnx.helper.make_tensor(tensor.name, half, values.shape, raw, raw=True)
