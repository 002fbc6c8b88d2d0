# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO computes the same images from events, and from tensors, in whichever layout."""

import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.representations.padding import crop, mirror_beyond
from spike_recon_ros.representations.voxel_grid import voxel_grid

HEIGHT, WIDTH, WINDOW_NS = 22, 29, 20_000_000
WHERE = Placement(24, 32, sensor=(HEIGHT, WIDTH))
STEPS = (True, False, True, True)


@pytest.fixture
def module():
    return pytest.importorskip(
        'spike_recon_ros.backends.openvino_backend', reason='openvino is not installed'
    )


def window_events(number):
    span_ns = number * WINDOW_NS, (number + 1) * WINDOW_NS
    return random_events(WIDTH, HEIGHT, 400, span_ns, seed=number)


def from_events(backend):
    return [
        backend.step_events(window_events(n), n * WINDOW_NS, (n + 1) * WINDOW_NS, commit)
        for n, commit in enumerate(STEPS)
    ]


def from_tensors(backend, bins):
    images = []
    for n, commit in enumerate(STEPS):
        tensor = np.zeros((bins, WHERE.height, WHERE.width), np.float32)
        voxel_grid(
            window_events(n), n * WINDOW_NS, (n + 1) * WINDOW_NS, bins=bins, height=HEIGHT,
            width=WIDTH, out=crop(tensor, HEIGHT, WIDTH),
        )  # fmt: skip
        mirror_beyond(tensor, HEIGHT, WIDTH)
        images.append(backend.step(tensor, commit))
    return images


# In eight bits, the small network rounds its input. In blocks, that is not rounded to bfloat16
# before.
@pytest.mark.parametrize(
    ('name', 'largest'), [('two_scale_gru', 0.0), ('two_scale_gru_small', 0.01), ('hybrid', 0.0)]
)
def test_images_from_events_and_from_tensors_in_both_layouts_are_equal(
    module, name, largest, monkeypatch, tmp_path
):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    bundle = read_bundle(find_bundle(name))
    backend = module.OpenVinoBackend(bundle, WHERE)
    images = from_events(backend)
    backend.reset()
    assert np.array_equal(from_tensors(backend, bundle.bins), images)
    backend.close()
    assert np.ptp(images[-1]) > 0
    monkeypatch.setattr(module, 'VERSION', 'without blocks')
    monkeypatch.setattr('spike_recon_ros.backends.openvino_graph._read_in_blocks', lambda *_: None)
    plain = module.OpenVinoBackend(bundle, WHERE)
    assert plain.step_events is None
    difference = np.abs(np.subtract(from_tensors(plain, bundle.bins), images)).max()
    assert difference <= largest, difference
    plain.close()


def test_a_network_that_also_reads_frames_reads_tensors(module):
    bundle = read_bundle(find_bundle('two_scale_gru_frames'))
    backend = module.OpenVinoBackend(bundle, WHERE)
    assert backend.step_events is None
    backend.close()
