# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Removes the notes of the exporter from an ONNX graph.

PyTorch attaches a stack trace with the paths of the exporting machine to every node. No runtime
reads it, and it is up to a third of the file.
"""

from collections.abc import Iterable

from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto


def strip_metadata(model: ModelProto) -> None:
    """Clear all `metadata_props` and `doc_string` of a model, in place, at any depth.

    What is computed, the names and the value types stay the same.
    """
    _clear(model)
    _strip_graph(model.graph)
    for function in model.functions:
        _clear(function)
        for value in function.value_info:
            _clear(value)
        _strip_nodes(function.node)
        _strip_attributes(function.attribute_proto)


def _strip_graph(graph: GraphProto) -> None:
    _clear(graph)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        _clear(value)
    for sparse in graph.sparse_initializer:
        _clear(sparse.values)
        _clear(sparse.indices)
    _strip_nodes(graph.node)


def _strip_nodes(nodes: Iterable[NodeProto]) -> None:
    for node in nodes:
        _clear(node)
        _strip_attributes(node.attribute)


def _strip_attributes(attributes: Iterable[AttributeProto]) -> None:
    for attribute in attributes:
        attribute.ClearField('doc_string')
        if attribute.HasField('t'):
            _clear(attribute.t)
        for tensor in attribute.tensors:
            _clear(tensor)
        if attribute.HasField('g'):
            _strip_graph(attribute.g)
        for graph in attribute.graphs:
            _strip_graph(graph)


def _clear(message: ModelProto | GraphProto | FunctionProto | NodeProto) -> None:
    """Clear both fields, which all these messages have."""
    message.ClearField('metadata_props')
    message.ClearField('doc_string')
