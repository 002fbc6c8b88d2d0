# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is written when a network is exported."""

from pathlib import Path

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be exported')
onnx = pytest.importorskip('onnx', reason='onnx is not installed: nothing can be exported')
pytest.importorskip('onnxscript', reason='onnxscript is not installed: nothing can be exported')

from spike_recon_models import export  # noqa: E402
from spike_recon_models.export import export_bundle  # noqa: E402
from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_models.onnx_metadata import strip_metadata  # noqa: E402
from spike_recon_ros.bundles.bundle import read_bundle  # noqa: E402

ARGUMENTS = {'channels': 4}


def card(**change):
    return {
        'name': 'toy',
        'representation': {'normalisation': 'none'},
        'window_ms': 10,
        'longest_window_ms': 12.5,
        'network': {'name': 'two_scale_gru', 'arguments': ARGUMENTS},
        'recipe': {'steps': 1},
        'data': 'noise',
        'metrics': {'mse': 0.5},
        'licence': 'Apache-2.0',
        **change,
    }


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('export') / 'toy'
    export_bundle(make_network('two_scale_gru', **ARGUMENTS), folder, card())
    return folder


def test_the_bundle_is_read_back(folder):
    bundle = read_bundle(folder)
    assert (bundle.name, bundle.representation['normalisation'], bundle.window_ms) == (
        'toy',
        'none',
        10.0,
    )
    assert bundle.longest_window_ms == 12.5
    assert bundle.description['metrics'] == {'mse': 0.5}


def test_the_graph_has_the_state_as_named_inputs_and_outputs(folder):
    model = onnx.load(folder / 'model.onnx')
    onnx.checker.check_model(model, full_check=True)
    assert [one.name for one in model.graph.input] == ['events', 'fine_in', 'coarse_in']
    assert [one.name for one in model.graph.output] == ['intensity', 'fine_out', 'coarse_out']
    assert model.opset_import[0].version >= 18


def test_the_graph_has_no_notes_of_the_exporter(folder):
    model = onnx.load(folder / 'model.onnx')
    content = (folder / 'model.onnx').read_bytes()
    for module in (torch, export):
        assert str(Path(module.__file__).parent).encode() not in content
    assert b'stack_trace' not in content
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert not any(value.metadata_props for value in model.graph.value_info)


def test_notes_are_removed_at_any_depth():
    helper = onnx.helper
    add = helper.make_node('Add', ['a', 'a'], ['b'], doc_string='here')
    value = helper.make_tensor_value_info('b', onnx.TensorProto.FLOAT, [1], doc_string='here')
    inner = helper.make_graph([add], 'inner', [], [value], doc_string='here')
    branch = helper.make_node('If', ['c'], ['d'], then_branch=inner, else_branch=inner)
    outer = helper.make_graph([branch], 'outer', [], [])
    body = helper.make_function('own', 'f', ['a'], ['b'], [add], [])
    model = helper.make_model(outer, functions=[body], doc_string='here')
    strip_metadata(model)
    assert b'here' not in model.SerializeToString()
    assert model.graph.node[0].attribute[0].g.node[0].op_type == 'Add'


def test_height_and_width_are_open_and_the_batch_is_not(folder):
    model = onnx.load(folder / 'model.onnx')
    for one in [*model.graph.input, *model.graph.output]:
        batch, _, height, width = one.type.tensor_type.shape.dim
        assert batch.dim_value == 1
        assert height.dim_param
        assert width.dim_param


def test_the_graph_is_one_file(folder):
    assert sorted(file.name for file in folder.iterdir()) == [
        'README.md',
        'golden.npz',
        'model.onnx',
        'model.yaml',
        'weights.safetensors',
    ]


def test_the_model_card_says_what_the_card_says(folder):
    text = (folder / 'README.md').read_text()
    assert all(
        word in text for word in ('# toy', 'noise', '| random | 1 |', 'mse | 0.5', 'Apache-2.0')
    )


def test_a_network_in_training_is_not_changed(folder, tmp_path):
    network = make_network('two_scale_gru', **ARGUMENTS).train()
    export_bundle(network, tmp_path / 'toy', card())
    assert network.training
    assert all(value.requires_grad for value in network.parameters())


def test_a_card_without_a_key_is_refused(tmp_path):
    incomplete = card()
    del incomplete['licence']
    with pytest.raises(ValueError, match='lacks: licence'):
        export_bundle(make_network('two_scale_gru', **ARGUMENTS), tmp_path, incomplete)


def test_a_card_of_another_network_is_refused(tmp_path):
    with pytest.raises(ValueError, match='not the one that is exported'):
        export_bundle(make_network('two_scale_gru', channels=8), tmp_path, card())
