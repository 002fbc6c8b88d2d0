# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""TensorRT-RTX reads every bundle and makes an engine of it, which it does without a GPU too."""

import dataclasses
import importlib.util

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.tensorrt.library import build_engine, library, library_version
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.errors import UserError

SIZE = Placement(24, 32, 'gpu')


@pytest.fixture(autouse=True)
def rtx(monkeypatch):
    """Take TensorRT-RTX even where TensorRT, which asks for a GPU, is installed as well."""
    names = [
        name
        for name in ('tensorrt_rtx', 'tensorrt_rtx_bindings')
        if importlib.util.find_spec(name) is not None
    ]
    if not names:
        pytest.skip(
            'tensorrt_rtx not installed (0.4 GB, proprietary, for x86-64 Linux); '
            'run: pip install tensorrt-rtx-cu13-libs'
        )
    monkeypatch.setattr('spike_recon_ros.backends.tensorrt.library.MODULES', tuple(names))


@pytest.fixture
def graph(bundle):
    """Return a function that gives the bundle's graph in a precision."""

    def given(precision):
        if precision == 'fp32':
            return bundle.onnx.read_bytes()
        pytest.importorskip('onnx', reason='onnx not installed')
        half = importlib.import_module('spike_recon_ros.bundles.half_precision')
        try:
            return half.half_graph(bundle, precision)
        except UserError as refused:
            return pytest.skip(str(refused))

    return given


@pytest.mark.parametrize('precision', ['fp32', 'fp16', 'bf16'])
def test_every_bundle_becomes_an_engine(bundle, graph, precision, small_size):
    lines, where = [], dataclasses.replace(small_size(bundle), device='gpu')
    engine, _ = build_engine(bundle, where, graph(precision), report=lines.append)
    assert len(engine) > 10_000
    assert lines


def test_the_state_tensors_are_found_by_name(bundle):
    trt = library()
    logger = trt.Logger(trt.Logger.ERROR)
    network = trt.Builder(logger).create_network(
        1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    )
    assert trt.OnnxParser(network, logger).parse(bundle.onnx.read_bytes())
    inputs = {network.get_input(index).name for index in range(network.num_inputs)}
    outputs = {network.get_output(index).name for index in range(network.num_outputs)}
    assert inputs == {'events', *(f'{one.name}_in' for one in bundle.state)}
    assert outputs == {'intensity', *(f'{one.name}_out' for one in bundle.state)}


def test_a_state_of_another_name_is_refused(copied):
    text = (copied / 'model.yaml').read_text()
    (copied / 'model.yaml').write_text(text.replace('name: fine', 'name: coarsest'))
    bundle = read_bundle(copied)
    with pytest.raises(UserError, match=r'takes.*fine_in.*not.*coarsest_in.*export the bundle'):
        build_engine(bundle, SIZE, bundle.onnx.read_bytes(), report=print)


@pytest.mark.parametrize('content', [b'', b'\xff' * 1000])
def test_a_file_that_is_not_a_graph_is_refused(copied, content):
    with pytest.raises(UserError, match='fetch or export the bundle again'):
        build_engine(read_bundle(copied), SIZE, content, report=print)


def test_the_library_is_named_with_its_version():
    assert library_version() == f'{library().__name__} {library().__version__}'
    assert np.all([part.isdigit() for part in library().__version__.split('.')[:2]])
