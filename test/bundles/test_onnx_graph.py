# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A graph that would hang or exhaust whoever loads it is refused before a library reads it."""

import hashlib

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.onnx_graph import check_graph
from spike_recon_ros.errors import UserError

onnx = pytest.importorskip('onnx', reason='onnx is not installed: no graph can be made')
from onnx import TensorProto, helper  # noqa: E402 -- needs onnx

FLOAT = TensorProto.FLOAT


def model_of(nodes, initializers=(), outputs=('y',)):
    inputs = [helper.make_tensor_value_info('x', FLOAT, [1])]
    made = [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs]
    return helper.make_model(helper.make_graph(nodes, 'g', inputs, made, list(initializers)))


def endless_loop():
    """Return a graph that counts for ever, without an input."""
    body = helper.make_graph(
        [
            helper.make_node('Identity', ['go'], ['still']),
            helper.make_node('Add', ['v', 'v'], ['more']),
        ],
        'body',
        [
            helper.make_tensor_value_info('i', TensorProto.INT64, []),
            helper.make_tensor_value_info('go', TensorProto.BOOL, []),
            helper.make_tensor_value_info('v', FLOAT, [1]),
        ],
        [
            helper.make_tensor_value_info('still', TensorProto.BOOL, []),
            helper.make_tensor_value_info('more', FLOAT, [1]),
        ],
    )
    true = helper.make_tensor('true', TensorProto.BOOL, [], [True])
    one = helper.make_tensor('one', FLOAT, [1], [1.0])
    loop = helper.make_node('Loop', ['', 'true', 'one'], ['y'], body=body)
    return model_of([loop], [true, one])


def in_a_branch():
    model = endless_loop()
    (loop,) = model.graph.node
    outputs = [helper.make_tensor_value_info('y', FLOAT, None)]
    branch = helper.make_graph([loop], 'branch', [], outputs)
    node = helper.make_node('If', ['true'], ['y'], then_branch=branch, else_branch=branch)
    return model_of([node], model.graph.initializer)


def in_a_function():
    model = model_of([helper.make_node('Spin', ['x'], ['y'], domain='own')])
    (loop,) = endless_loop().graph.node
    imports = [helper.make_opsetid('', 20)]
    model.functions.append(helper.make_function('own', 'Spin', ['x'], ['y'], [loop], imports))
    return model


@pytest.mark.parametrize('make', [endless_loop, in_a_branch, in_a_function])
def test_a_loop_is_refused(tmp_path, make):
    onnx.save(make(), tmp_path / 'model.onnx')
    with pytest.raises(UserError, match=r'the operator Loop.*export the network without it'):
        check_graph(tmp_path / 'model.onnx')


@pytest.mark.parametrize('raw', [False, True])
@pytest.mark.parametrize('operator', ['ConstantOfShape', 'Expand', 'Tile'])
def test_a_constant_of_gigabytes_is_refused(tmp_path, operator, raw):
    size = np.array([1 << 20, 1 << 20], np.int64)
    data = {'vals': size.tobytes(), 'raw': True} if raw else {'vals': size.tolist()}
    shape = helper.make_tensor('size', TensorProto.INT64, [2], **data)
    inputs = ['size'] if operator == 'ConstantOfShape' else ['x', 'size']
    onnx.save(model_of([helper.make_node(operator, inputs, ['y'])], [shape]), tmp_path / 'm.onnx')
    with pytest.raises(UserError, match=r'a constant of 1\.1e\+12 elements'):
        check_graph(tmp_path / 'm.onnx')


def test_a_size_from_a_constant_node_counts_too(tmp_path):
    value = helper.make_tensor('any', TensorProto.INT64, [1], [1 << 40])
    nodes = [
        helper.make_node('Constant', [], ['size'], value=value),
        helper.make_node('ConstantOfShape', ['size'], ['y']),
    ]
    onnx.save(model_of(nodes), tmp_path / 'm.onnx')
    with pytest.raises(UserError, match=r'a constant of 1\.1e\+12 elements'):
        check_graph(tmp_path / 'm.onnx')


@pytest.mark.parametrize('sides', [[1 << 20], [1 << 62, 8], [-1], [1] * 100])
def test_a_tensor_that_declares_more_than_it_holds_is_refused(tmp_path, sides):
    tensor = TensorProto(dims=sides, data_type=FLOAT, name='w', raw_data=bytes(16))
    onnx.save(
        model_of([helper.make_node('Add', ['x', 'w'], ['y'])], [tensor]), tmp_path / 'm.onnx'
    )
    with pytest.raises(UserError, match=r'is no ONNX graph \(a tensor'):
        check_graph(tmp_path / 'm.onnx')


@pytest.mark.parametrize('content', [b'', b'<?xml version="1.0"?>', b'\xff' * 99, b'\x3a'])
def test_other_bytes_are_no_graph(tmp_path, content):
    (tmp_path / 'm.onnx').write_bytes(content)
    with pytest.raises(UserError, match=r'm\.onnx is no ONNX graph'):
        check_graph(tmp_path / 'm.onnx')


def external(folder, location):
    """Let the weights of a bundle's graph lie in another file."""
    model = onnx.load(folder / 'model.onnx')
    onnx.save(model, folder / 'model.onnx', save_as_external_data=True, location='weights.bin')
    content = (folder / 'model.onnx').read_bytes()
    assert b'weights.bin' in content
    (folder / 'model.onnx').write_bytes(content.replace(b'weights.bin', location))


def list_checksum(folder, *names):
    path = folder / 'model.yaml'
    content = yaml.safe_load(path.read_text())
    for name in names:
        content['sha256'][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    path.write_text(yaml.safe_dump(content))


def test_external_weights_must_be_in_the_sha256_list(copied):
    external(copied, b'weights.bin')
    list_checksum(copied, 'model.onnx')
    with pytest.raises(UserError, match=r"weights in 'weights\.bin', which is not in the sha256"):
        read_bundle(copied)
    list_checksum(copied, 'weights.bin')
    assert read_bundle(copied).name == copied.name
    with (copied / 'weights.bin').open('r+b') as file:
        file.write(b'changed')
    with pytest.raises(UserError, match=r'weights\.bin is not the file.*sha256 differs'):
        read_bundle(copied)


@pytest.mark.parametrize('location', [b'../weights1', b'/weights.bi', b'a/weights.b'])
def test_external_weights_outside_of_the_folder_are_refused(copied, location):
    external(copied, location)
    list_checksum(copied, 'model.onnx')
    with pytest.raises(UserError, match='not a file of its folder'):
        read_bundle(copied)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_changed_bytes_give_a_sentence_or_a_graph(shipped, tmp_path_factory, data):
    content = bytearray((shipped / 'model.onnx').read_bytes())
    del content[data.draw(st.integers(0, len(content))) :]
    for _ in range(data.draw(st.integers(0, 30)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp('changed') / 'model.onnx'
    path.write_bytes(content)
    try:
        found = check_graph(path)
    except UserError as error:
        found = [str(error)]
    assert sum(map(len, found)) < 500
