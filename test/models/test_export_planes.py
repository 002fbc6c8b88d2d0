# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The exported networks of spike planes are those of torch, in both runtimes and at every size."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be exported')
onnx = pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing can be exported')

from spike_recon_models.trained_network import trained_network  # noqa: E402 -- needs torch
from spike_recon_ros.bundles.bundle import read_bundle  # noqa: E402

TOLERANCE = {'rtol': 1e-3, 'atol': 2e-5}
WARPS = {'Stir': 4, 'StirStreaming': 4, 'Bsf': 3 * 9}
"""Warps of an image; of BSF: scales, and taps of a deformable convolution."""


@pytest.fixture(
    scope='module', params=['base', 'bsf', 'stir', 'stir_streaming', 'swinsf', 'swinsf_large']
)
def network_and_graph(request, exported):
    """Return a network and its graph."""
    bundle = read_bundle(exported(request.param))
    return trained_network(bundle), bundle.onnx


@torch.no_grad()
def asked_and_expected(network, rows, columns):
    """Return inputs by name and what torch makes of them, at so many units of `pad_multiple`."""
    generator = torch.Generator().manual_seed(rows)
    size = rows * network.pad_multiple, columns * network.pad_multiple
    x = (torch.rand(1, network.bins, *size, generator=generator) < 0.4).float()
    state = tuple(
        torch.randn(one.shape, generator=generator) for one in network.zero_state(1, *size)
    )
    names = ['events', *(f'{spec.name}_in' for spec in network.state_specs)]
    inputs = {name: one.numpy() for name, one in zip(names, (x, *state), strict=True)}
    image, state = network(x, state)
    return inputs, [image.numpy(), *(one.numpy() for one in state)]


@pytest.mark.parametrize('size', [(8, 12), (3, 5)])
def test_onnxruntime_gives_what_torch_gives(network_and_graph, size):
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    network, graph = network_and_graph
    inputs, expected = asked_and_expected(network, *size)
    assert expected[0].std() > 1e-3
    found = onnxruntime.InferenceSession(str(graph)).run(None, inputs)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_openvino_gives_what_torch_gives(network_and_graph):
    openvino = pytest.importorskip('openvino', reason='openvino is not installed')
    network, graph = network_and_graph
    inputs, expected = asked_and_expected(network, 3, 5)
    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape({name: list(value.shape) for name, value in inputs.items()})
    found = core.compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})(inputs)
    for number, one in enumerate(expected):
        np.testing.assert_allclose(found[number], one, **TOLERANCE)


def test_the_graph_outputs_only_the_image_and_the_state(network_and_graph):
    network, graph = network_and_graph
    model = onnx.load(graph)
    onnx.checker.check_model(model, full_check=True)
    names = [spec.name for spec in network.state_specs]
    assert [one.name for one in model.graph.input] == ['events', *(f'{n}_in' for n in names)]
    assert [one.name for one in model.graph.output] == ['intensity', *(f'{n}_out' for n in names)]
    assert not [one.name for one in model.graph.initializer if 'draw_side' in one.name]


def test_warping_is_exported_as_grid_sample(network_and_graph):
    network, graph = network_and_graph
    found = [node.op_type for node in onnx.load(graph).graph.node].count('GridSample')
    assert found == WARPS.get(type(network).__name__, 0)
