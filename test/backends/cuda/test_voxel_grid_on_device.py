# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The voxel grid of the device is that of the CPU; its very source runs here, on the CPU."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulated_gpu import SimulatedDevice
from stream import random_events

from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.backends.cuda.voxel_grid import DeviceVoxelGrid, load_device_voxel_grid
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.golden import deviation
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.representations.padding import padded_size
from spike_recon_ros.representations.voxel_grid import NORMALISATIONS, voxel_grid
from spike_recon_ros.sources.open_source import open_source

BINS, HEIGHT, WIDTH = 5, 12, 20
PADDED = BINS, 16, 24
ON_DEVICE = Placement(
    16, 24, 'gpu', acceleration=Acceleration(voxel_grid_on='gpu'), sensor=(HEIGHT, WIDTH)
)
WHERE_POSSIBLE = replace(ON_DEVICE, acceleration=Acceleration())


@pytest.fixture
def device():
    return SimulatedDevice()


@pytest.fixture
def network(shipped):
    return read_bundle(shipped)


def events_of(x, y, p, t_ns):
    arrays = (x, np.uint16), (y, np.uint16), (p, np.uint8), (t_ns, np.int64)
    return Events(*(np.asarray(array, dtype) for array, dtype in arrays), Triggers.empty())


def drawn(count, seed=3, height=HEIGHT, width=WIDTH, t_ns=1_000_000):
    return random_events(width, height, count, (0, t_ns), seed)


def on_cpu(events, t_start_ns, t_end_ns, shape, normalisation='none'):
    bins, height, width = shape
    return voxel_grid(
        events,
        t_start_ns,
        t_end_ns,
        bins=bins,
        height=height,
        width=width,
        normalisation=normalisation,
    )


class Run:
    """A device voxel grid whose tensor is brought back."""

    def __init__(self, device, kernels, shape=PADDED, normalisation='none', sensor=None):
        self.device = device
        self.voxel_grid = DeviceVoxelGrid(device, kernels, shape, normalisation, sensor)
        self.given = device.pinned(shape)
        self.address = device.malloc(self.given.nbytes)

    def __call__(self, events, t_start_ns, t_end_ns):
        self.voxel_grid.put(events, t_start_ns, t_end_ns, self.address)
        self.device.download(self.given, self.address)
        self.device.synchronize()
        return self.given.copy()


times = st.integers(-(2**62), 2**62)
windows = st.tuples(
    st.lists(
        st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.booleans(), times),
        max_size=60,
    ),
    times,
    times,
    st.integers(1, 7),
)


@given(window=windows)
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_events_in_the_order_of_the_cpu_give_its_bits(host_kernels, window):
    listed, t_start_ns, t_end_ns, bins = window
    events = events_of(*(zip(*listed, strict=True) if listed else [()] * 4))
    shape = bins, *PADDED[1:]
    device = SimulatedDevice()
    run = Run(device, host_kernels(device), shape)
    expected = on_cpu(events, t_start_ns, t_end_ns, shape)
    np.testing.assert_array_equal(run(events, t_start_ns, t_end_ns), expected)


@pytest.mark.parametrize('normalisation', NORMALISATIONS)
@pytest.mark.parametrize('backwards', [False, True])
def test_windows_one_after_the_other_are_those_of_the_cpu(
    device, host_kernels, normalisation, backwards
):
    run = Run(device, host_kernels(device, backwards), normalisation=normalisation)
    for seed, count in enumerate((300, 0, 5000, 1, 70_000, 20)):
        events = drawn(count, seed)
        expected = on_cpu(events, 0, 1_000_000, PADDED, normalisation)
        given = run(events, 0, 1_000_000)
        # Sums of some hundred addends, in another order if backwards.
        np.testing.assert_allclose(given, expected, atol=1e-4 if backwards else 1e-6)


@pytest.mark.parametrize('normalisation', NORMALISATIONS)
@pytest.mark.parametrize('sensor', [(HEIGHT, WIDTH), (16, 21), (10, 24), (3, 2), (1, 1)])
def test_the_padding_is_the_mirror_image(device, host_kernels, normalisation, sensor):
    height, width = sensor
    events = drawn(9000, height=height, width=width)
    run = Run(device, host_kernels(device), PADDED, normalisation, sensor)
    inside = on_cpu(events, 0, 1_000_000, (BINS, height, width), normalisation)
    padding = (0, 0), (0, PADDED[1] - height), (0, PADDED[2] - width)
    expected = np.pad(inside, padding, mode='reflect')
    np.testing.assert_allclose(run(events, 0, 1_000_000), expected, atol=1e-6)
    assert not run(events[:0], 0, 1_000_000).any()


def test_a_grid_of_equal_entries_is_not_normalised(device, host_kernels):
    run = Run(device, host_kernels(device), normalisation='nonzero')
    events = events_of([1, 2, 3], [1, 1, 1], [1, 1, 1], [0, 0, 0])
    given = run(events, 0, 100)
    np.testing.assert_array_equal(given, on_cpu(events, 0, 100, PADDED))


def test_an_event_beyond_the_tensor_is_left_out(device, host_kernels):
    events = events_of([3, 24, 65535], [15, 2, 65535], [1, 1, 1], [0, 0, 0])
    given = Run(device, host_kernels(device))(events, 0, 100)
    assert given.sum() == given[0, 15, 3] == 1.0


def test_only_events_are_uploaded(device, host_kernels, monkeypatch):
    uploaded = []

    def counted(address, array):
        uploaded.append(array.nbytes)
        type(device).upload(device, address, array)

    monkeypatch.setattr(device, 'upload', counted)
    Run(device, host_kernels(device))(drawn(1000), 0, 1_000_000)
    assert uploaded == [13 * 1000]


def test_closing_frees_everything(device, host_kernels):
    kernels = host_kernels(device)
    voxel_grid = DeviceVoxelGrid(device, kernels, PADDED, 'nonzero')
    voxel_grid.put(drawn(100_000), 0, 1, device.malloc(4 * int(np.prod(PADDED))))
    device.synchronize()
    assert len(device.memory) == 3
    voxel_grid.close()
    assert len(device.memory) == 1
    assert device.page_locked == []
    assert kernels.closed


@pytest.mark.parametrize('normalisation', NORMALISATIONS)
@pytest.mark.parametrize('name', ['davis346_apriltags', 'gen41_hd_evt3_vectorised.raw'])
def test_a_real_recording_gives_the_tensors_of_the_cpu(
    recordings, host_kernels, name, normalisation
):
    events, shape = recorded(recordings(f'event/{name}'), 100_000)
    for backwards in (False, True):
        device = SimulatedDevice()
        run = Run(device, host_kernels(device, backwards), shape, normalisation)
        for begin in range(0, len(events), 25_000):
            window = events[begin : begin + 25_000]
            t_start_ns, t_end_ns = int(window.t_ns[0]), int(window.t_ns[-1]) + 1
            expected = on_cpu(window, t_start_ns, t_end_ns, shape, normalisation)
            given = run(window, t_start_ns, t_end_ns)
            if not backwards and normalisation == 'none':
                np.testing.assert_array_equal(given, expected)
            else:
                assert deviation(given, expected) < 1e-6


def recorded(path, wanted):
    """Return the first events of a recording, and the shape of the padded tensor."""
    parts = []
    for packet in open_source(path):
        if not parts:
            decoder = decoder_for(packet.encoding, packet.width, packet.height)
        parts.append(decoder.decode(packet))
        if sum(map(len, parts)) >= wanted:
            break
    return Events.concatenate(parts), (BINS, *padded_size(packet.height, packet.width, 8))


def test_a_device_voxel_grid_is_compared_with_the_cpu_when_it_is_loaded(
    device, host_kernels, network
):
    kernels = host_kernels(device)
    loaded = load_device_voxel_grid(network, ON_DEVICE, device, lambda source, stream: kernels)
    assert loaded.description == 'voxel grid on the GPU'
    assert 'accumulate' in kernels.launched
    loaded.voxel_grid.close()
    assert (device.memory, device.page_locked) == ({}, [])


@pytest.mark.parametrize('lost', ['accumulate', 'sum_squares', 'normalise', 'mirror'])
def test_a_device_whose_kernels_are_wrong_is_not_used(
    device, host_kernels, network, monkeypatch, lost
):
    kernels = host_kernels(device)
    network.description['representation']['normalisation'] = 'nonzero'

    def launch(name, threads, arguments):
        if name != lost:
            type(kernels).launch(kernels, name, threads, arguments)

    monkeypatch.setattr(kernels, 'launch', launch)
    loaded = load_device_voxel_grid(
        network, WHERE_POSSIBLE, device, lambda source, stream: kernels
    )
    assert loaded.voxel_grid is None
    assert 'voxel grid on the CPU: the voxel grid of the GPU deviates by' in loaded.description
    assert (device.memory, device.page_locked, kernels.closed) == ({}, [], True)
    with pytest.raises(UserError, match=r'deviates by .*voxel_grid_on:=cpu'):
        load_device_voxel_grid(network, ON_DEVICE, device, lambda source, stream: kernels)


def test_the_cpu_can_be_requested(device, network):
    placement = replace(ON_DEVICE, acceleration=Acceleration(voxel_grid_on='cpu'))
    assert load_device_voxel_grid(network, placement, device) == (None, 'voxel grid on the CPU')


def test_other_representations_are_computed_on_the_cpu(device, network):
    network.description['representation']['kind'] = 'spike_stack'
    assert load_device_voxel_grid(network, WHERE_POSSIBLE, device).voxel_grid is None
    with pytest.raises(UserError, match='reads spike_stack, which is computed on the CPU'):
        load_device_voxel_grid(network, ON_DEVICE, device)


def test_an_owned_device_is_closed_with_the_voxel_grid(device, host_kernels):
    voxel_grid = DeviceVoxelGrid(device, host_kernels(device), PADDED, 'none', owned=True)
    address = device.malloc(4 * int(np.prod(PADDED)))
    voxel_grid.write(drawn(10), 0, 1_000_000, address)
    assert device.waiting == []
    voxel_grid.close()
    assert device.closed
