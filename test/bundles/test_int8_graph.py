# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A graph in eight bits computes the same network, and leaves its memory as fine as it was."""

import numpy as np
import pytest

from spike_recon_ros.backends import cpu_instructions
from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.bundles.network import INT8_GOLDEN, INT8_ONNX
from spike_recon_ros.bundles.zoo import zoo_folder
from spike_recon_ros.errors import UserError

onnx = pytest.importorskip('onnx', reason='onnx not installed')
pytest.importorskip('onnxruntime', reason='onnxruntime not installed')
from spike_recon_ros.bundles.int8_graph import images, int8_graph  # noqa: E402 -- needs both

SIZE = Placement(24, 32)
COARSEST = 0.1


@pytest.fixture(scope='module')
def network(shipped):
    """Return a bundle that is there without PyTorch."""
    return read_bundle(shipped)


@pytest.fixture(scope='module')
def windows(network, inputs):
    return [list(inputs(network, 30))]


@pytest.fixture(scope='module')
def graph(network, windows):
    return int8_graph(network, windows, 10)


@pytest.fixture
def quantised(copied, graph, approve):
    """Return a bundle that holds the graph."""
    bundle = read_bundle(copied)
    (copied / INT8_ONNX).write_bytes(graph)
    golden = images(bundle, graph, [list(read_golden(bundle)[0])])
    np.savez(copied / INT8_GOLDEN, intensity=golden)
    approve(copied)
    return read_bundle(copied)


def test_images_are_close_to_those_of_the_float32_graph(network, windows, graph):
    expected = images(network, network.onnx, windows)
    given = images(network, graph, windows)
    assert given.shape == expected.shape
    assert 0 < deviation(given, expected) < COARSEST


def test_they_do_not_drift(network, inputs, graph):
    windows = [list(inputs(network, 120))]
    expected = images(network, network.onnx, windows)
    given = images(network, graph, windows)
    assert deviation(given[-10:], expected[-10:]) < COARSEST


def test_every_convolution_reads_int8(graph):
    nodes = onnx.load_from_string(graph).graph.node
    made_by = {name: node.op_type for node in nodes for name in node.output}
    convolutions = [node for node in nodes if node.op_type == 'Conv']
    assert convolutions
    assert {made_by[name] for node in convolutions for name in node.input[:2]} == {
        'DequantizeLinear'
    }


@pytest.mark.parametrize(
    ('finely', 'left'),
    [
        (False, {'events.0.first', 'events.0.second'}),
        (True, {'events.0.first', 'events.0.second', 'fine.gate_and_candidate', 'feedback'}),
    ],
)
def test_convolutions_that_do_not_read_the_state_stay_in_float32(exported, inputs, finely, left):
    bundle = read_bundle(exported('two_scale_gru'))
    graph = int8_graph(bundle, [list(inputs(bundle, 3))], 3, finely=finely)
    nodes = onnx.load_from_string(graph).graph.node
    made_by = {name: node.op_type for node in nodes for name in node.output}
    weights = {
        node.input[1]
        for node in nodes
        if node.op_type == 'Conv' and made_by.get(node.input[0]) != 'DequantizeLinear'
    }
    assert weights == {f'network.{layer}.weight' for layer in left}


def test_with_more_convolutions_in_float32_the_image_is_closer(exported, inputs):
    bundle = read_bundle(exported('two_scale_gru'))
    windows = [list(inputs(bundle, 20))]
    expected = images(bundle, bundle.onnx, windows)
    off = [
        deviation(
            images(bundle, int8_graph(bundle, windows, 10, finely=finely), windows), expected
        )
        for finely in (False, True)
    ]
    assert 0 < off[1] < off[0]


def test_neither_image_nor_state_is_rounded_to_int8(network, graph):
    content = onnx.load_from_string(graph).graph
    made_by = {name: node for node in content.node for name in node.output}
    outputs = {output.name: made_by[output.name] for output in content.output}
    states = {f'{one.name}_out' for one in network.state}
    assert set(outputs) == {'intensity', *states}
    # Before each state stands a maximum that changes nothing: see `_guard_states`.
    assert {outputs[name].op_type for name in states} == {'Max'}
    behind = [made_by[outputs[name].input[0]] for name in states]
    assert 'DequantizeLinear' not in {node.op_type for node in (outputs['intensity'], *behind)}


def test_a_stuck_pixel_does_not_coarsen_all_others(network, windows, inputs, graph):
    stuck = [window.copy() for window in inputs(network, 30, width=640)]
    for window in stuck:
        window[:, 5, 5] = 500.0
    expected = images(network, network.onnx, windows)
    given = images(network, int8_graph(network, [stuck], 10), windows)
    assert deviation(given, expected) < COARSEST


def test_spiking_networks_are_refused():
    with pytest.raises(UserError, match='hybrid has spiking neurons'):
        int8_graph(read_bundle(zoo_folder() / 'hybrid'), [], 1)


def test_a_damaged_graph_is_refused(quantised):
    (quantised.folder / INT8_ONNX).write_bytes(b'damaged')
    with pytest.raises(UserError, match=rf'{INT8_ONNX}.*export the bundle again'):
        read_bundle(quantised.folder)


class TestOpenVino:
    """The backend that runs it."""

    @pytest.fixture(autouse=True)
    def module(self):
        pytest.importorskip('openvino', reason='openvino not installed')
        from spike_recon_ros.backends import openvino_backend  # noqa: PLC0415

        return openvino_backend

    @pytest.fixture
    def cpu(self, monkeypatch, tmp_path):
        """Return how to pretend that the CPU has these instructions."""

        def pretend(flags):
            (tmp_path / 'cpuinfo').write_text(f'processor: 0\nflags: fpu {flags}\n')
            monkeypatch.setattr(cpu_instructions, 'CPU_INFO', tmp_path / 'cpuinfo')

        return pretend

    def test_int8_is_chosen_where_the_cpu_multiplies_bytes(self, module, cpu, quantised):
        cpu('avx512_vnni')
        backend = load_checked(module.OpenVinoBackend, quantised, SIZE)
        assert backend.precision == 'int8'
        assert backend.name.startswith('openvino int8 and ')

    def test_it_computes_what_onnx_runtime_does(self, module, cpu, quantised, inputs):
        cpu('avx_vnni')
        windows = inputs(quantised, 60)
        backend = module.OpenVinoBackend(quantised, SIZE)
        given = np.stack([backend.step(window) for window in windows])
        expected = images(quantised, quantised.int8_onnx, [windows])
        assert deviation(given, expected) < backend.tolerance

    @pytest.mark.parametrize('precision', ['int8', 'fp32'])
    def test_it_computes_in_the_requested_precision(self, module, cpu, quantised, precision):
        cpu('avx_vnni')
        where = Placement(24, 32, acceleration=Acceleration(precision))
        assert load_checked(module.OpenVinoBackend, quantised, where).precision == precision

    def test_a_golden_output_of_another_graph_is_refused(self, module, cpu, quantised, approve):
        cpu('avx_vnni')
        golden = read_golden(quantised, int8=True)[1]
        np.savez(quantised.folder / INT8_GOLDEN, intensity=golden[::-1])
        approve(quantised.folder)
        with pytest.raises(UserError, match='golden output'):
            load_checked(module.OpenVinoBackend, read_bundle(quantised.folder), SIZE)

    def test_other_cpus_run_the_float32_graph(self, module, cpu, quantised):
        cpu('avx2')
        assert module.OpenVinoBackend(quantised, SIZE).precision != 'int8'

    def test_requesting_int8_on_other_cpus_is_an_error(self, module, cpu, quantised):
        cpu('avx2')
        where = Placement(24, 32, acceleration=Acceleration('int8'))
        with pytest.raises(UserError, match=r'not compute in int8 here, but in .*precision:=auto'):
            module.OpenVinoBackend(quantised, where)


@pytest.mark.parametrize('name', ['onnxruntime', 'torch'])
def test_backends_without_int8_refuse_it(name, network):
    module = pytest.importorskip(
        f'spike_recon_ros.backends.{name}_backend', reason=f'{name} is not installed'
    )
    backend = {'onnxruntime': 'OnnxRuntimeBackend', 'torch': 'TorchBackend'}[name]
    where = Placement(24, 32, acceleration=Acceleration('int8'))
    with pytest.raises(UserError, match=f'{name} does not compute in int8 here, but in fp32'):
        getattr(module, backend)(network, where)
