# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The exported networks of spike planes are those of torch, in both runtimes and at every size."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be exported')
onnx = pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing can be exported')

from spike_recon_models.export import export_bundle  # noqa: E402
from spike_recon_models.networks.registry import make_network  # noqa: E402

WIDTHS = [8, 8, 8, 8, 8]
MADE = {
    'base': ('base', {'widths': [4, 4]}),
    'stir': ('stir', {'widths': WIDTHS}),
    'stir_streaming': ('stir_streaming', {'widths': WIDTHS}),
    'swinsf': ('swinsf', {'channels': 4, 'depth': 2}),
    'swinsf_large': ('swinsf', {'channels': 4, 'depth': 2, 'patch': 4}),
}
TOLERANCE = {'rtol': 1e-3, 'atol': 2e-5}


@pytest.fixture(scope='module', params=MADE)
def exported(request, tmp_path_factory):
    """Return a network and its graph."""
    name, arguments = MADE[request.param]
    network = make_network(name, **arguments).eval()
    folder = tmp_path_factory.mktemp('export') / request.param
    card = {
        'name': request.param,
        'sensor': 'spike',
        'representation': {'kind': 'spike_stack', 'planes': network.bins, 'lookahead_planes': 20},
        'window_ms': 1,
        'network': {'name': name, 'arguments': arguments},
        'recipe': 'none: random weights',
        'data': 'none',
        'metrics': {},
        'licence': 'Apache-2.0',
    }
    export_bundle(network, folder, card)
    return network, folder / 'model.onnx'


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
def test_onnxruntime_gives_what_torch_gives(exported, size):
    onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    network, graph = exported
    inputs, expected = asked_and_expected(network, *size)
    assert expected[0].std() > 1e-3
    found = onnxruntime.InferenceSession(str(graph)).run(None, inputs)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_openvino_gives_what_torch_gives(exported):
    openvino = pytest.importorskip('openvino', reason='openvino is not installed')
    network, graph = exported
    inputs, expected = asked_and_expected(network, 3, 5)
    core = openvino.Core()
    model = core.read_model(graph)
    model.reshape({name: list(value.shape) for name, value in inputs.items()})
    found = core.compile_model(model, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})(inputs)
    for number, one in enumerate(expected):
        np.testing.assert_allclose(found[number], one, **TOLERANCE)


def test_the_graph_has_but_the_image_and_the_state(exported):
    network, graph = exported
    model = onnx.load(graph)
    onnx.checker.check_model(model, full_check=True)
    names = [spec.name for spec in network.state_specs]
    assert [one.name for one in model.graph.input] == ['events', *(f'{n}_in' for n in names)]
    assert [one.name for one in model.graph.output] == ['intensity', *(f'{n}_out' for n in names)]
    assert not [one.name for one in model.graph.initializer if 'draw_side' in one.name]


def test_motion_is_grid_sample_not_gathered_by_hand(exported):
    network, graph = exported
    found = [node.op_type for node in onnx.load(graph).graph.node].count('GridSample')
    assert found == (4 if hasattr(network, 'coarsest') else 0)
