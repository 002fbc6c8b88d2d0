# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Damaged or hostile bundles give one sentence, in bounded time and memory."""

import dataclasses
import os
import zipfile

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_sentence import LONGEST_SENTENCE, refused

from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import read_golden
from spike_recon_ros.errors import UserError


def change_description(folder, change):
    path = folder / 'model.yaml'
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **change}))


class Hexadecimal(int):
    """An integer that YAML writes in base 16, as Python prints none of more than 4300 digits."""


yaml.SafeDumper.add_representer(
    Hexadecimal, lambda dumper, value: dumper.represent_scalar('tag:yaml.org,2002:int', hex(value))
)
VOXEL_GRID = {'kind': 'voxel_grid', 'bins': 5, 'normalisation': 'none'}
STATE = {'name': 'fine', 'channels': 4, 'stride': 1}


@pytest.mark.parametrize(
    'change',
    [
        {'name': ['a', 'list']},
        {'name': 'x' * 30_000},
        {'name': 'two\nlines'},
        {'window_ms': float('nan')},
        {'window_ms': float('inf')},
        {'window_ms': -20},
        {'window_ms': 1e300},
        {'window_ms': 10**400},
        {'window_ms': Hexadecimal(16**5000)},
        {'longest_window_ms': float('nan')},
        {'pad_multiple': 10**30},
        {'pad_multiple': [8]},
        {'representation': {**VOXEL_GRID, 'bins': 10**9}},
        {'representation': {**VOXEL_GRID, 'bins': float('nan')}},
        {'representation': {**VOXEL_GRID, 'kind': ['voxel_grid']}},
        {'representation': {**VOXEL_GRID, 'normalisation': {'a': 'mapping'}}},
        {'representation': {5: 'bins'}},
        {'sensor': ['event']},
        {'output_scale': 10**6},
        {'hop_planes': 2**70},
        {'state': [{**STATE, 'channels': 10**12}]},
        {'state': [{**STATE, 'name': None}]},
        {'state': [STATE, STATE]},
        {'state': [[[[]]]]},
        {'network': {'name': {}, 'arguments': {}}},
        {'network': {'name': 'two_scale_gru', 'arguments': {5: 6}}},
        {'opset': 'twenty'},
        {'opset': 0},
        {'opset': True},
        {'recipe': 20},
        {'recipe': 'two\nlines'},
        {'recipe': ['steps']},
        {'recipe': {5: 6}},
        {'output_range': [0]},
        {'output_range': [1, 0]},
        {'output_range': [0, float('nan')]},
        {'output_range': [0, 10**400]},
        {'output_range': ['black', 'white']},
        {'output_range': [False, True]},
        {'reference_time': 0.5},
        {'reference_time': -1},
        {'reference_time': float('nan')},
        {'reference_time': 'end'},
        {'sha256': {5: 'name'}},
        {'sha256': {'../../etc/passwd': '0' * 64}},
    ],
    ids='-'.join,
)
def test_an_absurd_entry_is_refused_in_one_sentence(copied, change):
    change_description(copied, change)
    refused(read_bundle, copied)


@pytest.mark.parametrize('text', ['[' * 100_000, '{a: ' * 5000, 'a: ' + 'b' * (2 << 20)])
def test_a_description_that_is_nested_too_deeply_or_too_long_is_refused(copied, text):
    (copied / 'model.yaml').write_text(text)
    refused(read_bundle, copied)


@pytest.mark.parametrize(('levels', 'words'), [(4, 'window_ms is'), (11, 'too many entries')])
def test_aliases_that_multiply_are_not_printed_whole(copied, levels, words):
    lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
    lines += [f'a{n}: &a{n} [{", ".join([f"*a{n - 1}"] * 9)}]' for n in range(1, levels + 1)]
    text = (copied / 'model.yaml').read_text()
    (copied / 'model.yaml').write_text('\n'.join([text, *lines, f'window_ms: *a{levels}']))
    assert words in refused(read_bundle, copied)


@pytest.mark.parametrize('name', ['model.yaml', 'model.onnx', 'golden.npz', 'weights.safetensors'])
@pytest.mark.parametrize('make', [os.mkdir, os.mkfifo])
def test_a_folder_or_fifo_in_place_of_a_file_is_refused(copied, name, make):
    (copied / name).unlink()
    make(copied / name)
    assert name in refused(read_bundle, copied)


def damaged_members(path):
    """Yield damaged variants of a golden file, as name and content."""
    whole = path.read_bytes()
    yield 'empty', b''
    yield 'truncated', whole[: len(whole) // 2]
    yield 'flipped', whole[:2000] + bytes(byte ^ 0xFF for byte in whole[2000:4000]) + whole[4000:]
    encrypted = bytearray(whole)
    for signature, offset in ((b'PK\x03\x04', 6), (b'PK\x01\x02', 8)):
        position = -1
        while (position := whole.find(signature, position + 1)) >= 0:
            encrypted[position + offset] |= 1
    yield 'encrypted', bytes(encrypted)


@pytest.mark.parametrize('kind', ['empty', 'truncated', 'flipped', 'encrypted'])
def test_a_damaged_golden_file_is_named(copied, approve, kind):
    path = copied / 'golden.npz'
    path.write_bytes(dict(damaged_members(path))[kind])
    approve(copied)
    assert 'golden.npz cannot be read' in refused(read_golden, read_bundle(copied))


def declared(shape):
    """Return an .npy file that declares a shape and holds nothing."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + '\n'
    return b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little') + header.encode()


@pytest.mark.parametrize('compression', [zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_golden_array_that_holds_less_than_it_declares_is_refused(copied, approve, compression):
    with zipfile.ZipFile(copied / 'golden.npz', 'w', compression) as archive:
        archive.writestr('events.npy', declared((500_000, 1_000_000)))
    approve(copied)
    assert 'golden.npz cannot be read' in refused(read_golden, read_bundle(copied))


def test_a_golden_array_of_gigabytes_is_refused_before_it_is_unpacked(copied, approve):
    with (
        zipfile.ZipFile(copied / 'golden.npz', 'w', zipfile.ZIP_DEFLATED) as archive,
        archive.open('events.npy', 'w', force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1 << 20))
    approve(copied)
    assert 'declares 300 MiB' in refused(read_golden, read_bundle(copied))


@pytest.mark.parametrize('dtype', ['U5', 'datetime64[s]', 'complex64'])
def test_a_golden_array_of_other_things_than_numbers_is_refused(copied, approve, dtype):
    array = np.zeros((2, 5, 48, 64), dtype)
    np.savez(copied / 'golden.npz', events=array, intensity=np.zeros((2, 48, 64)))
    approve(copied)
    assert 'instead of numbers' in refused(read_golden, read_bundle(copied))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_changed_bytes_give_a_sentence_or_an_array(shipped, tmp_path_factory, data):
    whole = (shipped / 'golden.npz').read_bytes()
    changed = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 8)) if changed else 0):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp('changed')
    (folder / 'golden.npz').write_bytes(changed)
    bundle = dataclasses.replace(read_bundle(shipped), folder=folder)
    try:
        events, _ = read_golden(bundle)
    except UserError as error:
        sentence = str(error)
    else:
        sentence = ''
        assert events.shape[1] == bundle.bins
    assert len(sentence) < LONGEST_SENTENCE
