# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An engine is found again where it fits, and nowhere else."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spike_recon_ros.backends import user_cache
from spike_recon_ros.backends.tensorrt import engine_cache
from spike_recon_ros.backends.tensorrt.engine_cache import (
    EngineKey,
    engine_folder,
    engine_path,
    onnx_sha256,
    read_engine,
    read_timing_cache,
    timing_cache_path,
    write_engine,
    write_timing_cache,
)
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.errors import UserError

ENGINE = b'an engine, to TensorRT alone'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv('SPIKE_RECON_ENGINES', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache' / 'spike_recon_ros' / 'engines'


@pytest.fixture
def network(shipped):
    return read_bundle(shipped)


@pytest.fixture
def key(network):
    return EngineKey(onnx_sha256(network), 'tensorrt 10.3.0', '8.7', '352x264', 'fp32')


def test_an_engine_is_found_again(network, key, folder):
    path = write_engine(network, key, ENGINE)
    assert path == folder / 'two_scale_gru_small-352x264-fp32.engine'
    assert read_engine(network, key) == ENGINE


def test_engines_of_several_precisions_and_sizes_lie_side_by_side(network, key):
    keys = [
        replace(key, precision=precision, size=size)
        for precision in ('fp32', 'fp16', 'bf16')
        for size in ('352x264', '640x480')
    ]
    for number, one in enumerate(keys):
        write_engine(network, one, ENGINE + bytes([number]))
    assert [read_engine(network, one)[-1] for one in keys] == list(range(6))


@pytest.mark.parametrize(
    ('change', 'words'),
    [({'precision': 'fp16'}, '352x264 in fp16'), ({'size': '640x480'}, '640x480')],
)
def test_an_engine_renamed_to_another_precision_or_size_is_refused(network, key, change, words):
    path = write_engine(network, replace(key, **change), ENGINE)
    for suffix in ('.engine', '.json'):
        path.with_suffix(suffix).rename(engine_path(network, key).with_suffix(suffix))
    with pytest.raises(UserError, match=f'was built for {words}'):
        read_engine(network, key)


def test_the_command_names_a_precision_other_than_the_default(network, key):
    with pytest.raises(UserError, match=r'in fp16 in .*--size 352x264 --precision fp16$'):
        read_engine(network, replace(key, precision='fp16'))


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (
            {'library': 'tensorrt 11.1.0'},
            'was built with tensorrt 11.1.0, this machine has tensor',
        ),
        ({'compute_capability': '8.9'}, 'compute capability 8.9, the GPU here has 8.7'),
        ({'onnx_sha256': '0' * 64}, 'was built from another model.onnx'),
    ],
)
def test_an_engine_for_something_else_is_refused_with_the_command(network, key, change, words):
    write_engine(network, replace(key, **change), ENGINE)
    command = 'run: spike-recon build two_scale_gru_small --size 352x264$'
    with pytest.raises(UserError, match=f'{words}.*{command}'):
        read_engine(network, key)


def test_a_missing_engine_names_the_command(network, key):
    with pytest.raises(UserError, match=r'there is no engine.*352x264.*run: spike-recon build'):
        read_engine(network, key)


def test_a_missing_engine_of_the_self_test_asks_for_the_size_of_the_sensor(network, key):
    with pytest.raises(UserError, match=r'--size WxH, with the size of your sensor$'):
        read_engine(network, replace(key, size='64x48'))


def test_a_bundle_outside_of_the_zoo_is_named_by_its_path(copied, key):
    with pytest.raises(UserError, match=f'run: spike-recon build {copied} --size'):
        read_engine(read_bundle(copied), key)


def test_a_damaged_engine_is_refused(network, key):
    path = write_engine(network, key, ENGINE)
    path.write_bytes(ENGINE[:-1])
    with pytest.raises(UserError, match=r'damaged.*run: spike-recon build'):
        read_engine(network, key)


def test_an_engine_that_was_half_replaced_is_refused(network, key, monkeypatch):
    write_engine(network, key, ENGINE)

    def interrupted(path, content):
        if path.suffix == '.json':
            raise KeyboardInterrupt
        written(path, content)

    written = engine_cache.write_private
    monkeypatch.setattr(engine_cache, 'write_private', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_engine(network, key, b'the next engine')
    with pytest.raises(UserError, match='damaged'):
        read_engine(network, key)


def test_a_write_that_fails_leaves_what_was_there(network, key, folder, monkeypatch):
    write_engine(network, key, ENGINE)

    def full(number):
        raise OSError('no space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(UserError, match='no space'):
        write_engine(network, key, b'the next engine')
    assert read_engine(network, key) == ENGINE
    assert len(list(folder.iterdir())) == 2


@given(content=st.binary(max_size=200))
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_beside_an_engine_are_refused(network, key, content):
    path = write_engine(network, key, ENGINE)
    path.with_suffix('.json').write_bytes(content)
    with pytest.raises(UserError, match='run: spike-recon build'):
        read_engine(network, key)


@pytest.mark.parametrize('about', [[], {}, {'engine_sha256': 'x'}, 7, None])
def test_other_json_beside_an_engine_is_refused(network, key, about):
    path = write_engine(network, key, ENGINE)
    path.with_suffix('.json').write_text(json.dumps(about))
    with pytest.raises(UserError, match=r'the record.*damaged; run: spike-recon build'):
        read_engine(network, key)


@pytest.mark.parametrize('which', ['.engine', '.json', 'folder'])
def test_files_that_others_may_write_are_not_loaded(network, key, which):
    path = write_engine(network, key, ENGINE)
    open_to_all = path.parent if which == 'folder' else path.with_suffix(which)
    open_to_all.chmod(0o777)
    with pytest.raises(UserError, match=rf'others may write {open_to_all}.*chmod go-w'):
        read_engine(network, key)


def test_files_of_another_user_are_not_loaded(network, key, monkeypatch):
    write_engine(network, key, ENGINE)
    uid = os.getuid()
    monkeypatch.setattr(user_cache, '_ROOT', -1)
    monkeypatch.setattr(os, 'getuid', lambda: uid + 1)
    with pytest.raises(UserError, match='belongs to another user'):
        read_engine(network, key)


def test_only_the_owner_may_read_what_is_written(network, key, folder):
    path = write_engine(network, key, ENGINE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_folder_in_the_environment_is_used(network, key, tmp_path, monkeypatch):
    monkeypatch.setenv('SPIKE_RECON_ENGINES', str(tmp_path / 'mine'))
    assert write_engine(network, key, ENGINE).parent == tmp_path / 'mine'


def test_a_relative_cache_home_is_ignored(monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', 'relative')
    assert engine_folder() == Path.home() / '.cache' / 'spike_recon_ros' / 'engines'


def test_a_name_cannot_lead_out_of_the_folder(copied, key, folder):
    text = (copied / 'model.yaml').read_text()
    (copied / 'model.yaml').write_text(
        text.replace('name: two_scale_gru_small', 'name: ../../up', 1)
    )
    path = engine_path(read_bundle(copied), replace(key, size='8x8'))
    assert path == folder / '.._.._up-8x8-fp32.engine'


def test_a_timing_cache_is_kept_for_the_next_build(folder):
    path = timing_cache_path('tensorrt 10.3.0', '8.7')
    assert read_timing_cache(path) == b''
    write_timing_cache(path, b'measured')
    assert read_timing_cache(path) == b'measured'
    path.chmod(0o666)
    with pytest.raises(UserError, match='others may write'):
        read_timing_cache(path)


def test_a_folder_that_cannot_be_written_names_the_variable(tmp_path, monkeypatch, network, key):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('SPIKE_RECON_ENGINES', str(tmp_path / 'file' / 'engines'))
    with pytest.raises(UserError, match=r'cannot be written.*set SPIKE_RECON_ENGINES'):
        write_engine(network, key, ENGINE)
