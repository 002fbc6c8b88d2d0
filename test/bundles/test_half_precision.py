# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A graph in half precision computes the same network, with its state in half precision."""

import numpy as np
import pytest

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import FLOAT16, deviation, read_golden
from spike_recon_ros.errors import UserError

onnx = pytest.importorskip('onnx', reason='onnx not installed')
onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime not installed')
from spike_recon_ros.bundles.half_precision import half_graph  # noqa: E402 -- needs onnx

TYPES = {'fp16': onnx.TensorProto.FLOAT16, 'bf16': onnx.TensorProto.BFLOAT16}


def sequence(graph, bundle, events):
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    height, width = events.shape[2:]
    kind = {one.name: one.type for one in session.get_inputs()}
    state = {
        f'{one.name}_in': np.zeros(
            (1, one.channels, height // one.stride, width // one.stride),
            np.float16 if 'float16' in kind[f'{one.name}_in'] else np.float32,
        )
        for one in bundle.state
    }
    names = [one.name for one in session.get_outputs()]
    images = []
    for window in events:
        given = dict(
            zip(names, session.run(names, {'events': window[None], **state}), strict=True)
        )
        state = {f'{one.name}_in': given[f'{one.name}_out'] for one in bundle.state}
        images.append(given['intensity'][0, 0])
    return np.stack(images)


def halved(bundle, precision):
    """Return the graph in half precision; what is not to be converted is tested below."""
    graph = onnx.load(str(bundle.onnx)).graph
    if any(node.op_type in ('GridSample', 'Resize') for node in graph.node):
        pytest.skip(f'{bundle.name} is not to be converted')
    return half_graph(bundle, precision)


def test_float16_gives_the_golden_output_within_its_tolerance(bundle):
    events, expected = read_golden(bundle)
    given = sequence(halved(bundle, 'fp16'), bundle, events)
    assert given.dtype == np.float32
    assert 0.0 < deviation(given, expected) < FLOAT16.of(bundle)


def test_float16_does_not_drift(bundle, inputs):
    events = inputs(bundle, 100)
    expected = sequence(bundle.onnx.read_bytes(), bundle, events)
    given = sequence(halved(bundle, 'fp16'), bundle, events)
    assert deviation(given[-10:], expected[-10:]) < FLOAT16.of(bundle)


@pytest.mark.parametrize('precision', ['fp16', 'bf16'])
def test_events_and_intensity_stay_float32_and_all_else_becomes_half(bundle, precision):
    graph = onnx.load_from_string(halved(bundle, precision)).graph
    ends = {one.name: one.type.tensor_type.elem_type for one in (*graph.input, *graph.output)}
    assert ends.pop('events') == ends.pop('intensity') == onnx.TensorProto.FLOAT
    assert set(ends.values()) == ({TYPES[precision]} if bundle.state else set())
    assert len(ends) == 2 * len(bundle.state)
    assert onnx.TensorProto.FLOAT not in {one.data_type for one in graph.initializer}


def test_bfloat16_weights_are_rounded_to_the_nearest(bundle):
    before = onnx.load(str(bundle.onnx)).graph.initializer
    after = onnx.load_from_string(halved(bundle, 'bf16')).graph.initializer
    for exact, rounded in zip(before, after, strict=True):
        if exact.data_type != onnx.TensorProto.FLOAT:
            continue
        assert rounded.data_type == onnx.TensorProto.BFLOAT16
        values = onnx.numpy_helper.to_array(exact)
        bits = np.frombuffer(rounded.raw_data, np.uint16).astype(np.uint32) << 16
        near = bits.view(np.float32).reshape(values.shape)
        np.testing.assert_allclose(near, values, rtol=2.0**-8, atol=1e-38)


@pytest.mark.parametrize('kind', ['Resize', 'GridSample'])
def test_a_graph_with_operators_that_cannot_be_converted_is_refused(copied, kind):
    bundle = read_bundle(copied)
    model = onnx.load(str(bundle.onnx))
    model.graph.node.append(onnx.helper.make_node(kind, ['events', '', 'x'], ['y']))
    bundle.onnx.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match=rf'holds {kind}.*--precision fp32'):
        half_graph(bundle, 'fp16')


@pytest.mark.parametrize('content', [b'', b'\xff' * 64, b'no graph'])
def test_a_file_without_a_graph_is_refused(copied, content):
    bundle = read_bundle(copied)
    bundle.onnx.write_bytes(content)
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        half_graph(bundle, 'fp16')
