# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A GPU does what the simulated one of the other tests does."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def device(cuda):
    made = cuda.CudaDevice()
    yield made
    made.close()


@pytest.fixture
def arrays(device):
    """Return two page-locked arrays, and memory of the device of their size."""
    made = device.pinned(VALUES.shape), device.pinned(VALUES.shape)
    address = device.malloc(VALUES.nbytes)
    yield *made, address
    device.free(address)
    for array in made:
        device.free_pinned(array)


def test_uploaded_data_can_be_downloaded(device, arrays):
    source, target, address = arrays
    source[:], target[:] = VALUES, -1.0
    device.upload(address, source)
    device.download(target, address)
    device.synchronize()
    np.testing.assert_array_equal(target, VALUES)


def test_zeroed_memory_is_zero(device, arrays):
    source, target, address = arrays
    source[:] = VALUES
    device.upload(address, source)
    device.zero(address, VALUES.nbytes)
    device.download(target, address)
    device.synchronize()
    assert not target.any()


def test_a_graph_runs_when_it_is_launched_and_not_before(device, arrays):
    source, target, address = arrays
    source[:], target[:] = VALUES, -1.0
    device.upload(address, source)
    graph = device.captured(lambda: device.download(target, address))
    device.synchronize()
    assert (target == -1.0).all()
    graph.launch()
    device.synchronize()
    np.testing.assert_array_equal(target, VALUES)
    source[:] = 2 * VALUES
    device.upload(address, source)
    graph.launch()
    device.synchronize()
    np.testing.assert_array_equal(target, 2 * VALUES)
    graph.close()


def test_after_a_failed_recording_the_stream_still_works(device, arrays):
    source, target, address = arrays

    def waits():
        device.synchronize()  # which nobody may while a graph is recorded

    with pytest.raises(UserError, match='the GPU failed'):
        device.captured(waits)
    source[:] = VALUES
    device.upload(address, source)
    device.download(target, address)
    device.synchronize()
    np.testing.assert_array_equal(target, VALUES)


def test_memory_for_bytes_is_of_bytes(device):
    array = device.pinned((13,), np.uint8)
    assert (array.dtype, array.nbytes) == (np.uint8, 13)
    device.free_pinned(array)


def test_the_gpu_has_a_name_and_a_compute_capability(cuda):
    assert cuda.versions()['gpu']
    assert float(cuda.compute_capability()) >= 5.0
