# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What OpenVINO has compiled once is taken from the user's cache, or compiled again."""

import os
from pathlib import Path

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.backends.user_cache import cache_folder
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.errors import UserError

WHERE = Placement(24, 32)


@pytest.fixture
def module():
    return pytest.importorskip(
        'spike_recon_ros.backends.openvino_backend', reason='openvino is not installed'
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return the folder that compiled networks go to."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    return tmp_path / 'spike_recon_ros' / 'openvino'


@pytest.fixture
def compilations(module, monkeypatch):
    """Return a list that grows by one with each compilation."""
    seen, compile_model = [], module._compile

    def counted(*arguments):
        seen.append(arguments)
        return compile_model(*arguments)

    monkeypatch.setattr(module, '_compile', counted)
    return seen


def sequence(module, bundle, inputs):
    backend = module.OpenVinoBackend(bundle, WHERE)
    images = np.stack([backend.step(window) for window in inputs(bundle, 5)])
    backend.reset()
    again = np.stack([backend.step(window) for window in inputs(bundle, 5)])
    np.testing.assert_array_equal(images, again)
    backend.close()
    return images


def test_the_second_load_compiles_nothing_and_gives_the_same_images(
    module, shipped, inputs, cache, compilations
):
    bundle = read_bundle(shipped)
    first = sequence(module, bundle, inputs)
    assert len(compilations) == 1
    np.testing.assert_array_equal(sequence(module, bundle, inputs), first)
    assert len(compilations) == 1


def test_another_size_is_compiled_by_itself(module, shipped, cache, compilations):
    bundle = read_bundle(shipped)
    module.OpenVinoBackend(bundle, WHERE)
    module.OpenVinoBackend(bundle, Placement(32, 32))
    assert len(compilations) == 2
    assert len(list(cache.glob('*.blob'))) == 2


@pytest.mark.parametrize('damage', ['other', 'empty', 'truncated', 'flipped'])
def test_damaged_bytes_are_compiled_again(module, shipped, inputs, cache, compilations, damage):
    bundle = read_bundle(shipped)
    first = sequence(module, bundle, inputs)
    (blob,) = cache.glob('*.blob')
    content = bytearray(blob.read_bytes())
    middle = len(content) // 2
    damages = {
        'other': b'damaged',
        'empty': b'',
        'truncated': content[:middle],
        'flipped': content[:middle] + bytes(byte ^ 0xFF for byte in content[middle:]),
    }
    blob.write_bytes(damages[damage])
    np.testing.assert_array_equal(sequence(module, bundle, inputs), first)
    assert len(compilations) == 2
    assert blob.stat().st_size > 1000


def test_networks_that_others_may_write_are_not_run(module, shipped, cache, compilations):
    bundle = read_bundle(shipped)
    module.OpenVinoBackend(bundle, WHERE)
    (blob,) = cache.glob('*.blob')
    blob.chmod(0o666)
    module.OpenVinoBackend(bundle, WHERE)
    assert len(compilations) == 2


def test_a_cache_that_cannot_be_written_does_no_harm(module, shipped, tmp_path, monkeypatch):
    (tmp_path / 'file').write_bytes(b'')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    load_checked(module.OpenVinoBackend, read_bundle(shipped), WHERE).close()


def test_a_fifo_in_place_of_a_cached_network_does_no_harm(module, shipped, cache, compilations):
    bundle = read_bundle(shipped)
    module.OpenVinoBackend(bundle, WHERE)
    (blob,) = cache.glob('*.blob')
    blob.unlink()
    os.mkfifo(blob)
    module.OpenVinoBackend(bundle, WHERE)
    assert len(compilations) == 2


def test_a_user_without_a_home_folder_has_no_cache_and_no_error(module, shipped, monkeypatch):
    def no_home():
        raise RuntimeError('Could not determine home directory.')

    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setattr(Path, 'home', no_home)
    with pytest.raises(UserError, match=r'no home folder.*set XDG_CACHE_HOME'):
        cache_folder()
    load_checked(module.OpenVinoBackend, read_bundle(shipped), WHERE).close()


def test_the_oldest_are_removed(module, shipped, cache, monkeypatch):
    monkeypatch.setattr(module, 'MOST_KEPT', 2)
    bundle = read_bundle(shipped)
    for width in (32, 40, 48):
        module.OpenVinoBackend(bundle, Placement(24, width))
    assert len(list(cache.glob('*.blob'))) == 2
