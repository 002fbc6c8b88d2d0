# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The tensor that a GPU makes of events is that of the CPU, but for the order of its sums."""

import importlib
from contextlib import ExitStack

import numpy as np
import pytest
from stream import random_events

from spike_recon_ros.backends.cuda.voxel_grid import SOURCE, DeviceVoxelGrid
from spike_recon_ros.bundles.golden import deviation
from spike_recon_ros.errors import UserError
from spike_recon_ros.representations.padding import mirror_beyond, padded_size
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS, voxel_grid

BINS, WINDOW_NS = 5, 20_000_000
ACCEPT_EVENTS = 'tensorrt', 'torch'


def events_of(count, height, width, seed=0):
    return random_events(width, height, count, (0, WINDOW_NS), seed)


def on_cpu(events, size, padded, normalisation, bins=BINS):
    tensor = np.zeros((bins, *padded), np.float32)
    voxel_grid(
        events,
        0,
        WINDOW_NS,
        bins=bins,
        height=size[0],
        width=size[1],
        normalisation=normalisation,
        out=tensor[:, : size[0], : size[1]],
    )
    mirror_beyond(tensor, *size)
    return tensor


@pytest.mark.parametrize('normalisation', NORMALISATIONS)
@pytest.mark.parametrize('size', [(17, 23), (260, 346), (720, 1280)])
def test_windows_one_after_the_other_are_those_of_the_cpu(cuda, size, normalisation):
    kernels = importlib.import_module('spike_recon_ros.backends.cuda.kernels')
    padded = padded_size(*size, 8)
    with ExitStack() as owned:
        device = cuda.CudaDevice()
        try:
            made = kernels.CudaKernels(SOURCE.read_text(encoding='utf-8'), device.stream)
        except UserError as error:
            pytest.skip(str(error))
        voxel_grid = DeviceVoxelGrid(
            device, made, (BINS, *padded), normalisation, size, owned=True
        )
        owned.callback(voxel_grid.close)
        given = device.pinned((BINS, *padded))
        owned.callback(device.free_pinned, given)
        address = device.malloc(given.nbytes)
        owned.callback(device.free, address)
        for seed, count in enumerate((1000, 0, 1, 300_000, 77)):
            events = events_of(count, *size, seed)
            voxel_grid.write(events, 0, WINDOW_NS, address)
            device.download(given, address)
            device.synchronize()
            expected = on_cpu(events, size, padded, normalisation)
            if count:
                assert deviation(given, expected) < 1e-5
            else:
                assert not given.any()


def test_events_give_the_image_of_their_tensor(way, load, bundle):
    if way.name not in ACCEPT_EVENTS:
        pytest.skip(f'{way.name} takes tensors alone')
    representation = bundle.description['representation']
    if representation['kind'] != 'voxel_grid':
        pytest.skip(f'{bundle.name} reads something else')
    normalisation = representation['normalisation']
    size = 260, 346
    padded = padded_size(*size, bundle.pad_multiple)
    try:
        by_events = load(bundle, size, voxel_grid_on='gpu')
    except UserError as error:
        pytest.skip(str(error))
    by_tensor = load(bundle, size, voxel_grid_on='cpu')
    assert by_tensor.step_events is None
    for step in range(20):
        events = events_of(20_000, *size, seed=step)
        tensor = on_cpu(events, size, padded, normalisation, bundle.bins)
        image = by_events.step_events(events, 0, WINDOW_NS)
        assert deviation(image, by_tensor.step(tensor)) < by_tensor.tolerance
    by_events.close()
    by_tensor.close()
